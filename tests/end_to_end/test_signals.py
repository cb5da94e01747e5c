"""SIGINT and SIGTERM at moments spread over the whole life of every command that takes long, as a process."""

from __future__ import annotations

import ctypes
import functools
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest
import tomli_w

from nids import datasets
from tests.conftest import TINY

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]

SECONDS_TO_END = 5.0
PR_SET_CHILD_SUBREAPER = 36
MOMENTS = 4
# What no user is to see of a command that was asked to end.
DUMPS = ("Traceback", "***", "Exception ignored", "Fatal Python error", "Aborted", "Segmentation fault")
TRAFFIC, LABELLED = "traffic.csv", "labelled.csv"
COMMANDS = {
    "search": ("search", "tiny.toml", "--name", "new", "--set", "search.trials=8"),
    "baselines": ("baselines", "first"),
    "finalize": ("finalize", "second", "--seeds", "1"),
    "correlate": ("correlate", "first", "second"),
    "leakage": ("leakage", "--dataset", "nsl-kdd-sample"),
    "score": ("score", "runs/first/bundle", TRAFFIC, "--rejects", "rejects.csv"),
    "score on a cluster": ("score", "runs/first/bundle", TRAFFIC, TRAFFIC, "--rejects", "rejects", "--ray"),
    "describe": ("data", "describe", LABELLED, "--to", "described.toml"),
    "check": ("data", "check", LABELLED),
    "report": ("report", "first"),
    "dashboard": ("dashboard", "--port", "PORT"),
    "local cluster": ("cluster", "local", "--nodes", "2"),
    "benchmark": ("bench", "overhead"),
}
ENDLESS = {"dashboard", "local cluster"}
# What "correlate" compares: four trials to their last epoch, under two schemes of folds.
JOB = {
    **TINY,
    "folds": {"count": 2, "resampling": "none"},
    "search": {"trials": 4, "startup_trials": 4},
    "scheduler": {"kind": "none"},
}


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the commands need: two runs, one of them finalized, and a file of traffic."""
    folder = tmp_path_factory.mktemp("ready")
    (folder / "tiny.toml").write_text(tomli_w.dumps(JOB))
    traffic = datasets.load_training("nsl-kdd-sample", rows=200_000)
    traffic.features.to_csv(folder / TRAFFIC, index=False)
    traffic.features.assign(attack=traffic.attack).to_csv(folder / LABELLED, index=False)
    for arguments in (
        ("search", "tiny.toml", "--name", "first"),
        ("search", "tiny.toml", "--name", "second", "--set", "folds.scheme=unseen-attacks"),
        ("finalize", "first", "--seeds", "1"),
    ):
        ended = subprocess.run([sys.executable, "-m", "nids", *arguments], cwd=folder, capture_output=True, check=False)
        assert ended.returncode == 0, ended.stderr.decode()
    return folder


@pytest.fixture(scope="module")
def seconds_of(ready: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], float]:
    """How long each command takes here if nobody interrupts it; of those that have no end, until all of it runs."""

    @functools.cache
    def measured(name: str) -> float:
        if name in ENDLESS:
            return 15.0
        begun = time.monotonic()
        assert started(name, copied(ready, tmp_path_factory.mktemp("whole"))).wait() == 0
        return time.monotonic() - begun

    return measured


def copied(ready: Path, folder: Path) -> Path:
    shutil.copytree(ready, folder / "work")
    (folder / "tmp").mkdir()
    return folder


def started(name: str, folder: Path) -> subprocess.Popen[bytes]:
    """Return the command's process; what it prints goes to two files."""
    short = Path(tempfile.mkdtemp(prefix="n-", dir="/tmp"))  # Ray's sockets need a short path
    (folder / "ray").symlink_to(short)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    arguments = [port if argument == "PORT" else argument for argument in COMMANDS[name]]
    with (folder / "output").open("wb") as output, (folder / "errors").open("wb") as errors:
        return subprocess.Popen(
            [sys.executable, "-m", "nids", *arguments],
            cwd=folder / "work",
            env={**os.environ, "TMPDIR": str(folder / "tmp"), "RAY_TMPDIR": str(short), "HOME": str(folder)},
            stdout=output,
            stderr=errors,
            start_new_session=True,
        )


@pytest.fixture
def orphans() -> None:
    """Processes whose parent ends become children of this one, so that none that is left behind is overlooked."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def living() -> list[str]:
    found = []
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            if process.status() == psutil.STATUS_ZOMBIE:
                with suppress(ChildProcessError):
                    os.waitpid(process.pid, os.WNOHANG)
            else:
                found.append(" ".join(process.cmdline())[:100])
    return found


@pytest.mark.parametrize("moment", range(MOMENTS))
@pytest.mark.parametrize("name", COMMANDS)
def test_a_signal_ends_a_command_in_order(
    name: str, moment: int, ready: Path, seconds_of: Callable[[str], float], orphans: None, tmp_path: Path
) -> None:
    seconds = seconds_of(name)
    folder = copied(ready, tmp_path)
    before = {path.relative_to(folder) for path in folder.rglob("*")}
    number, status = [(signal.SIGTERM, 143), (signal.SIGINT, 130)][moment % 2]
    chance = random.Random(f"{name} {moment}")
    process = started(name, folder)
    time.sleep(seconds * (moment + chance.random()) / MOMENTS)
    if process.poll() is not None:
        assert moment >= MOMENTS // 2, "it ended by itself in less than half the time that it took before"
        pytest.skip("it had ended by itself")
    # A terminal sends Ctrl-C to all that run in it; who ends a command names its process.
    (os.killpg if number == signal.SIGINT else os.kill)(process.pid, number)
    asked = time.monotonic()
    said = ""
    while (ends := process.poll()) is None and time.monotonic() < asked + SECONDS_TO_END:
        time.sleep(0.05)
    said = (folder / "errors").read_text() + (folder / "output").read_text()
    if ends is None:
        assert "Stopping: waiting" in said, f"it neither ends nor says why: {said}"
        ends = process.wait()
        said = (folder / "errors").read_text() + (folder / "output").read_text()
    # Before Python begins with the command, and after it has ended it, a signal does what it does by itself: a shell
    # tells the same status then.
    assert ends in {status, -number}, said
    assert [dump for dump in DUMPS if dump in said] == [], said
    while (left := living()) and time.monotonic() < asked + 2 * SECONDS_TO_END:
        time.sleep(0.05)
    assert left == []
    new = {path.relative_to(folder) for path in folder.rglob("*")} - before
    hidden = [str(path) for path in new if "partial" in path.name or path.name.startswith(".nids")]
    assert hidden == []
    assert [path.name for place in ("tmp", "ray") for path in (folder / place).iterdir()] == []
    (folder / "ray").readlink().rmdir()
