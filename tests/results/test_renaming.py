from __future__ import annotations

from typing import TYPE_CHECKING

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from nids.errors import LostRunError, RunNotFoundError, StorageError, UserError
from nids.results import Run, RunWriter, open_run, run_names
from nids.results.all_files import all_files
from nids.results.driver_process import owner
from nids.results.removal import delete_object_run
from nids.results.renaming import rename
from nids.results.status import TrialCounts
from nids.results.writer import JOURNAL
from nids.storage import Folder
from tests.killed import KilledError, killed_after
from tests.manifests import NO_TRIALS, OWNER, a_manifest

if TYPE_CHECKING:
    from pathlib import Path

GONE = owner().model_copy(update={"pid": 2**22 + 1})


@pytest.fixture(params=["local disk", "object store"])
def storage(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "local disk":
        return str(tmp_path / "runs")
    request.getfixturevalue("bucket")
    monkeypatch.setattr("nids.results.ownership.SETTLES", 0.0)
    return "s3://bucket/runs"


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The journal of a study with two trials."""
    path = tmp_path_factory.mktemp("study") / JOURNAL
    study = optuna.create_study(study_name="a", storage=JournalStorage(JournalFileBackend(str(path))))
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=2)
    return path.read_bytes()


def made(storage: str, journal: bytes) -> RunWriter:
    writer = RunWriter(Folder.from_uri(storage).folder("a"), a_manifest(run="a"))
    writer.put(0, {"trials": [{"trial": 0}], "classes": [], "confusions": [], "attacks": [], "curves": []})
    writer.flush(0)
    for path in ("notes.json", ".checkpoints/0/part"):
        writer.keep(path, b"{}")
    writer.write_journal(journal)
    writer.write_status("finished", NO_TRIALS, OWNER)
    return writer


def silent(_: str) -> None:
    """Take what is said while a minute passes."""


def test_a_renamed_run_has_its_name_everywhere_and_is_otherwise_the_same(
    storage: str, journal: bytes, tmp_path: Path
) -> None:
    run = Run(made(storage, journal).folder)
    trials, files = run.trials(), all_files(run.folder)
    rename(storage, "a", "b", silent)
    assert run_names(storage) == ["b"]
    renamed = open_run(storage, "b")
    assert renamed.manifest == run.manifest.model_copy(update={"run": "b"})
    assert renamed.trials().equals(trials)
    assert renamed.status == run.status
    assert all_files(renamed.folder).keys() - {".driver.lock"} == files.keys() - {".driver.lock"}
    (tmp_path / JOURNAL).write_bytes(renamed.folder.read(JOURNAL))
    study = optuna.load_study(study_name="b", storage=JournalStorage(JournalFileBackend(str(tmp_path / JOURNAL))))
    (tmp_path / "former").write_bytes(journal)
    former = optuna.load_study(study_name="a", storage=JournalStorage(JournalFileBackend(str(tmp_path / "former"))))
    assert study.trials == former.trials
    rename(storage, "b", "a", silent)  # a name that was given up can be given again
    assert open_run(storage, "a").manifest == run.manifest


@pytest.mark.parametrize("journal", [b"", b"{", b"[]\n", b'{"op_code":4}\n', b"\xff\n", None], ids=repr)
def test_a_journal_that_is_none_stays_as_it_is(journal: bytes | None, tmp_path: Path) -> None:
    folder = made(str(tmp_path), journal or b"").folder
    if journal is None:
        folder.delete_file(JOURNAL)
    rename(str(tmp_path), "a", "b", silent)
    renamed = open_run(str(tmp_path), "b")
    assert renamed.manifest.run == "b"
    assert (renamed.folder.read(JOURNAL) if renamed.has_file(JOURNAL) else None) == journal


def test_what_cannot_be_renamed_is_refused_and_unchanged(storage: str, journal: bytes) -> None:
    writer = made(storage, journal)
    root = Folder.from_uri(storage)
    RunWriter(root.folder("taken"), a_manifest(run="taken"))
    root.write("damaged/status.json", b"{}")
    root.write("folder/file", b"a file")
    files = all_files(root)
    for name, new, message in (
        ("nowhere", "b", "holds no run named 'nowhere'"),
        (
            "a",
            "taken",
            r"taken already holds a run\. Give another name, or delete that one with `nids runs delete taken",
        ),
        ("a", "damaged", "damaged already holds a run"),
        ("a", "folder", r"folder: is there already, and is no run\. Give another name, or move it away"),
        ("a", "a", "a already holds a run"),
        *[("a", new, "a run's name has letters, digits and") for new in ("", "../b", "b/c", ".b", "b c")],
    ):
        with pytest.raises(UserError, match=message):
            rename(storage, name, new, silent)
    assert all_files(root) == files
    writer.write_status("running", TrialCounts(total=3), owner())
    with pytest.raises(UserError, match="a is being run by process"):
        rename(storage, "a", "b", silent)
    assert "b" not in run_names(storage)


def test_a_driver_that_wakes_after_the_renaming_writes_nothing(storage: str, journal: bytes) -> None:
    writer = made(storage, journal)
    writer.write_status("running", NO_TRIALS, GONE)
    rename(storage, "a", "b", silent)
    with pytest.raises((LostRunError, StorageError)):
        writer.write_status("running", NO_TRIALS, owner())
    with pytest.raises(RunNotFoundError):
        open_run(storage, "a")


def test_a_link_to_a_run_is_refused(tmp_path: Path, journal: bytes) -> None:
    made(str(tmp_path / "elsewhere"), journal)
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs/a").symlink_to(tmp_path / "elsewhere/a")
    with pytest.raises(UserError, match=r"this is a link to .*elsewhere/a\. Rename the link"):
        rename(str(tmp_path / "runs"), "a", "b", silent)


def test_an_interrupted_renaming_leaves_the_run_whole_under_one_name_or_both(
    storage: str, journal: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = RunWriter(Folder.from_uri(storage).folder("a"), a_manifest(run="a"))
    writer.write_journal(journal)
    writer.write_status("finished", NO_TRIALS, OWNER)
    found = []
    for acts in range(20):
        try:
            with monkeypatch.context() as patched:
                patched.setattr(Folder, "write", killed_after(acts, Folder.write))
                rename(storage, "a", "b", silent)
        except KilledError:
            whole = [name for name in run_names(storage) if is_whole(storage, name)]
            found.append((whole, [name for name in run_names(storage) if name not in whole]))
            if whole == ["b"]:
                break
            if not writer.folder.is_local:
                delete_object_run(Folder.from_uri(storage).folder("b"))
        else:
            break
    assert is_whole(storage, "b")
    if writer.folder.is_local:
        assert found == [(["a"], [])] * 3
    else:
        assert [each for i, each in enumerate(found) if each not in found[:i]] == [
            (["a"], []),
            (["a"], ["b"]),
            (["a", "b"], []),
            (["b"], ["a"]),
        ]


def is_whole(storage: str, name: str) -> bool:
    """Return whether a run has all of its files; one that has not cannot be opened."""
    folder = Folder.from_uri(storage).folder(name)
    if not folder.exists("manifest.json"):
        with pytest.raises(UserError, match=r"manifest\.json: cannot be read"):
            open_run(storage, name)
        return False
    return all_files(folder).keys() - {".driver.lock"} == {"manifest.json", "status.json", "driver.json", JOURNAL}
