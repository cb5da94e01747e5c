"""What becomes of each attack type, and the figures of types that the model was never trained on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nids.metrics.classification import class_figures

# The figures of a fold whose validation part has withheld attack types, beside those of its known rows.
UNSEEN = ("unseen_macro_f1", "unseen_detection_rate", "unseen_recall", "false_alarm_rate")

# The share p that is found of a type with n rows has a variance of p (1 − p) / n, at most 0.25 / n, beside that from
# type to type, some 0.1: with 2.5 rows the two are alike. Rows of one type come in bursts that resemble each other, and
# so count for less than their number: 5.
ROWS_OF_HALF_WEIGHT = 5


@dataclass(frozen=True)
class AttackCounts:
    """Rows of each attack type that occurs, each int64 of shape (types,).

    Attributes:
        attacks: Attack types, ascending: positions in the training_set's ``attack_types``.
        labels: Their classes.
        rows: Their rows.
        flagged: Rows that were taken for an attack of any class.
        recognized: Rows that were given their class.
    """

    attacks: np.ndarray
    labels: np.ndarray
    rows: np.ndarray
    flagged: np.ndarray
    recognized: np.ndarray


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

    everything = np.ones(len(attacks), dtype=bool)
    return AttackCounts(
        attacks=types.astype(np.int64),
        labels=labels[first].astype(np.int64),
        rows=count(everything),
        flagged=count(predicted != benign),
        recognized=count(predicted == labels),
    )


def weight_of_type(rows: np.ndarray) -> np.ndarray:
    """Return how much an attack type of so many rows says, float64 between 0 and 1: n / (n + 5)."""
    return rows / (rows + ROWS_OF_HALF_WEIGHT)


def unseen_figures(
    labels: np.ndarray, predicted: np.ndarray, attacks: np.ndarray, unseen: np.ndarray, classes: int, benign: int
) -> dict[str, float]:
    """Return the figures named in ``UNSEEN`` for one fold; those of types are NaN if there is none.

    * ``unseen_macro_f1``: macro-F1 over known and withheld rows together. Each withheld type weighs as much as all
      known rows of its class, times ``weight_of_type``. False alarms count, as in every F1: who flags everything
      loses the precision of the attack classes and the recall of the benign one.
    * ``unseen_detection_rate``: share of a withheld type's rows that are taken for any attack, the mean over the types,
      weighted by ``weight_of_type``.
    * ``unseen_recall``: the same for the share that is given its own class.
    * ``false_alarm_rate``: share of the benign rows that are taken for an attack.

    Args:
        labels: True classes, int of shape (rows,).
        predicted: Predicted classes, int of shape (rows,).
        attacks: Attack types, int of shape (rows,).
        unseen: Whether the row's attack type was withheld, bool of shape (rows,).
        classes: Number of classes.
        benign: The class of traffic that is no attack.
    """
    known = np.bincount(labels[~unseen], minlength=classes)
    counts = count_by_attack(attacks[unseen], labels[unseen], predicted[unseen], benign)
    weights = weight_of_type(counts.rows)
    weight_of_row = np.ones(len(labels))
    for attack, label, rows, weight in zip(counts.attacks, counts.labels, counts.rows, weights, strict=True):
        weight_of_row[unseen & (attacks == attack)] = weight * max(known[label], 1) / rows
    confusion = np.zeros((classes, classes))
    np.add.at(confusion, (labels, predicted), weight_of_row)
    f1 = class_figures(confusion).f1
    present = confusion.sum(axis=0) + confusion.sum(axis=1) > 0
    calm = predicted[labels == benign]
    total = weights.sum()
    return {
        "unseen_macro_f1": float(f1[present].mean()),
        "unseen_detection_rate": float(weights @ (counts.flagged / counts.rows) / total) if total else np.nan,
        "unseen_recall": float(weights @ (counts.recognized / counts.rows) / total) if total else np.nan,
        "false_alarm_rate": float(np.mean(calm != benign)) if len(calm) else np.nan,
    }
