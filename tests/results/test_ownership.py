from __future__ import annotations

import json
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Barrier

import pytest

from nids.config import Search
from nids.errors import LostRunError, StorageError
from nids.results import Run, RunWriter, ownership
from nids.results.driver_process import is_gone, owner
from nids.results.ownership import DRIVER, Ownership
from nids.results.status import Owner, TrialCounts
from nids.search.study import JOURNAL, new_study
from nids.storage import Folder
from tests.manifests import a_manifest

DRIVERS = 4


@pytest.fixture(params=["local disk", "object store"])
def folder(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    if request.param == "local disk":
        return Folder.from_uri(str(tmp_path / "runs/a-run"))
    request.getfixturevalue("bucket")
    monkeypatch.setattr(ownership, "SETTLES", 0.3)
    return Folder.from_uri("s3://bucket/runs/a-run")


def test_a_driver_that_has_lost_its_run_writes_nothing_more(folder: Folder) -> None:
    first = RunWriter(folder, a_manifest())
    first.write_status("running", TrialCounts(total=3), owner())
    second = RunWriter(folder, a_manifest(run="again"))
    before = folder.versions()
    with pytest.raises(LostRunError, match="another process goes on with this run, so this one ends and writes noth"):
        first.write_status("running", TrialCounts(total=3, failed=3), owner())
    assert folder.versions() == before
    assert Run(folder).manifest.run == "again"
    second.write_status("finished", TrialCounts(total=3, complete=3), owner())
    assert Run(folder).status.trials.complete == 3


def test_of_drivers_that_begin_at_the_same_moment_one_has_the_run(folder: Folder) -> None:
    together = Barrier(DRIVERS)

    def begin(_: int) -> Ownership | None:
        together.wait()
        with suppress(LostRunError):
            return Ownership(folder)
        return None

    for _ in range(25 if folder.is_local else 3):
        with ThreadPoolExecutor(DRIVERS) as threads:
            begun = [each for each in threads.map(begin, range(DRIVERS)) if each is not None]
        left = []
        for each in begun:
            with suppress(LostRunError), each.held():
                left.append(each)
        assert len(left) == 1


def test_a_run_that_is_deleted_or_damaged_is_not_written(tmp_path: Path) -> None:
    folder = Folder.from_uri(str(tmp_path))
    had = Ownership(folder)
    for damage in (b"", b"[]", b"{"):
        folder.write(DRIVER, damage)
        with pytest.raises(LostRunError, match="another process"), had.held():
            pass
    (tmp_path / DRIVER).unlink()
    with pytest.raises(LostRunError, match="was deleted while it was written"), had.held():
        pass


def test_the_study_of_a_run_that_is_lost_stays_as_it_is(tmp_path: Path) -> None:
    folder = Folder.from_uri(str(tmp_path))
    study = new_study("a-run", Search(), tmp_path / JOURNAL, ownership=Ownership(folder))
    study.ask()
    Ownership(folder)
    before = (tmp_path / JOURNAL).read_bytes()
    with pytest.raises(LostRunError):
        study.ask()
    assert (tmp_path / JOURNAL).read_bytes() == before


def test_a_driver_that_stands_still_in_a_write_cannot_keep_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = (
        "import sys, time\nfrom nids.results.ownership import Ownership\nfrom nids.storage import Folder\n"
        "with Ownership(Folder.from_uri(sys.argv[1])).held():\n    print('has it', flush=True)\n    time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "has it\n"
        process.send_signal(signal.SIGSTOP)
        try:
            monkeypatch.setattr(ownership, "LOCKED", 0.1)
            taken = Ownership(Folder.from_uri(str(tmp_path)))
            with taken.held():
                assert json.loads((tmp_path / DRIVER).read_text())["pid"] != process.pid
        finally:
            process.kill()


def test_a_lock_that_is_kept_is_an_outage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ownership, "LOCKED", 0.1)
    held = Ownership(Folder.from_uri(str(tmp_path)))
    with held.held(), pytest.raises(StorageError, match="another process keeps it locked"), held.held():
        pass


def test_only_a_process_that_would_be_seen_is_gone() -> None:
    this = owner()
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    assert not is_gone(this)
    assert is_gone(this.model_copy(update={"pid": ended.pid}))
    assert not is_gone(this.model_copy(update={"pid": ended.pid, "machine": "another of the same name"}))
    assert not is_gone(Owner(host=this.host, pid=ended.pid))  # of an earlier version


def test_a_container_of_the_same_name_is_another_machine() -> None:
    code = "from nids.results.driver_process import owner; print(owner().model_dump_json())"
    command = ["unshare", "--pid", "--fork", "--mount-proc", sys.executable, "-c", code]
    try:
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"needs the right to make a PID namespace ({error})")
    inside = Owner.model_validate_json(done.stdout)
    assert inside.host == owner().host
    assert inside.machine != owner().machine
    assert not is_gone(inside)  # though there is no process here of its number, or another one


@pytest.fixture(autouse=True)
def _of_this_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(ownership.__file__).parents[2]))
