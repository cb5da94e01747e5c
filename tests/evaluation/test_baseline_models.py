from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from sklearn.tree import DecisionTreeClassifier

from nids.config import Folds
from nids.evaluation.baseline_models import MODELS, Baseline, baselines_of, fit
from nids.folds.build import build
from nids.folds.fold import Fold, TrainingSet
from nids.folds.split import split
from nids.metrics.cross_validation import validation_figures

if TYPE_CHECKING:
    from nids.datasets.traffic import Traffic

FOLDS = Folds(count=3, targets={"U2R": 20})


@pytest.fixture(scope="module")
def shared(traffic: Traffic) -> tuple[TrainingSet, Fold]:
    training_set = TrainingSet.from_traffic(traffic)
    return training_set, build(training_set, 0, split(traffic, FOLDS, seed=0)[0], FOLDS, seed=0)


def test_each_model_comes_with_and_without_resampling() -> None:
    assert baselines_of("none") == [Baseline(name, resampled=False) for name in MODELS]
    found = baselines_of("smote")
    assert set(baselines_of("none")) < set(found)
    assert {entry.model for entry in found if entry.resampled} == set(MODELS) - {"majority class"}


@pytest.mark.parametrize("resampled", [False, True])
def test_a_baseline_is_the_model_on_the_folds_rows(shared: tuple[TrainingSet, Fold], resampled: bool) -> None:
    training_set, fold = shared
    rows = fold.encoding.transform(training_set.rows, fold.training)
    labels = training_set.labels[fold.training]
    if resampled:
        rows = np.vstack([rows, fold.synthetic.toarray()])
        labels = np.concatenate([labels, fold.synthetic_labels])
    tree = DecisionTreeClassifier(random_state=7).fit(rows, labels)
    expected = tree.predict_proba(fold.encoding.transform(training_set.rows, fold.validation))
    found = fit(Baseline("decision tree", resampled), training_set, fold, seed=7)
    np.testing.assert_allclose(found.probabilities, expected, rtol=1e-6)
    assert found.figures == validation_figures(training_set, fold, found.probabilities)
    assert (found.baseline, found.fold) == (Baseline("decision tree", resampled), 0)
    assert found.seconds > 0


@pytest.mark.slow
@pytest.mark.parametrize("model", list(MODELS))
def test_each_model_gives_probabilities_of_all_classes(shared: tuple[TrainingSet, Fold], model: str) -> None:
    training_set, fold = shared
    found = fit(Baseline(model, resampled=False), training_set, fold, seed=0)
    assert found.probabilities.shape == (len(fold.validation), 5)
    np.testing.assert_allclose(found.probabilities.sum(axis=1), 1, rtol=1e-5)


def test_a_class_without_training_rows_has_no_probability(shared: tuple[TrainingSet, Fold]) -> None:
    training_set, fold = shared
    u2r = training_set.dataset.classes.index("U2R")
    without = fold.training[training_set.labels[fold.training] != u2r]
    fewer = Fold(0, without, fold.validation, fold.encoding, fold.synthetic[:0], fold.synthetic_labels[:0], ())
    found = fit(Baseline("decision tree", resampled=False), training_set, fewer, seed=0)
    assert (found.probabilities[:, u2r] == 0).all()


def test_other_rows_are_predicted_instead(shared: tuple[TrainingSet, Fold]) -> None:
    training_set, fold = shared
    baseline = Baseline("random forest", resampled=True)
    others = fold.encoding.transform(training_set.rows, fold.validation)
    asked, validated = fit(baseline, training_set, fold, 0, others), fit(baseline, training_set, fold, 0)
    np.testing.assert_array_equal(asked.probabilities, validated.probabilities)
    assert asked.figures == {}
