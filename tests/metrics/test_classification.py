from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from nids.metrics.classification import class_figures, confusion_and_log_loss
from nids.metrics.judged_rows import JudgedRows
from nids.metrics.measures import figures_of

CLASSES = 5
RNG = np.random.default_rng(0)


def probabilities(predicted: np.ndarray) -> np.ndarray:
    """Rows that sum to 1 and are highest at the predicted class."""
    drawn = RNG.dirichlet(np.ones(CLASSES), len(predicted)).astype(np.float32)
    drawn[np.arange(len(predicted)), predicted] += 1
    return drawn / drawn.sum(axis=1, keepdims=True)


CASES = [
    pytest.param(RNG.integers(5, size=500), RNG.integers(5, size=500), id="random"),
    pytest.param(np.arange(5).repeat(20), np.arange(5).repeat(20), id="all right"),
    pytest.param(np.arange(5).repeat(20), np.roll(np.arange(5), 1).repeat(20), id="all wrong"),
    pytest.param(RNG.integers(4, size=200), RNG.integers(4, size=200), id="a class is absent"),
    pytest.param(RNG.integers(4, size=200), RNG.integers(5, size=200), id="an absent class is predicted"),
    pytest.param(RNG.integers(5, size=200), RNG.integers(4, size=200), id="a class is never predicted"),
    pytest.param(RNG.integers(5, size=200), np.zeros(200, int), id="one class is predicted"),
    pytest.param(np.full(50, 2), np.full(50, 2), id="one class"),
    pytest.param(np.full(50, 2), np.full(50, 3), id="one class, taken for another"),
    pytest.param(np.array([4]), np.array([0]), id="one row"),
]


@pytest.mark.parametrize(("labels", "predicted"), CASES)
def test_figures_of_known_rows_are_those_of_scikit_learn(labels: np.ndarray, predicted: np.ndarray) -> None:
    scores = probabilities(predicted)
    confusion, _ = confusion_and_log_loss(labels, scores)
    np.testing.assert_array_equal(confusion, sklearn_metrics.confusion_matrix(labels, predicted, labels=range(CLASSES)))
    precision, recall, f1, _ = sklearn_metrics.precision_recall_fscore_support(
        labels, predicted, average="weighted", zero_division=0
    )
    expected = {
        "log_loss": float(-np.log(scores[np.arange(len(labels)), labels].astype(np.float64)).mean()),
        "accuracy": sklearn_metrics.accuracy_score(labels, predicted),
        "macro_f1": sklearn_metrics.f1_score(labels, predicted, average="macro", zero_division=0),
        "weighted_precision": precision,
        "weighted_recall": recall,
        "weighted_f1": f1,
    }
    figures = figures_of(JudgedRows.all_known(labels, scores, benign=0))
    assert figures == pytest.approx(expected, rel=1e-6)
    assert {type(value) for value in figures.values()} == {float}


@pytest.mark.parametrize(("labels", "predicted"), CASES)
def test_the_figures_of_a_class_are_those_of_scikit_learn(labels: np.ndarray, predicted: np.ndarray) -> None:
    confusion = sklearn_metrics.confusion_matrix(labels, predicted, labels=range(CLASSES))
    precision, recall, f1, support = sklearn_metrics.precision_recall_fscore_support(
        labels, predicted, labels=range(CLASSES), zero_division=0
    )
    figures = class_figures(confusion)
    np.testing.assert_allclose(figures.precision, precision)
    np.testing.assert_allclose(figures.recall, recall)
    np.testing.assert_allclose(figures.f1, f1)
    np.testing.assert_array_equal(figures.support, support)
    for label in range(CLASSES):
        others = labels != label
        taken_for_it = np.count_nonzero(predicted[others] == label)
        assert figures.false_positive_rate[label] == pytest.approx(taken_for_it / max(np.count_nonzero(others), 1))  # type: ignore[operator]


def test_the_log_loss_is_in_nats_a_row() -> None:
    uniform = np.full((7, CLASSES), 1 / CLASSES, dtype=np.float32)
    assert confusion_and_log_loss(np.arange(7) % 5, uniform)[1] == pytest.approx(math.log(5))


def test_a_probability_of_zero_costs_much_and_not_infinitely_much() -> None:
    certain = np.eye(CLASSES, dtype=np.float32)[[0, 1]]
    loss = confusion_and_log_loss(np.array([0, 2]), certain)[1]
    assert 10 < loss < 1000


def test_rows_whose_sum_is_1_only_in_float32_raise_no_warning() -> None:
    scores = RNG.dirichlet(np.ones(CLASSES), 1000).astype(np.float32) * np.float32(1 + 1e-6)
    confusion, _ = confusion_and_log_loss(RNG.integers(5, size=1000), scores)
    assert confusion.sum() == 1000
