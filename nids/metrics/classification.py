"""Every figure of a classifier, from its confusion matrix or its probabilities.

Names and definitions follow scikit-learn; a quotient whose denominator is 0 is 0, as with its ``zero_division=0``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from sklearn.metrics import confusion_matrix, log_loss, matthews_corrcoef


@dataclass(frozen=True)
class ClassFigures:
    """Figures of each class against all others, each float64 of shape (classes,), and the rows of each, int64.

    Attributes:
        precision: TP / (TP + FP).
        recall: TP / (TP + FN): the class's detection rate.
        f1: Harmonic mean of precision and recall.
        false_positive_rate: FP / (FP + TN).
        support: TP + FN.
    """

    precision: np.ndarray
    recall: np.ndarray
    f1: np.ndarray
    false_positive_rate: np.ndarray
    support: np.ndarray


def class_figures(confusion: np.ndarray) -> ClassFigures:
    """Return the figures of each class.

    ``confusion`` counts rows, int of shape (classes, classes): row i, column j holds the rows of class i that were
    taken for class j.
    """
    hits = np.diag(confusion).astype(np.float64)
    support = confusion.sum(axis=1)
    predicted = confusion.sum(axis=0)
    false_positives = predicted - hits
    precision = quotient(hits, predicted)
    recall = quotient(hits, support)
    return ClassFigures(
        precision=precision,
        recall=recall,
        f1=quotient(2 * hits, predicted + support),
        false_positive_rate=quotient(false_positives, confusion.sum() - support),
        support=support,
    )


def accuracy(confusion: np.ndarray) -> float:
    """Return the share of the rows that are given their class; ``confusion`` as for ``class_figures``."""
    return float(np.diag(confusion).sum() / confusion.sum())


def macro_f1(confusion: np.ndarray) -> float:
    """Return the mean F1 of the classes that occur or are predicted; ``confusion`` as for ``class_figures``."""
    present = confusion.sum(axis=1) + confusion.sum(axis=0) > 0
    return float(class_figures(confusion).f1[present].mean())


def figures_of_classes(labels: np.ndarray, predicted: np.ndarray, classes: int) -> dict[str, float]:
    """Return ``accuracy`` and ``macro_f1`` of predicted classes.

    Args:
        labels: The rows' classes, int of shape (rows,), at least one row.
        predicted: Those that are predicted, int of shape (rows,).
        classes: Number of classes.
    """
    confusion = confusion_matrix(labels, predicted, labels=range(classes))
    return {"accuracy": accuracy(confusion), "macro_f1": macro_f1(confusion)}


def weighted(confusion: np.ndarray, figure: Literal["precision", "recall", "f1"]) -> float:
    """Return the mean of a figure over the classes, each weighed by its rows; ``confusion`` as for ``class_figures``.

    Weighted so, recall is accuracy by another name.
    """
    figures = class_figures(confusion)
    values: np.ndarray = getattr(figures, figure)
    return float((figures.support / confusion.sum()) @ values)


def mcc(confusion: np.ndarray) -> float:
    """Return Matthews' correlation coefficient of all classes together, −1 to 1; 0 where it does not exist.

    It is the one of Gorodkin, Comparing two K-category assignments by a K-category correlation coefficient,
    Computational Biology and Chemistry 28 (2004), as scikit-learn computes it; ``confusion`` as for ``class_figures``.
    """
    actual, predicted = np.nonzero(confusion)
    return float(matthews_corrcoef(actual, predicted, sample_weight=confusion[actual, predicted]))


def confusion_and_log_loss(labels: np.ndarray, probabilities: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the confusion matrix and the log-loss (in nats a row) of predicted probabilities.

    Args:
        labels: True classes, int of shape (rows,).
        probabilities: float of shape (rows, classes), each row summing to 1.
    """
    classes = np.arange(probabilities.shape[1])
    # Sums of float32 differ from 1 by more than scikit-learn lets pass without a warning.
    exact = probabilities.astype(np.float64)
    exact /= exact.sum(axis=1, keepdims=True)
    confusion = confusion_matrix(labels, exact.argmax(axis=1), labels=classes)
    return confusion, float(log_loss(labels, exact, labels=classes))


def quotient(numerator: np.ndarray, denominator: np.ndarray, otherwise: float = 0.0) -> np.ndarray:
    """Return numerator / denominator, and another value where the denominator is 0; float64 of their shape."""
    return np.divide(numerator, denominator, out=np.full(len(numerator), otherwise), where=denominator > 0)
