from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from nids.config import Folds
from nids.detector import boosted_trees
from nids.detector.boosted_trees import NAME, BoostedTrees, check
from nids.errors import UserError
from nids.evaluation.baseline_models import Baseline, fit
from nids.evaluation.tuned_models import TUNED_MODELS
from nids.folds.build import build
from nids.folds.fold import Fold, TrainingSet
from nids.folds.split import split
from nids.training.row_weights import row_weights

if TYPE_CHECKING:
    from nids.datasets.traffic import Traffic

FOLDS = Folds(count=3, targets={"U2R": 20})
POINT = {**TUNED_MODELS[NAME].start, "n_estimators": 12, "max_depth": 4}


@pytest.fixture(scope="module")
def shared(traffic: Traffic) -> tuple[TrainingSet, Fold]:
    training_set = TrainingSet.from_traffic(traffic)
    return training_set, build(training_set, 0, split(traffic, FOLDS, seed=0)[0], FOLDS, seed=0)


@pytest.fixture(scope="module")
def trees(shared: tuple[TrainingSet, Fold]) -> BoostedTrees:
    return BoostedTrees.fit(*shared, POINT, seed=3)


def test_their_arrays_give_what_xgboost_gives(shared: tuple[TrainingSet, Fold], trees: BoostedTrees) -> None:
    training_set, fold = shared
    encoded = fold.encoding.transform(training_set.rows, fold.validation)
    expected = fit(Baseline(NAME, False, POINT), training_set, fold, seed=3).probabilities
    np.testing.assert_array_equal(trees.probabilities(encoded), expected)
    check(trees.arrays, fold.encoding.width, 5)
    assert len(trees.arrays["sizes"]) == 12 * 5


def test_rows_weigh_what_the_hyperparameters_ask_for(shared: tuple[TrainingSet, Fold], trees: BoostedTrees) -> None:
    training_set, fold = shared
    encoded = fold.encoding.transform(training_set.rows, fold.validation)
    point = {**POINT, "class_weight_power": 0.5, "type_weight_power": 1.0}
    weights = row_weights(training_set.labels[fold.training], training_set.attacks[fold.training], 0.5, 1.0)
    model = TUNED_MODELS[NAME].estimator(POINT, 3)
    model.fit(
        fold.encoding.transform(training_set.rows, fold.training),
        training_set.labels[fold.training],
        sample_weight=weights,
    )
    found = BoostedTrees.fit(training_set, fold, point, seed=3).probabilities(encoded)
    np.testing.assert_array_equal(found, model.predict_proba(encoded))
    np.testing.assert_array_equal(found, fit(Baseline(NAME, False, point), training_set, fold, seed=3).probabilities)
    assert not np.array_equal(found, trees.probabilities(encoded))


def test_two_classes_have_two_probabilities() -> None:
    rows = np.random.default_rng(0).random((300, 4), dtype=np.float32)
    model = TUNED_MODELS[NAME].estimator(POINT, 0).fit(rows, (rows[:, 0] > 0.6).astype(int))
    arrays = boosted_trees._arrays_of(model)
    check(arrays, 4, 2)
    np.testing.assert_allclose(
        BoostedTrees(arrays, 4, 2).probabilities(rows), model.predict_proba(rows), rtol=1e-6, atol=1e-7
    )


def test_no_rows(trees: BoostedTrees) -> None:
    assert trees.probabilities(np.empty((0, trees.width), dtype=np.float32)).shape == (0, 5)


def test_a_class_without_training_rows_is_said(shared: tuple[TrainingSet, Fold]) -> None:
    training_set, fold = shared
    u2r = training_set.dataset.classes.index("U2R")
    fewer = replace(fold, training=fold.training[training_set.labels[fold.training] != u2r])
    with pytest.raises(UserError, match=r"fold 0 has no training row of U2R\. Finalize without --boosting\.$"):
        BoostedTrees.fit(training_set, fewer, POINT, seed=0)


def test_without_xgboost_it_is_said(trees: BoostedTrees, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TUNED_MODELS, NAME, replace(TUNED_MODELS[NAME], package="no_such_package"))
    with pytest.raises(UserError, match=r"XGBoost is not installed\. It comes with the extra 'boosting', which"):
        BoostedTrees(trees.arrays, trees.width, 5).probabilities(np.zeros((1, trees.width), dtype=np.float32))


def changed(arrays: dict[str, Any], name: str, position: int, value: float) -> dict[str, Any]:
    values = arrays[name].copy()
    values[position] = value
    return arrays | {name: values}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param(lambda a: {**a, "code": a["sizes"]}, "it holds base_score, code,", id="another array"),
        pytest.param(lambda a: a | {"sizes": a["sizes"].astype(np.int64)}, "sizes is int64 of 1", id="type"),
        pytest.param(lambda a: a | {"sizes": a["sizes"][:, None]}, "of 2 dimensions", id="dimensions"),
        pytest.param(lambda a: a | {"sizes": a["sizes"][:-1]}, "it has 59 trees of 5 a round", id="half a round"),
        pytest.param(lambda a: changed(a, "sizes", 0, a["sizes"][0] + 1), "nodes, but not each", id="size"),
        pytest.param(lambda a: a | {"base_score": a["base_score"][:2]}, "has to be 5 finite", id="base score"),
        pytest.param(lambda a: changed(a, "left_children", 0, 0), "not one of the later nodes", id="a circle"),
        pytest.param(lambda a: changed(a, "left_children", 0, 10**6), "not one of the later nodes", id="outside"),
        pytest.param(lambda a: changed(a, "left_children", 0, -1), "a node has one child", id="one child"),
        pytest.param(
            lambda a: changed(a, "left_children", 0, a["right_children"][0]), "child of two", id="two parents"
        ),
        pytest.param(lambda a: changed(a, "split_indices", 0, 10**6), "splits a column that is not", id="column"),
        pytest.param(lambda a: changed(a, "split_conditions", 0, np.nan), "not a finite number", id="not a number"),
        pytest.param(lambda a: changed(a, "default_left", 0, 2), "has to be 0 or 1", id="a side"),
    ],
)
def test_other_arrays_are_refused(trees: BoostedTrees, change: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        check(change(dict(trees.arrays)), trees.width, 5)
