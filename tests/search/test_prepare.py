from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from nids.errors import UserError
from nids.results import RunWriter, open_run
from nids.results.reopen import FOLDS
from nids.search.prepare import PreparedSearch, prepare, prepare_again
from tests.manifests import NO_TRIALS, OWNER

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from nids.config import Job
    from nids.datasets.traffic import Traffic


def silent(line: str) -> None:
    pass


@pytest.fixture
def prepared(tmp_path: Path, traffic: Traffic, make_job: Callable[..., Job]) -> PreparedSearch:
    return prepare(make_job(), traffic, str(tmp_path), "one", silent)


def test_a_new_search_is_all_there_but_not_written(tmp_path: Path, traffic: Traffic, prepared: PreparedSearch) -> None:
    assert [path.name for path in tmp_path.iterdir()] == [FOLDS]
    assert prepared.folder.path == str(tmp_path / "one")
    assert prepared.earlier is None
    assert [fold.number for fold in prepared.folds] == [*prepared.manifest.folds.used] == [0, 1]
    assert len(prepared.training_set.rows) == prepared.manifest.data.rows == len(traffic.label)
    assert sum(prepared.manifest.folds.validation_rows) == len(traffic.label)
    assert sum(prepared.manifest.data.class_counts.values()) == len(traffic.label)
    assert prepared.manifest.space.keys() == prepared.space.keys()


def test_what_is_odd_in_the_folds_is_told_and_kept(
    tmp_path: Path, traffic: Traffic, make_job: Callable[..., Job]
) -> None:
    job, told = make_job(folds={"count": 2, "k_neighbors": 9}), list[str]()
    for name in ("one", "two"):  # built, and from the cache
        told.clear()
        manifest = prepare(job, traffic, str(tmp_path), name, told.append).manifest
        assert len(manifest.folds.notes) > 0
        assert told[-len(manifest.folds.notes) :] == [*manifest.folds.notes]


def test_an_interrupted_search_is_the_same_again(
    tmp_path: Path, make_job: Callable[..., Job], prepared: PreparedSearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nids.datasets.load_for", lambda *_: pytest.fail("its folds are in the storage"))
    writer = RunWriter(prepared.folder, prepared.manifest)
    writer.write_status("interrupted", NO_TRIALS, OWNER)
    run = open_run(str(tmp_path), "one")
    again = prepare_again(run, str(tmp_path), None, silent)
    assert (again.job, again.space, again.manifest) == (prepared.job, prepared.space, prepared.manifest)
    assert [fold.training.tobytes() for fold in again.folds] == [fold.training.tobytes() for fold in prepared.folds]
    assert again.earlier is not None


def test_a_name_that_is_taken_is_refused(
    tmp_path: Path, traffic: Traffic, make_job: Callable[..., Job], prepared: PreparedSearch
) -> None:
    RunWriter(prepared.folder, prepared.manifest)
    with pytest.raises(
        UserError, match=r"holds a run\. Resume it with `nids resume one --storage .*`, or give another"
    ):
        prepare(make_job(), traffic, str(tmp_path), "one", silent)
