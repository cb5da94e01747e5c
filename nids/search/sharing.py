"""Folds for all trials: built side by side, kept, and put into the object store once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ray

from nids import fold_cache
from nids.folds import Corpus, Fold, Split, build, split

if TYPE_CHECKING:
    from collections.abc import Callable

    from nids.config import Job
    from nids.datasets.schema import Traffic
    from nids.storage import Folder


@dataclass(frozen=True)
class SharedFolds:
    """References to the one copy of the corpus and of each fold; trials read them in place.

    Both are owned by the driver: what it put stays when a worker's node dies, and what a task made is made again.
    """

    corpus: ray.ObjectRef
    folds: tuple[ray.ObjectRef, ...]

    def get(self) -> tuple[Corpus, list[Fold]]:
        """Return corpus and folds; their arrays lie in this node's shared memory and are read-only."""
        return ray.get(self.corpus), ray.get(list(self.folds))


def share(
    job: Job, key: str, cache: Folder, load: Callable[[], Traffic], progress: Callable[[str], object]
) -> SharedFolds:
    """Return the folds that a job uses, from the cache or built as Ray tasks.

    Args:
        job: The job.
        key: ``nids.fold_cache.key`` of what the folds are made from.
        cache: Where folds are kept.
        load: Returns the labelled rows; only called if the cache does not have the folds.
        progress: Called with a line of text when a step has ended.
    """
    folder = cache.folder(key)
    if (cached := fold_cache.load(folder)) is not None:
        progress(f"{job.folds.used} folds read from the cache ({key})")
        return SharedFolds(ray.put(cached[0]), tuple(map(ray.put, cached[1])))
    traffic = load()
    corpus = Corpus.of(traffic)
    sides = split(traffic, job.folds, job.search.seed)[: job.folds.used]
    shared = _build(ray.put(corpus), sides, job, progress)
    fold_cache.save(folder, corpus, ray.get(list(shared.folds)))
    return shared


def _build(corpus: ray.ObjectRef, sides: list[Split], job: Job, progress: Callable[[str], object]) -> SharedFolds:
    task = ray.remote(num_cpus=1)(build)
    refs = [task.remote(corpus, i, side, job.folds, job.search.seed) for i, side in enumerate(sides)]
    waiting = list(refs)
    while waiting:
        ready, waiting = ray.wait(waiting)
        fold: Fold = _result(ready[0])
        progress(
            f"fold {fold.number}: {len(fold.training):,} training rows + {len(fold.synthetic_labels):,} synthetic, "
            f"{len(fold.validation):,} for validation"
        )
    return SharedFolds(corpus, tuple(refs))


def _result(ref: ray.ObjectRef) -> Any:
    try:
        return ray.get(ref)
    except ray.exceptions.RayTaskError as error:
        raise error.cause from None  # what the task raised, such as a UserError, without the task's own traceback
