from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import ray

from nids import datasets
from nids.cluster.object_store import SharedFolds
from nids.folds import cache
from nids.storage import Folder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy as np

    from nids.config import Job
    from nids.folds.fold import Fold, TrainingSet

pytestmark = pytest.mark.usefixtures("cluster")


def arrays(training_set: TrainingSet, folds: list[Fold]) -> dict[str, np.ndarray]:
    """Return all arrays of a training set and its folds by a name."""
    found = {"numeric": training_set.rows.numeric, "codes": training_set.rows.codes, "labels": training_set.labels}
    for fold in folds:
        for name in ("training", "validation", "synthetic_labels"):
            found[f"{fold.number} {name}"] = getattr(fold, name)
        for name in ("data", "indices", "indptr"):
            found[f"{fold.number} synthetic {name}"] = getattr(fold.synthetic, name)
    return found


@pytest.mark.parametrize("cached", [False, True], ids=["built", "read from the cache"])
def test_processes_read_one_copy(tmp_path: Path, make_job: Callable[..., Job], cached: bool) -> None:
    """Each process that reads the folds reads them in place: the store holds them once, and no process has its own."""
    traffic = datasets.load_training("nsl-kdd-sample", rows=8_000)
    job = make_job(folds={"targets": {}})
    for _ in range(1 + cached):
        made = cache.folds_of(
            job, traffic.dataset, "a-key", Folder.from_uri(str(tmp_path)), lambda: traffic, lambda line: None
        )
    before = in_use()
    shared = SharedFolds.put(*made)
    training_set, folds = shared.get()
    assert {name: exact(values) for name, values in arrays(training_set, folds).items()} == {
        name: exact(values) for name, values in arrays(*made).items()
    }
    size = sum(values.nbytes for values in arrays(training_set, folds).values())
    assert size > 2e6
    assert in_use() - before < 1.1 * size

    readers = [Reader.remote() for _ in range(2)]  # type: ignore[attr-defined]
    for flags in ray.get([reader.read.remote(shared) for reader in readers]):
        assert flags == dict.fromkeys(arrays(training_set, folds), (False, False))
    assert in_use() - before < 1.1 * size


@ray.remote(num_cpus=1)
class Reader:
    """A process that keeps what it has read."""

    def read(self, shared: SharedFolds) -> dict[str, tuple[bool, bool]]:
        """Return for each array whether it can be written, and whether its memory is its own."""
        self.kept = shared.get()
        return {name: (bool(v.flags.writeable), bool(v.flags.owndata)) for name, v in arrays(*self.kept).items()}


def exact(values: np.ndarray) -> tuple[str, tuple[int, ...], bytes]:
    return values.dtype.str, values.shape, values.tobytes()


def in_use() -> int:
    """Return how many bytes the object store holds."""
    return int(ray.cluster_resources()["object_store_memory"] - ray.available_resources()["object_store_memory"])
