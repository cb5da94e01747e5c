from __future__ import annotations

from typing import Any

import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from nids import config, job_file
from nids.errors import UserError
from nids.models.cnn_bigru.hyperparameters import Hyperparameters
from nids.models.cnn_bigru.spaces import PAPER, PUBLISHED, WIDE
from nids.search.space import space_of
from nids.search_space import describe, space_from


def job(**values: Any) -> config.Job:
    return job_file.make({"name": "job", **values}, source="job.toml")


WIDE_JOB = {"search": {"space": "wide"}}


def test_the_paper_searches_five_hyperparameters() -> None:
    assert tuple(space_of(job())) == tuple(PUBLISHED)
    assert space_of(job()) == PAPER


def test_the_wide_space_searches_all_but_forms_of_the_input_types_focal_loss_and_parts() -> None:
    assert space_of(job(**WIDE_JOB)) == WIDE
    forms = {"input_form", "input_knots", "input_channels", "feature_dropout", "type_weight_power", "focal_gamma"}
    parts = {"convolution", "sequence_bigru", "shortcut"}
    parts |= {"perceptron_layers", "perceptron_units", "perceptron_dropout"}
    assert {*WIDE, *forms, *parts} == {*Hyperparameters.model_fields}


@pytest.mark.parametrize("name", WIDE)
def test_both_ends_and_all_choices_are_valid_hyperparameters(name: str) -> None:
    distribution = WIDE[name]
    ends = (
        distribution.choices
        if isinstance(distribution, CategoricalDistribution)
        else (distribution.low, distribution.high)  # type: ignore[attr-defined]
    )
    for value in ends:
        assert getattr(Hyperparameters.model_validate({name: value}), name) == value


def test_what_is_fixed_is_not_searched() -> None:
    fixed = {"conv_kernel_size": 24, "batch_size": 256}
    expected = {name: distribution for name, distribution in WIDE.items() if name not in fixed}
    assert space_of(job(**WIDE_JOB, hyperparameters=fixed)) == expected


def test_what_decides_nothing_is_not_searched() -> None:
    fixed = {"sequence_bigru": False}
    gone = {"sequence_gru_units", "attention", "attention_dropout"}
    assert set(WIDE) - set(space_of(job(**WIDE_JOB, hyperparameters=fixed))) == gone
    searched = {"sequence_bigru": {"choices": [True, False]}}
    assert set(space_of(job(**WIDE_JOB, space=searched))) == {*WIDE, "sequence_bigru"}


@pytest.mark.parametrize("ranges", [{}, {"resampling_ratio": {"low": 0.0, "high": 0.5}}])
def test_without_synthetic_rows_their_share_is_not_searched(ranges: dict[str, Any]) -> None:
    space = space_of(job(**WIDE_JOB, folds={"resampling": "none"}, space=ranges))
    assert set(WIDE) - set(space) == {"resampling_ratio"}


def test_ranges_of_the_job_go_before_those_of_the_space() -> None:
    ranges = {
        "learning_rate": {"low": 1e-3, "high": 6e-3, "log": True},
        "conv_kernel_size": {"low": 3, "high": 11, "step": 2},
        "conv_dropout": {"low": 0, "high": 0.5, "step": 0.25},
        "conv_filters": {"low": 8, "high": 64, "log": True},
        "attention": {"choices": ["dot", "additive"]},
        "batch_size": {"choices": [64, 128]},
    }
    assert space_of(job(space=ranges)) == {
        **PAPER,
        "learning_rate": FloatDistribution(1e-3, 6e-3, log=True),
        "conv_kernel_size": IntDistribution(3, 11, step=2),
        "conv_dropout": FloatDistribution(0.0, 0.5, step=0.25),
        "conv_filters": IntDistribution(8, 64, log=True),
        "attention": CategoricalDistribution(["dot", "additive"]),
        "batch_size": CategoricalDistribution([64, 128]),
    }


@pytest.mark.parametrize(
    ("space", "message"),
    [
        pytest.param(
            {"conv_dropout": {"low": 0, "high": 1.5}}, "space.conv_dropout: 1.5 should be less than 1.", id="too high"
        ),
        pytest.param(
            {"learning_rate": {"low": 0, "high": 0.1}},
            "space.learning_rate: 0.0 should be greater than 0.",
            id="too low",
        ),
        pytest.param(
            {"conv_kernel_size": {"low": 3.5, "high": 9}},
            "space.conv_kernel_size: 3.5 should be a valid integer.",
            id="not whole",
        ),
        pytest.param(
            {"attention": {"low": 1, "high": 2}},
            "space.attention: 1.0 should be 'none', 'dot', 'additive' or 'multi-head'.",
            id="a range of names",
        ),
        pytest.param(
            {"attention": {"choices": ["dot", "dots"]}},
            "space.attention: 'dots' should be 'none', 'dot', 'additive' or 'multi-head'.",
            id="a wrong choice",
        ),
    ],
)
def test_a_range_that_its_hyperparameter_cannot_have_is_refused(space: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError) as caught:
        space_of(job(space=space))
    assert str(caught.value) == message


@pytest.mark.parametrize(
    "domain",
    [
        pytest.param({"low": 3, "high": 9, "step": 0.5}, id="half steps of a whole number"),
        pytest.param({"low": 3, "high": 9, "step": 1.5}, id="one and a half steps of a whole number"),
        pytest.param({"low": 3, "high": 9, "step": 0}, id="no step"),
        pytest.param({"low": 3, "high": 9, "step": -2}, id="backwards"),
        pytest.param({"low": 3, "high": 10, "step": 2}, id="steps that miss the end"),
    ],
)
def test_a_step_that_makes_no_sense_is_refused(domain: dict[str, Any]) -> None:
    with pytest.raises(UserError, match="step"):
        space_of(job(space={"conv_kernel_size": domain}))


def test_a_search_needs_something_to_search() -> None:
    with pytest.raises(UserError) as caught:
        space_of(job(hyperparameters=dict(PUBLISHED)))
    assert str(caught.value) == (
        "all hyperparameters are fixed ([hyperparameters]): leave at least one to be searched."
    )


def test_what_has_no_effect_is_named_where_nothing_is_left_to_search() -> None:
    ranges = {"resampling_ratio": {"low": 0.0, "high": 1.0}}
    nothing = job(hyperparameters=dict(PUBLISHED), space=ranges, folds={"resampling": "none"})
    with pytest.raises(UserError) as caught:
        space_of(nothing)
    assert str(caught.value) == (
        "all hyperparameters are fixed ([hyperparameters]); resampling_ratio has no effect (folds.resampling is "
        '"none"): leave at least one to be searched.'
    )


@pytest.mark.parametrize("space", [pytest.param(PAPER, id="paper"), pytest.param(WIDE, id="wide")])
def test_a_space_comes_back_from_its_description(space: dict[str, Any]) -> None:
    description = describe(space)
    again = space_from(description)
    assert again == space
    assert tuple(again) == tuple(space)
    assert describe(again) == description
