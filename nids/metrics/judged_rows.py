"""Rows whose classes are known, and what a classifier made of them: all that a measure is computed from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from nids.metrics.attack_types import AttackCounts, count_by_attack
from nids.metrics.classification import confusion_and_log_loss


@dataclass(frozen=True, eq=False)
class JudgedRows:
    """The validation rows of a fold, or others whose classes are known.

    Attributes:
        labels: True classes, int of shape (rows,).
        probabilities: float of shape (rows, classes), each row summing to 1.
        benign: The class of traffic that is no attack.
        attacks: Attack types, int of shape (rows,).
        unseen: Whether the row's attack type was withheld from training, bool of shape (rows,).
    """

    labels: np.ndarray
    probabilities: np.ndarray
    benign: int
    attacks: np.ndarray
    unseen: np.ndarray

    @classmethod
    def all_known(cls, labels: np.ndarray, probabilities: np.ndarray, benign: int) -> JudgedRows:
        """Return rows of which no attack type counts as withheld."""
        return cls(labels, probabilities, benign, np.zeros(len(labels), dtype=int), np.zeros(len(labels), dtype=bool))

    @cached_property
    def predicted(self) -> np.ndarray:
        """Most probable classes, int64 of shape (rows,)."""
        return self.probabilities.argmax(axis=1)

    @cached_property
    def confusion(self) -> np.ndarray:
        """Counts of the rows of known attack types, int of shape (classes, classes): actual by predicted."""
        return self._confusion_and_log_loss[0]

    @cached_property
    def log_loss(self) -> float:
        """Of the rows of known attack types, in nats a row."""
        return self._confusion_and_log_loss[1]

    @cached_property
    def by_unseen_type(self) -> AttackCounts:
        """What became of each attack type that was withheld."""
        chosen = self.unseen
        return count_by_attack(self.attacks[chosen], self.labels[chosen], self.predicted[chosen], self.benign)

    @cached_property
    def _confusion_and_log_loss(self) -> tuple[np.ndarray, float]:
        return confusion_and_log_loss(self.labels[~self.unseen], self.probabilities[~self.unseen])
