"""Processes of the benchmark, none of which outlives what it was started for."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# Less than a command of ours takes at most to end in order (see nids.interruption), so that a benchmark that is itself
# interrupted ends in time. Whoever starts a search that is to end in order, which has no such limit, waits for it.
SECONDS_TO_END = 3.0


@contextmanager
def child(command: Sequence[str], **options: Any) -> Iterator[subprocess.Popen[Any]]:
    """Run a command for as long as a block runs; what still runs at its end is ended, in order if it can be.

    Args:
        command: The command.
        **options: As for ``subprocess.Popen``.
    """
    started = subprocess.Popen(command, **options)
    try:
        yield started
    finally:
        if started.poll() is None:
            started.terminate()
            try:
                started.wait(SECONDS_TO_END)
            except subprocess.TimeoutExpired:
                started.kill()
                started.wait()
        for pipe in (started.stdin, started.stdout, started.stderr):
            if pipe is not None:
                pipe.close()
