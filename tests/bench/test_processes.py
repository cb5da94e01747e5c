from __future__ import annotations

import subprocess
import sys

import pytest

from nids.bench import processes
from nids.bench.processes import child

DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(60)"


@pytest.mark.parametrize(
    ("code", "status"),
    [
        pytest.param("import sys; print(flush=True); sys.stdin.read()", -15, id="one that heeds SIGTERM"),
        pytest.param(DEAF, -9, id="one that does not"),
    ],
)
def test_a_process_ends_with_what_it_was_started_for(code: str, status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "SECONDS_TO_END", 0.1 if status == -9 else 60)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with child([sys.executable, "-c", code], **pipes) as started:
        assert started.stdout is not None
        started.stdout.readline()
    assert started.returncode == status
