"""What becomes of each attack type, and the figures of types that the model was never trained on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from nids.metrics.classification import macro_f1

if TYPE_CHECKING:
    from nids.metrics.judged_rows import JudgedRows

# The share p that is found of a type with n rows has a variance of p (1 − p) / n, at most 0.25 / n, besides that from
# type to type, some 0.1: with 2.5 rows the two are alike. Rows of one type come in bursts that resemble each other, and
# so count for less than their number: 5.
ROWS_OF_HALF_WEIGHT = 5


@dataclass(frozen=True)
class AttackCounts:
    """Rows of each attack type that occurs, each int64 of shape (types,).

    Attributes:
        attacks: Attack types, ascending: positions in the training set's ``attack_types``.
        labels: Their classes.
        rows: Their rows.
        detected: Rows that were taken for an attack of any class.
        correct: Rows that were given their class.
    """

    attacks: np.ndarray
    labels: np.ndarray
    rows: np.ndarray
    detected: np.ndarray
    correct: np.ndarray


def count_by_attack(attacks: np.ndarray, labels: np.ndarray, predicted: np.ndarray, benign: int) -> AttackCounts:
    """Return what became of each attack type; benign traffic is one of them.

    Args:
        attacks: Attack type of each row, int of shape (rows,).
        labels: Its class, int of shape (rows,).
        predicted: The class that it was taken for, int of shape (rows,).
        benign: The class of traffic that is no attack.
    """
    types, first, inverse = np.unique(attacks, return_index=True, return_inverse=True)

    def count(chosen: np.ndarray) -> np.ndarray:
        return np.bincount(inverse[chosen], minlength=len(types))

    return AttackCounts(
        attacks=types.astype(np.int64),
        labels=labels[first].astype(np.int64),
        rows=count(np.ones(len(attacks), dtype=bool)),
        detected=count(predicted != benign),
        correct=count(predicted == labels),
    )


def weight_of_type(rows: np.ndarray) -> np.ndarray:
    """Return how much an attack type of so many rows says, float64 between 0 and 1: n / (n + 5)."""
    return rows / (rows + ROWS_OF_HALF_WEIGHT)


def unseen_macro_f1(rows: JudgedRows) -> float:
    """Return macro-F1 over known and withheld rows together.

    Each withheld type weighs as much as all known rows of its class, times ``weight_of_type``. False alarms count, as
    in every F1: who flags everything loses the precision of the attack classes and the recall of the benign one.
    """
    classes = rows.probabilities.shape[1]
    known = np.bincount(rows.labels[~rows.unseen], minlength=classes)
    counts = rows.by_unseen_type
    weights = weight_of_type(counts.rows)
    weight_of_row = np.ones(len(rows.labels))
    for attack, label, count, weight in zip(counts.attacks, counts.labels, counts.rows, weights, strict=True):
        weight_of_row[rows.unseen & (rows.attacks == attack)] = weight * max(known[label], 1) / count
    confusion = np.zeros((classes, classes))
    np.add.at(confusion, (rows.labels, rows.predicted), weight_of_row)
    return macro_f1(confusion)


def unseen_share(rows: JudgedRows, counted: Literal["detected", "correct"]) -> float:
    """Return the share of a withheld type's rows that are detected or correctly classified, as ``AttackCounts`` says.

    It is the mean over the types, weighted by ``weight_of_type``; NaN if no type was withheld.
    """
    counts = rows.by_unseen_type
    weights = weight_of_type(counts.rows)
    total = weights.sum()
    shares = getattr(counts, counted) / counts.rows
    return float(weights @ shares / total) if total else math.nan


def false_alarm_rate(rows: JudgedRows) -> float:
    """Return the share of the benign rows that are taken for an attack; NaN if there is none."""
    benign_rows = rows.predicted[rows.labels == rows.benign]
    return float(np.mean(benign_rows != rows.benign)) if len(benign_rows) else math.nan
