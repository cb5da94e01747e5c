from __future__ import annotations

import errno
import fcntl
import json
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from nids.errors import LostRunError, StorageError
from nids.results import Run, RunWriter, ownership
from nids.results.driver_process import is_gone, owner
from nids.results.ownership import DRIVER, LOCK, Ownership, token_in
from nids.results.status import Owner, TrialCounts
from nids.storage import Folder
from tests.manifests import a_manifest

DRIVERS, WRITES = 4, 5


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


def test_no_write_lands_after_another_drivers_token(folder: Folder) -> None:
    """Drivers begin and write all at once, as processes would: each finds its own token before and after a write."""
    together = Barrier(DRIVERS)
    foreign: list[str] = []

    def drive(_: int) -> Ownership | None:
        together.wait()
        own = None
        with suppress(LostRunError):
            own = Ownership(folder)
            for _ in range(WRITES):
                with own.held():
                    before = token_in(folder)
                    folder.write("status.json", before.encode())
                    if folder.is_local and (
                        token_in(folder) != before or folder.read("status.json") != before.encode()
                    ):
                        foreign.append(before)
        return own

    for _ in range(10 if folder.is_local else 2):
        with ThreadPoolExecutor(DRIVERS) as threads:
            begun = [own for own in threads.map(drive, range(DRIVERS)) if own is not None]
        left = []
        for own in begun:
            with suppress(LostRunError), own.held():
                left.append(own)
        assert len(left) == 1
    assert foreign == []


def test_a_run_that_was_free_is_only_taken_if_it_still_is(folder: Folder) -> None:
    assert token_in(folder) == ""
    first = Ownership(folder, instead_of="")
    with pytest.raises(LostRunError, match="another process has taken this run meanwhile"):
        Ownership(folder, instead_of="")  # as two new searches of one name
    seen = token_in(folder)
    second = Ownership(folder, instead_of=seen)
    with pytest.raises(LostRunError, match="meanwhile"):
        Ownership(folder, instead_of=seen)  # as two that resume it
    with pytest.raises(LostRunError, match="goes on with this run"), first.held():
        pass
    with second.held():
        pass


def test_a_run_that_is_deleted_or_damaged_is_not_written(tmp_path: Path) -> None:
    folder = Folder.from_uri(str(tmp_path / "a-run"))
    had = Ownership(folder)
    for damage in (b"", b"[]", b"{"):
        folder.write(DRIVER, damage)
        with pytest.raises(LostRunError, match="another process"), had.held():
            pass
    (tmp_path / "a-run" / DRIVER).unlink()
    with pytest.raises(LostRunError, match="was deleted while the run was written"), had.held():
        pass
    shutil.rmtree(tmp_path / "a-run")
    with pytest.raises(StorageError, match="No such file"), had.held():  # or its share is away for a while
        pass


def test_a_lock_of_another_user_is_no_hindrance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = Ownership(Folder.from_uri(str(tmp_path)))
    opens, refused = Path.open, [tmp_path / LOCK]

    def refuse_once(path: Path, *arguments: Any) -> Any:
        if path in refused:
            refused.remove(path)
            raise PermissionError(13, "Permission denied", str(path))
        return opens(path, *arguments)

    monkeypatch.setattr(Path, "open", refuse_once)  # root, who runs some of these tests, is refused nothing
    with own.held():
        assert refused == []


def test_a_file_system_that_cannot_lock_is_an_outage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = Ownership(Folder.from_uri(str(tmp_path)))

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(StorageError, match="No locks available"), own.held():
        pass


def test_a_driver_that_stands_still_in_a_write_cannot_keep_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = (
        "import sys\nfrom nids.results.ownership import Ownership\nfrom nids.storage import Folder\n"
        "own = Ownership(Folder.from_uri(sys.argv[1]))\n"
        "with own.held():\n    print('has it', flush=True)\n    sys.stdin.readline()\n"
        "try:\n    with own.held(): pass\nexcept Exception as error:\n    print(type(error).__name__, flush=True)"
    )
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], **pipes) as process:  # type: ignore[call-overload]
        assert process.stdout.readline() == "has it\n"
        process.send_signal(signal.SIGSTOP)
        try:
            monkeypatch.setattr(ownership, "BREAKS", 0.1)
            taken = Ownership(Folder.from_uri(str(tmp_path)))
            with taken.held():
                assert json.loads((tmp_path / DRIVER).read_text())["pid"] != process.pid
            process.send_signal(signal.SIGCONT)
            process.stdin.write("go on\n")
            process.stdin.flush()
            assert process.stdout.readline() == "LostRunError\n"
        finally:
            process.kill()


def test_a_lock_that_is_kept_is_an_outage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ownership, "WAITS", 0.1)
    held = Ownership(Folder.from_uri(str(tmp_path)))
    monkeypatch.setattr(ownership.locked, "__defaults__", (0.1,))
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
