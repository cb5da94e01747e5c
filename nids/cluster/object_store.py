"""The one copy of the folds in the object store, which all trials read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import ray

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nids.folds.fold import Fold, TrainingSet


@dataclass(frozen=True)
class SharedFolds:
    """References to the one copy of the training set and of each fold; trials read them in place.

    The driver owns them: what it has put stays when a worker's node dies.
    """

    training_set: ray.ObjectRef
    folds: tuple[ray.ObjectRef, ...]

    @classmethod
    def put(cls, training_set: TrainingSet, folds: Sequence[Fold]) -> SharedFolds:
        """Put the training set and its folds into the object store of the connected cluster."""
        return cls(ray.put(training_set), tuple(map(ray.put, folds)))

    def get(self) -> tuple[TrainingSet, list[Fold]]:
        """Return the training set and its folds; their arrays lie in this node's shared memory and are read-only."""
        return ray.get(self.training_set), ray.get(list(self.folds))
