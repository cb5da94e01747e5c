from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from nids import npz
from nids.errors import StorageError
from nids.results import checkpoints as checkpointing
from nids.results.checkpoints import CHECKPOINTS, Checkpoints, delete_checkpoint, kept_checkpoints
from nids.results.ownership import Ownership
from nids.storage import Folder
from nids.training.checkpoint import Progress

if TYPE_CHECKING:
    from pathlib import Path

MADE_WITH = {"hyperparameters": {"units": 8}}


def progress(epochs: int) -> Progress:
    reports = [{"epoch": epoch} for epoch in range(1, epochs + 1)]
    return Progress(reports, [[np.full(3, epochs, np.float32)]])


def any_progress(_: Progress) -> bool:
    return True


@pytest.fixture
def run(tmp_path: Path) -> Folder:
    return Folder.from_uri(str(tmp_path / "a-run"))


def test_a_trial_goes_on_from_what_was_kept_last(run: Folder) -> None:
    kept = Checkpoints(run, Ownership(run).token)
    first = kept.of(3, MADE_WITH)
    assert (first.load(any_progress), first.is_kept) == (None, False)
    for epochs in (1, 2):
        first.save(progress(epochs))
    assert (first.is_kept, first.fault) == (True, "")
    # As the driver that resumes the run has another token.
    again = Checkpoints(run, Ownership(run).token).of(3, MADE_WITH)
    found = again.load(any_progress)
    assert found is not None
    assert again.is_kept
    assert found.reports == [{"epoch": 1}, {"epoch": 2}]
    np.testing.assert_array_equal(found.states[0][0], np.full(3, 2, np.float32))
    assert kept.of(3, {"hyperparameters": {"units": 9}}).load(any_progress) is None
    assert kept.of(4, MADE_WITH).load(any_progress) is None
    assert run.folder(CHECKPOINTS).versions().keys() == {"trial-00003"}
    assert run.versions().keys() == {"driver.json"}, "whoever watches a run is not told of checkpoints"
    assert kept_checkpoints(run) == {3}
    delete_checkpoint(run, 3)
    delete_checkpoint(run, 3)
    assert kept_checkpoints(run) == set()
    assert kept.of(3, MADE_WITH).load(any_progress) is None


def test_what_a_trial_cannot_go_on_from_is_replaced_by_its_first_epoch(run: Folder) -> None:
    kept = Checkpoints(run, Ownership(run).token)
    kept.of(0, MADE_WITH).save(progress(5))
    trial = kept.of(0, MADE_WITH)
    assert trial.load(lambda found: len(found.reports) < 5) is None
    assert not trial.is_kept
    trial.save(progress(1))
    found = kept.of(0, MADE_WITH).load(any_progress)
    assert found is not None
    assert (len(found.reports), trial.is_kept) == (1, True)


@pytest.mark.parametrize("kind", ["folder", "larger than the memory"])
def test_what_cannot_be_a_checkpoint_counts_as_none_and_is_not_waited_for(
    kind: str, run: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Checkpoints(run, Ownership(run).token).of(0, MADE_WITH)
    kept.save(progress(1))
    if kind == "folder":
        run.folder(CHECKPOINTS).delete_file("trial-00000")
        run.folder(CHECKPOINTS).write("trial-00000/file", b"")
    else:
        monkeypatch.setattr(npz, "usable_memory", lambda: 300)
    monkeypatch.delattr("time.sleep")
    assert (kept.load(any_progress), kept.is_kept, kept.fault) == (None, False, "")


def test_trials_of_a_driver_that_has_lost_its_run_keep_nothing_more(run: Folder) -> None:
    former = Checkpoints(run, Ownership(run).token).of(0, MADE_WITH)
    former.save(progress(1))
    Ownership(run)
    former.save(progress(2))
    found = former.load(any_progress)
    assert found is not None
    assert found.reports == [{"epoch": 1}]
    assert former.fault == ""


def test_a_node_that_does_not_see_the_storage_writes_nothing_there_and_says_so(run: Folder) -> None:
    kept = Checkpoints(run, "a token of another machine's").of(0, MADE_WITH)
    kept.save(progress(1))
    assert (kept.is_kept, kept.fault) == (False, f"{run.uri} cannot be reached from there.")
    assert not run.exists()


def test_a_storage_out_of_reach_stops_no_trial(run: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Checkpoints(run, Ownership(run).token)
    trial = kept.of(0, MADE_WITH)
    trial.save(progress(1))
    (tmp_path / "a-run").rename(tmp_path / "away")
    (tmp_path / "a-run").touch()
    with pytest.raises(StorageError):
        run.read("driver.json")
    trial.save(progress(2))
    assert "cannot be used as storage" in trial.fault
    monkeypatch.setattr(checkpointing, "OUTAGE_SECONDS", 0.0)
    anew = kept.of(0, MADE_WITH)
    assert anew.load(any_progress) is None
    assert "cannot be used as storage" in anew.fault
    assert not kept.is_reached, "the next trial of the process does not wait again"
    (tmp_path / "a-run").unlink()
    (tmp_path / "away").rename(tmp_path / "a-run")
    trial.save(progress(3))
    anew.save(progress(1))
    found = kept.of(0, MADE_WITH).load(any_progress)
    assert found is not None
    assert len(found.reports) == 3, "what could not be read is not lost to a trial that begins anew"
    assert (trial.fault, anew.fault, kept.is_reached) == ("", "", True)
    anew.save(progress(4))
    found = kept.of(0, MADE_WITH).load(any_progress)
    assert found is not None
    assert len(found.reports) == 4


def test_a_storage_that_comes_back_in_time_is_waited_for(
    run: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trial = Checkpoints(run, Ownership(run).token).of(0, MADE_WITH)
    (tmp_path / "a-run").rename(tmp_path / "away")
    (tmp_path / "a-run").touch()
    waited = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 3:
            (tmp_path / "a-run").unlink()
            (tmp_path / "away").rename(tmp_path / "a-run")

    monkeypatch.setattr("time.sleep", sleep)
    trial.save(progress(1), patience=600.0)
    assert (trial.is_kept, trial.fault, waited) == (True, "", [1.0, 1.0, 1.0])


def test_who_may_not_read_the_storage_does_not_wait_for_it(run: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Checkpoints(run, Ownership(run).token)

    def read(self: Folder, name: str, largest: int | None = None) -> bytes:
        raise StorageError("AWS Error ACCESS_DENIED during HeadObject operation")

    monkeypatch.setattr(Folder, "read", read)
    trial = kept.of(0, MADE_WITH)
    assert trial.load(any_progress) is None
    trial.save(progress(1), patience=600.0)
    assert (trial.is_kept, trial.fault) == (False, "AWS Error ACCESS_DENIED during HeadObject operation")
