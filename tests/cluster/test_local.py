from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from nids.cluster.local import Size, head_command, running, worker_command
from nids.errors import UserError


def test_the_commands_of_its_nodes() -> None:
    assert " ".join(head_command(6379, 8265)) == (
        "ray start --head --port=6379 --dashboard-host=127.0.0.1 --dashboard-port=8265 --disable-usage-stats --block"
    )
    assert " ".join(worker_command("10.0.0.1:6379")) == (
        "ray start --address=10.0.0.1:6379 --disable-usage-stats --block"
    )


@pytest.mark.slow
def test_it_ends_when_asked_to_and_leaves_nothing(tmp_path: Path) -> None:
    """By SIGTERM; the cluster of ``tests/end_to_end`` ends by Ctrl-C."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    environment |= {"HOME": str(tmp_path), "TMPDIR": "/tmp", "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        [sys.executable, "-m", "nids", "cluster", "local", "--nodes=2", "--cpus-per-node=1"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    said: list[str] = []
    while "nids search" not in (said or [""])[-1]:
        said.append(process.stdout.readline())
        assert said[-1], said
    assert "2 nodes, 2 CPUs, 0 GPUs\n" in said
    started = psutil.Process(process.pid).children(recursive=True)
    (folder,) = {Path(part.partition("=")[2]).parent for part in started[0].cmdline() if part.startswith("--temp-dir=")}
    assert folder.exists()
    process.send_signal(signal.SIGTERM)
    assert process.communicate(timeout=120)[0] == "The cluster has stopped.\n"
    assert process.returncode == 0
    assert [one for one in started if one.is_running() and one.status() != psutil.STATUS_ZOMBIE] == []
    assert not folder.exists()


def test_a_port_that_is_taken_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with (
            pytest.raises(
                UserError, match=f"port {port} is in use on this machine: name another with --dashboard-port."
            ),
            running(Size(1, 1, 0), print, port),
        ):
            pytest.fail("it has no port")
