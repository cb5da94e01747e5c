from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from nids.errors import LostRunError, StorageError, UserError
from nids.folds import cache
from nids.results import Run, RunWriter, new_run, open_run, removal, run_names
from nids.results.all_files import all_files
from nids.results.driver_process import owner
from nids.results.ownership import Ownership, token_in
from nids.results.removal import delete_folds, delete_leftovers, delete_run, free_to_delete, unneeded_folds
from nids.results.status import TrialCounts
from nids.storage import Folder
from tests.killed import KilledError, killed_after
from tests.manifests import NO_TRIALS, OWNER, a_manifest

GONE = owner().model_copy(update={"pid": 2**22 + 1})


@pytest.fixture(params=["local disk", "object store"])
def storage(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "local disk":
        return str(tmp_path / "runs")
    request.getfixturevalue("bucket")
    monkeypatch.setattr("nids.results.ownership.SETTLES", 0.0)
    return "s3://bucket/runs"


def made(storage: str, name: str, **sections: Any) -> Folder:
    """Make a finished run with a file of each kind."""
    folder = Folder.from_uri(storage).folder(name)
    writer = RunWriter(folder, a_manifest(run=name, **sections))
    writer.put(0, {"trials": [{"trial": 0}], "classes": [], "confusions": [], "attacks": [], "curves": []})
    writer.flush(0)
    for path in ("bundle/manifest.json", ".checkpoints/trial-0/part", "study.journal"):
        writer.keep(path, b"content")
    writer.write_status("finished", NO_TRIALS, OWNER)
    return folder


def silent(_: str) -> None:
    """Take what is said while a minute passes."""


def test_a_deleted_run_leaves_nothing_and_its_name_is_free(storage: str) -> None:
    folder, other = made(storage, "a"), made(storage, "b")
    before = all_files(other)
    delete_run(folder, free_to_delete(folder, silent))
    assert run_names(storage) == ["b"]
    assert all_files(folder) == {}
    assert all_files(other) == before
    assert new_run(storage, "a").path == folder.path
    if folder.is_local:
        assert [path.name for path in Path(storage).iterdir()] == ["b"]


def small(storage: str) -> Folder:
    """Make a run that is deleted with few acts."""
    writer = RunWriter(Folder.from_uri(storage).folder("a"), a_manifest(run="a"))
    writer.keep("trials/part-00000.parquet", b"content")
    writer.write_status("finished", NO_TRIALS, OWNER)
    return writer.folder


@pytest.mark.parametrize("function", ["unlink", "rmdir"])
def test_on_a_disk_what_an_interrupted_deletion_leaves_is_no_run_and_goes_with_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, function: str
) -> None:
    for acts in range(2):
        folder = small(str(tmp_path))
        token = free_to_delete(folder, silent)
        with monkeypatch.context() as patched:
            patched.setattr(os, function, killed_after(acts, getattr(os, function)))
            with pytest.raises(KilledError):
                delete_run(folder, token)
        assert (run_names(str(tmp_path)), len([*tmp_path.glob(".deleted-a-*")])) == ([], acts + 1)
    assert new_run(str(tmp_path), "a").path == folder.path
    delete_leftovers(str(tmp_path))
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("with_status", [True, False])
def test_in_an_object_store_what_an_interrupted_deletion_leaves_is_whole_or_damaged(
    with_status: bool, bucket: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends after each of its acts in turn, and is begun again."""
    monkeypatch.setattr("nids.results.ownership.SETTLES", 0.0)
    folder = small(storage := "s3://bucket/runs")
    if not with_status:
        folder.delete_file("status.json")
    found = []
    for acts in range(9):
        try:
            with monkeypatch.context() as patched:
                patched.setattr(Folder, "write", killed_after(acts, Folder.write))
                delete_run(folder, token_in(folder))
        except KilledError:
            if folder.exists("manifest.json"):
                found.append("whole")
                assert open_run(storage, "a").folder.exists("trials/part-00000.parquet")
                continue
            found.append("damaged")
            assert run_names(storage) == ["a"]
            with pytest.raises(UserError, match=r"manifest\.json: cannot be read .* deletes what is left"):
                open_run(storage, "a")
            with pytest.raises(UserError, match="already holds a run"):
                new_run(storage, "a")
        else:
            break
    assert (run_names(storage), all_files(folder)) == ([], {})
    assert found == ["whole"] * (2 if with_status else 3) + ["damaged"] * len(found[2 if with_status else 3 :])
    assert len(found) > 3


def test_a_run_with_a_driver_is_refused_and_one_that_gets_a_driver_meanwhile_too(storage: str) -> None:
    folder = made(storage, "a")
    writer = RunWriter(folder, Run(folder).manifest)
    writer.write_status("running", TrialCounts(total=3), owner())
    with pytest.raises(UserError, match="a is being run by process"):
        free_to_delete(folder, silent)
    writer.write_status("interrupted", TrialCounts(total=3), owner())
    token = free_to_delete(folder, silent)
    Ownership(folder)
    before = all_files(folder)
    with pytest.raises(LostRunError, match="another process has taken this run meanwhile"):
        delete_run(folder, token)
    assert all_files(folder) == before


def test_a_driver_that_wakes_after_the_deletion_writes_nothing(storage: str) -> None:
    folder = Folder.from_uri(storage).folder("a")
    writer = RunWriter(folder, a_manifest(run="a"))
    writer.write_status("running", NO_TRIALS, GONE)
    delete_run(folder, free_to_delete(folder, silent))
    with pytest.raises((LostRunError, StorageError)):
        writer.write_status("running", NO_TRIALS, owner())
    assert all_files(folder) == {}


@pytest.mark.parametrize("alive", [True, False])
def test_a_damaged_run_is_watched_for_a_driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, alive: bool) -> None:
    folder = made(str(tmp_path), "a")
    folder.write("manifest.json", b"{")
    lines: list[str] = []
    monkeypatch.setattr(removal, "SILENCE", timedelta(seconds=0.02))
    monkeypatch.setattr(
        "nids.results.removal.time.sleep", lambda _: folder.write("status.json", b"{}") if alive else None
    )
    if alive:
        with pytest.raises(UserError, match=r"is being written, as it seems by process \d+ on .*\. Stop it"):
            free_to_delete(folder, lines.append)
        assert folder.exists("trials")
    else:
        delete_run(folder, free_to_delete(folder, lines.append))
        assert run_names(str(tmp_path)) == []
    assert [line.partition(". ")[0] for line in lines] == [f"{folder.uri} is damaged"]
    folder = made(str(tmp_path), "b")
    folder.write("manifest.json", b"{")
    folder.write("driver.json", GONE.model_dump_json().encode())
    free_to_delete(folder, lines.append)  # its driver is known to have ended
    assert len(lines) == 1


def test_a_link_to_a_run_is_refused(tmp_path: Path) -> None:
    made(str(tmp_path / "elsewhere"), "a")
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs/a").symlink_to(tmp_path / "elsewhere/a")
    with pytest.raises(UserError, match=r"this is a link to .*elsewhere/a\. Delete what it leads to, and the link"):
        free_to_delete(Folder.from_uri(str(tmp_path / "runs")).folder("a"), silent)


def test_what_links_in_a_run_lead_to_stays(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/file").write_text("kept")
    folder = made(str(tmp_path / "runs"), "a")
    (tmp_path / "runs/a/data").symlink_to(tmp_path / "data")
    delete_run(folder, free_to_delete(folder, silent))
    assert (tmp_path / "data/file").read_text() == "kept"
    assert run_names(str(tmp_path / "runs")) == []


def test_folds_that_no_run_needs(storage: str) -> None:
    root = Folder.from_uri(storage)
    assert unneeded_folds(storage) == {}
    for key in ("aaaa", "bbbb"):
        root.write(f".folds/{key}/fold-0.npz", b"12345")
        root.write(f".folds/{key}/complete.json", b"{}")
    made(storage, "a", folds={"hash": "aaaa"})
    assert unneeded_folds(storage) == {"bbbb": 7}
    delete_folds(storage, "bbbb")
    assert unneeded_folds(storage) == {}
    assert sorted(all_files(root.folder(".folds"))) == ["aaaa/complete.json", "aaaa/fold-0.npz"]
    made(storage, "damaged").write("manifest.json", b"{")
    with pytest.raises(UserError, match="cannot be read"):
        unneeded_folds(storage)


def test_folds_whose_deletion_was_interrupted_are_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Folder.from_uri(str(tmp_path))
    folder.write("complete.json", b"{}")
    folder.write("fold-0.npz", b"12345")

    def fail(_: Folder) -> None:
        raise KilledError

    monkeypatch.setattr(Folder, "delete", fail)
    with pytest.raises(KilledError):
        cache.delete(folder)
    assert (folder.exists("complete.json"), folder.exists("fold-0.npz")) == (False, True)
