from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from nids import models
from nids.models.base import ModelSpec
from nids.models.cnn_bigru.hyperparameters import Hyperparameters as CnnBigru
from nids.models.hyperparameters import TrainingHyperparameters
from nids.models.mlp import Hyperparameters as Mlp
from nids.search_space import describe, space_from

CNN_BIGRU = models.get("cnn-bigru")


class Hyperparameters(TrainingHyperparameters):
    kind: Literal["small", "large", "huge"] = "large"
    units: int = 8
    rate: float = 0.5

    @property
    def room(self) -> int:
        return self.units + 2


@dataclass(frozen=True)
class Architecture:
    kind: str
    room: int


SPEC = ModelSpec("made-up", "A made-up model", Hyperparameters, Architecture, {}, "none", {"rate": 0.25})


def test_architecture_of_is_made_of_hyperparameters_and_their_properties() -> None:
    assert SPEC.architecture_of(Hyperparameters(units=3)) == Architecture("large", 5)


def test_architectural_are_the_hyperparameters_that_a_traced_network_cannot_change() -> None:
    assert SPEC.architectural == {"kind", "optimizer", "focal_gamma"}
    assert CNN_BIGRU.architectural == {
        *("conv_filters", "gru_units", "sequence_gru_units", "attention"),
        *("convolution", "sequence_bigru", "shortcut", "perceptron_layers", "perceptron_units"),
        *("input_form", "input_knots", "input_channels", "optimizer", "focal_gamma"),
    }


def test_largest_point_takes_words_in_the_order_of_their_type() -> None:
    space = {
        "kind": CategoricalDistribution(["huge", "small", "large"]),
        "units": IntDistribution(2, 9),
        "rate": FloatDistribution(0.0, 0.75),
        "batch_size": CategoricalDistribution([512, 64]),
        "optimizer": CategoricalDistribution(["rmsprop", "adam", "nadam"]),
    }
    assert SPEC.largest_point(space) == {
        "kind": "huge",
        "units": 9,
        "rate": 0.75,
        "batch_size": 512,
        "optimizer": "adam",
    }


def test_largest_point_of_the_cnn_bigru() -> None:
    assert CNN_BIGRU.largest_point(CNN_BIGRU.spaces["wide"]) == {
        "conv_kernel_size": 48,
        "conv_dropout": 0.6,
        "gru_dropout": 0.6,
        "attention_dropout": 0.6,
        "learning_rate": 0.01,
        "conv_filters": 128,
        "gru_units": 128,
        "sequence_gru_units": 192,
        "attention": "multi-head",
        "batch_norm_momentum": 0.99,
        "optimizer": "adamw",
        "batch_size": 2048,
        "resampling_ratio": 1.0,
        "class_weight_power": 1.0,
    }


@pytest.mark.parametrize(
    ("distribution", "start"),
    [
        pytest.param(FloatDistribution(0.0, 0.6), {"rate": 0.25}, id="inside"),
        pytest.param(FloatDistribution(0.0, 0.6, step=0.05), {"rate": 0.25}, id="on the grid"),
        pytest.param(FloatDistribution(0.0, 0.6, step=0.1), {}, id="off the grid"),
        pytest.param(FloatDistribution(0.3, 0.6), {}, id="outside"),
        pytest.param(CategoricalDistribution([0.25, 0.5]), {"rate": 0.25}, id="a choice"),
        pytest.param(CategoricalDistribution([0.5]), {}, id="no choice"),
    ],
)
def test_starting_point_leaves_what_the_space_has_not_to_the_sampler(
    distribution: FloatDistribution, start: dict[str, float]
) -> None:
    assert SPEC.starting_point({"rate": distribution, "units": IntDistribution(1, 9)}) == {**start, "units": 8}


def test_starting_point_is_the_published_one_with_defaults_beside_it() -> None:
    paper, wide = CNN_BIGRU.spaces["paper"], CNN_BIGRU.spaces["wide"]
    assert CNN_BIGRU.starting_point(paper) == CNN_BIGRU.published
    known = {**CNN_BIGRU.hyperparameters().model_dump(), **CNN_BIGRU.published}
    assert CNN_BIGRU.starting_point(wide) == {name: known[name] for name in wide}


MODELS_AND_SPACES = [
    pytest.param(name, space, id=f"{name} {space}") for name in models.names() for space in models.get(name).spaces
]


@pytest.mark.parametrize(("name", "space_name"), MODELS_AND_SPACES)
def test_spaces_hold_valid_hyperparameters_and_come_back_from_their_description(name: str, space_name: str) -> None:
    model = models.get(name)
    space = model.spaces[space_name]
    for key, distribution in space.items():
        if isinstance(distribution, CategoricalDistribution):
            ends = distribution.choices
        else:
            assert isinstance(distribution, FloatDistribution | IntDistribution)
            ends = (distribution.low, distribution.high)
        for value in ends:
            assert getattr(model.hyperparameters.model_validate({key: value}), key) == value
    again = space_from(describe(space))
    assert (again, tuple(again)) == (space, tuple(space))
    assert set(model.starting_point(space)) == set(space)


@pytest.mark.parametrize(
    "hp",
    [
        CnnBigru(conv_filters=4, gru_units=3, sequence_gru_units=2, attention="additive"),
        Mlp(layers=3, units=5),
        Mlp(layers=1, units=5, batch_norm=False),
    ],
    ids=str,
)
def test_an_outline_has_the_shapes_of_the_network(hp: TrainingHyperparameters) -> None:
    spec = models.of(hp)
    network = spec.build(122, 5, spec.architecture_of(hp), seed=0)
    assert spec.outline(122, 5, hp).shapes == {weight.path: tuple(weight.shape) for weight in network.weights}


def test_the_outline_of_a_large_network_takes_no_memory_for_its_weights() -> None:
    # They have 2.2 GB, and to make them takes minutes.
    large = CnnBigru(conv_filters=4096, gru_units=4096, sequence_gru_units=4096, attention="multi-head")
    outline = CNN_BIGRU.outline(122, 5, large)
    weights = 4 * sum(math.prod(shape) for shape in outline.shapes.values())
    assert 2_000 * 2**20 < weights < 2_400 * 2**20
    steps = -(-2 * 4096 // 5)  # of the second BiGRU, which makes 2 × 4,096 values at each
    assert outline.bytes_for(3, 512) == 3 * weights + 512 * steps * 2 * 4096 * 4
