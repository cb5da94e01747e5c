from __future__ import annotations

import json
import os
import platform
import re
import signal
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest
import tomli_w

from tests.conftest import TINY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NODES, CPUS, GPUS = 3, 4, 2

# One trial after another, and none is pruned: what a test counts does not depend on the machine's speed.
JOB = {
    **{section: values for section, values in TINY.items() if section != "name"},
    "search": {"trials": 2, "startup_trials": 2},
    "scheduler": {"kind": "none"},
    "resources": {"max_concurrent": 1},
}


@dataclass(frozen=True)
class Nodes:
    """A running cluster: where drivers and jobs find it, and the environment of a user who has its token."""

    address: str
    dashboard: str
    environment: dict[str, str]
    process: int  # the command's

    def nids(self, *arguments: str, **changed: str) -> subprocess.CompletedProcess[str]:
        """Run the command as that user, with some environment variables changed."""
        return subprocess.run(
            [sys.executable, "-m", "nids", *arguments],
            env={**self.environment, **changed},
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    def script(self, name: str, *arguments: str) -> str:
        """Return what a script of this folder prints; its standard error is shown if it fails."""
        return output_of(name, *arguments, environment=self.environment)

    def token(self) -> Path:
        """Return the file with the cluster's token, as that user's processes find it."""
        return Path(self.environment["HOME"]) / ".ray" / "local_tokens" / platform.node() / self.address

    def state(self, job_id: str) -> str:
        """Return a job's state, as the cluster's own interface has it: a command would take seconds to start."""
        request = urllib.request.Request(
            f"{self.dashboard}/api/jobs/{job_id}", headers={"Authorization": f"Bearer {self.token().read_text()}"}
        )
        with urllib.request.urlopen(request) as answer:
            state: str = json.load(answer)["status"].lower()
        return state


def wait_until(met: Callable[[], bool], seconds: float = 200.0) -> None:
    """Wait until something is so, and fail if it never is."""
    deadline = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < deadline, "it never was so"
        time.sleep(0.2)


def output_of(name: str, *arguments: str, environment: dict[str, str]) -> str:
    """Return what a script of this folder prints; its standard error is shown if it fails."""
    command = [sys.executable, str(Path(__file__).parent / name), *arguments]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=600)
    assert ended.returncode == 0, ended.stderr[-3000:]
    return ended.stdout


@pytest.fixture(scope="session")
def user(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a user who has never run Ray, and has no settings of it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    return {**kept, "HOME": str(tmp_path_factory.mktemp("home")), "COLUMNS": "200"}


@pytest.fixture(scope="session")
def three_nodes(user: dict[str, str]) -> Iterator[Nodes]:
    """A real cluster of three nodes with two logical GPUs each, by the command that users try it with.

    It ends when it is asked to, and leaves nothing.
    """
    size = (f"--nodes={NODES}", f"--cpus-per-node={CPUS}", f"--gpus-per-node={GPUS}")
    process = subprocess.Popen(
        [sys.executable, "-m", "nids", "cluster", "local", *size],
        # Without a process for each CPU, ahead of its use.
        env={**user, "PYTHONUNBUFFERED": "1", "RAY_prestart_worker_first_driver": "0"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout is not None
        said = ""
        while "nids search" not in said:
            line = process.stdout.readline()
            assert line, said
            said += line
        dashboard = re.search(r"--address (http://\S+)", said)
        address = re.search(r"--address (\d\S+)", said)
        assert dashboard is not None
        assert address is not None
        assert "3 nodes, 12 CPUs, 6 GPUs\n" in said
        yield Nodes(address[1], dashboard[1], user, process.pid)
    finally:
        started = psutil.Process(process.pid).children(recursive=True)
        head = next(part for part in started[0].cmdline() if part.startswith("--temp-dir="))
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=120)[0].endswith("The cluster has stopped.\n")
        assert process.returncode == 143
        assert [one for one in started if one.is_running() and one.status() != psutil.STATUS_ZOMBIE] == []
        assert not Path(head.partition("=")[2]).parent.exists()


@pytest.fixture
def job(tmp_path: Path) -> Path:
    """A job file of a quick search."""
    path = tmp_path / "tiny.toml"
    path.write_text(tomli_w.dumps(JOB))
    return path
