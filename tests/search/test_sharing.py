from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import ray

from nids import datasets
from nids.errors import UserError
from nids.folds import Corpus, build, split
from nids.search import sharing
from nids.storage import Folder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy as np

    from nids.config import Job
    from nids.datasets.schema import Traffic
    from nids.folds import Fold
    from nids.search.sharing import SharedFolds

pytestmark = pytest.mark.usefixtures("cluster")


def arrays(corpus: Corpus, folds: list[Fold]) -> dict[str, np.ndarray]:
    """Return all arrays of corpus and folds by a name."""
    found = {"numeric": corpus.rows.numeric, "codes": corpus.rows.codes, "labels": corpus.labels}
    for fold in folds:
        for name in ("training", "validation", "synthetic_labels"):
            found[f"{fold.number} {name}"] = getattr(fold, name)
        for name in ("data", "indices", "indptr"):
            found[f"{fold.number} synthetic {name}"] = getattr(fold.synthetic, name)
    return found


def assert_same(one: SharedFolds, corpus: Corpus, folds: list[Fold]) -> None:
    shared_corpus, shared_folds = one.get()
    found, expected = arrays(shared_corpus, shared_folds), arrays(corpus, folds)
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        assert (found[name].dtype, found[name].shape) == (values.dtype, values.shape), name
        assert found[name].tobytes() == values.tobytes(), name
    assert shared_corpus.rows.vocabularies == corpus.rows.vocabularies
    assert [fold.encoding.to_json() for fold in shared_folds] == [fold.encoding.to_json() for fold in folds]
    assert [fold.notes for fold in shared_folds] == [fold.notes for fold in folds]


def no_rows() -> Traffic:
    raise AssertionError("the cache has the folds")


def test_folds_are_those_of_the_builder_and_then_those_of_the_cache(
    tmp_path: Path, make_job: Callable[..., Job], traffic: Traffic
) -> None:
    job = make_job(folds={"count": 3, "use": 2, "resampling": "smote", "targets": {}}, search={"seed": 5})
    corpus = Corpus.of(traffic)
    sides = split(traffic, job.folds, 5)
    folds = [build(corpus, number, sides[number], job.folds, 5) for number in range(2)]
    cache, lines = Folder.at(str(tmp_path)), list[str]()

    assert_same(sharing.share(job, "a-key", cache, lambda: traffic, lines.append), corpus, folds)
    assert sorted(lines) == [
        f"fold {fold.number}: {len(fold.training):,} training rows + {len(fold.synthetic_labels):,} synthetic, "
        f"{len(fold.validation):,} for validation"
        for fold in folds
    ]
    assert all(len(fold.synthetic_labels) for fold in folds)

    lines.clear()
    assert_same(sharing.share(job, "a-key", cache, no_rows, lines.append), corpus, folds)
    assert lines == ["2 folds read from the cache (a-key)"]
    with pytest.raises(AssertionError):
        sharing.share(job, "another-key", cache, no_rows, lines.append)


@pytest.mark.parametrize(
    ("folds", "message"),
    [
        pytest.param(
            {"targets": {"DoS": 1}},
            "folds.targets.DoS is 1, but a fold's training part already has",
            id="found in a task",
        ),
        pytest.param(
            {"count": 13, "targets": {}},
            "found 12 distinct rows of class R2L in nsl-kdd-sample (synthetic, 240 rows, seed 0), but 13 folds",
            id="found before",
        ),
    ],
)
def test_what_a_user_can_put_right_arrives_as_such(
    tmp_path: Path, make_job: Callable[..., Job], traffic: Traffic, folds: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError, match=f"^{re.escape(message)}") as raised:
        sharing.share(make_job(folds=folds), "a-key", Folder.at(str(tmp_path)), lambda: traffic, lambda line: None)
    assert type(raised.value) is UserError  # not one of Ray's that is a UserError as well
    assert "Traceback" not in str(raised.value)
    assert raised.value.__suppress_context__ or raised.value.__context__ is None
    assert not any(tmp_path.rglob("complete.json"))


@pytest.mark.parametrize("cached", [False, True], ids=["built", "read from the cache"])
def test_processes_read_one_copy(tmp_path: Path, make_job: Callable[..., Job], cached: bool) -> None:
    """Each process that reads the folds reads them in place: the store holds them once, and no process has its own."""
    traffic = datasets.load_training("nsl-kdd-sample", rows=8_000)
    job = make_job(folds={"targets": {}})
    cache = Folder.at(str(tmp_path))
    if cached:
        sharing.share(job, "a-key", cache, lambda: traffic, lambda line: None)
    before = in_use()
    shared = sharing.share(job, "a-key", cache, lambda: traffic, lambda line: None)
    corpus, folds = shared.get()
    size = sum(values.nbytes for values in arrays(corpus, folds).values())
    assert size > 2e6
    assert in_use() - before < 1.1 * size

    readers = [Reader.remote() for _ in range(2)]
    for flags in ray.get([reader.read.remote(shared) for reader in readers]):
        assert flags == dict.fromkeys(arrays(corpus, folds), (False, False))
    assert in_use() - before < 1.1 * size


@ray.remote(num_cpus=1)
class Reader:
    """A process that keeps what it has read."""

    def read(self, shared: SharedFolds) -> dict[str, tuple[bool, bool]]:
        """Return for each array whether it can be written, and whether its memory is its own."""
        self.kept = shared.get()
        return {name: (bool(v.flags.writeable), bool(v.flags.owndata)) for name, v in arrays(*self.kept).items()}


def in_use() -> int:
    """Return how many bytes the object store holds."""
    return int(ray.cluster_resources()["object_store_memory"] - ray.available_resources()["object_store_memory"])
