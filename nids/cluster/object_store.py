"""The one copy of the folds in the object store, which all trials read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import ray

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nids.folds.build import Corpus, Fold


@dataclass(frozen=True)
class SharedFolds:
    """References to the one copy of the corpus and of each fold; trials read them in place.

    The driver owns them: what it has put stays when a worker's node dies.
    """

    corpus: ray.ObjectRef
    folds: tuple[ray.ObjectRef, ...]

    @classmethod
    def put(cls, corpus: Corpus, folds: Sequence[Fold]) -> SharedFolds:
        """Put corpus and folds into the object store of the connected cluster."""
        return cls(ray.put(corpus), tuple(map(ray.put, folds)))

    def get(self) -> tuple[Corpus, list[Fold]]:
        """Return corpus and folds; their arrays lie in this node's shared memory and are read-only."""
        return ray.get(self.corpus), ray.get(list(self.folds))
