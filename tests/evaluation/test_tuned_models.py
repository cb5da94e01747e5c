from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution

from nids.evaluation.tuned_models import TUNED_MODELS, sample_weight_of
from nids.search_space import Space, holds
from nids.training.row_weights import row_weights

PERCEPTRON = TUNED_MODELS["tuned perceptron"]


@pytest.mark.parametrize("name", list(TUNED_MODELS))
def test_the_tuning_begins_inside_the_space(name: str) -> None:
    model = TUNED_MODELS[name]
    assert model.space.keys() == model.start.keys()
    assert all(holds(model.space[key], model.start[key]) for key in model.space)


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        pytest.param(json.dumps(dict(PERCEPTRON.start)), True, id="the start"),
        pytest.param("{", False, id="no JSON"),
        pytest.param("[1]", False, id="no object"),
        pytest.param(json.dumps({**PERCEPTRON.start, "verbose": True}), False, id="another key"),
        pytest.param(json.dumps({**PERCEPTRON.start, "max_iter": 10**9}), False, id="out of range"),
        pytest.param(json.dumps({**PERCEPTRON.start, "max_iter": "20"}), False, id="another type"),
    ],
)
def test_only_points_of_the_space_are_taken_from_a_file(text: str, is_one: bool) -> None:
    assert PERCEPTRON.point_in(text) == (dict(PERCEPTRON.start) if is_one else None)


@pytest.mark.slow
@pytest.mark.parametrize("name", list(TUNED_MODELS))
@pytest.mark.parametrize("classes", [2, 3])
def test_an_estimator_learns_and_a_seed_makes_it_again(name: str, classes: int) -> None:
    model = TUNED_MODELS[name]
    rows = np.random.default_rng(0).random((400, 6), dtype=np.float32)
    labels = (rows[:, 2] * classes).astype(int)
    found = [model.estimator(model.start, 3).fit(rows, labels).predict_proba(rows) for _ in range(2)]
    np.testing.assert_array_equal(*found)
    assert found[0].shape == (400, classes)
    assert (found[0].argmax(axis=1) == labels).mean() > 0.7


def test_a_model_whose_package_is_missing_is_known() -> None:
    model = TUNED_MODELS["tuned XGBoost"]
    assert model.is_installed
    assert not replace(model, package="no_such_package").is_installed


def test_weights_of_rows_are_tuned_where_the_search_searches_them() -> None:
    rate: Space = {"learning_rate": FloatDistribution(0.001, 0.01)}
    assert PERCEPTRON.weighted_like(rate).space == PERCEPTRON.space
    powers: Space = {
        "class_weight_power": FloatDistribution(0.0, 0.5),
        "type_weight_power": CategoricalDistribution([0.5, 1.0]),
    }
    found = PERCEPTRON.weighted_like({**rate, **powers})
    assert found.space == {**PERCEPTRON.space, **powers}
    assert found.start == {**PERCEPTRON.start, "class_weight_power": 0.0}
    assert found.estimator(found.start, 3).get_params() == PERCEPTRON.build(PERCEPTRON.start, 3).get_params()


def test_a_point_without_weights_is_one_of_even_rows() -> None:
    text = json.dumps(dict(PERCEPTRON.start))
    even = PERCEPTRON.weighted_like({"class_weight_power": FloatDistribution(0.0, 0.5)})
    assert even.point_in(text) == {**PERCEPTRON.start, "class_weight_power": 0.0}
    uneven = PERCEPTRON.weighted_like({"class_weight_power": FloatDistribution(0.25, 0.5)})
    assert uneven.point_in(text) is None


@pytest.mark.slow
@pytest.mark.parametrize("name", list(TUNED_MODELS))
def test_an_estimator_takes_weights_of_rows(name: str) -> None:
    model = TUNED_MODELS[name]
    generator = np.random.default_rng(0)
    # Of few distinct rows, nothing that could be learned by heart.
    rows, labels = generator.integers(0, 2, (300, 3)).astype(np.float32), generator.integers(0, 2, 300)
    weights = np.where(labels == 1, 9.0, 1.0)
    even, uneven = (
        model.estimator(model.start, 3).fit(rows, labels, sample_weight=given).predict_proba(rows)[:, 1].mean()
        for given in (None, weights)
    )
    assert uneven > even + 0.05


def test_rows_weigh_what_hyperparameters_ask_for() -> None:
    rows: Any = SimpleNamespace(labels=np.array([0, 0, 0, 1, 1]), types=np.array([0, 0, 0, 1, 2]))
    assert sample_weight_of(PERCEPTRON.start, rows) is None
    assert sample_weight_of({"class_weight_power": 0.0, "type_weight_power": 0.0}, rows) is None
    found = sample_weight_of({"units": 64, "class_weight_power": 0.5}, rows)
    np.testing.assert_array_equal(found, row_weights(rows.labels, rows.types, 0.5, 0.0))
