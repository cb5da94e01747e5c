"""Whole commands, and the figures that come of them."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from nids.bench.processes import child

if TYPE_CHECKING:
    from collections.abc import Sequence

# What is measured, and the figure.
Row = tuple[str, str]

# The work that is done by a plain loop and by the search.
SAME_WORK = Path(__file__).parent / "same_work.toml"


def search_command(job: Path, storage: str, *changes: str) -> list[str]:
    """Return the command of a search named "bench" with some keys of its job changed."""
    options = [part for change in changes for part in ("--set", change)]
    return [sys.executable, "-m", "nids", "search", str(job), "--storage", storage, "--name", "bench", *options]


def output_of(command: Sequence[str]) -> str:
    """Run a command to its end and return what it printed.

    Raises:
        RuntimeError: It failed; the message is the end of its output.
    """
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with child(command, **pipes) as started:
        output, errors = started.communicate()
    if started.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{output[-2000:]}{errors[-2000:]}")
    return str(output)


def seconds_of(command: Sequence[str]) -> float:
    """Run a command to its end and return the seconds that it took."""
    started = time.perf_counter()
    output_of(command)
    return time.perf_counter() - started


def spread(values: Sequence[float], unit: str, digits: int = 2) -> str:
    """Return the median of repeated measurements, with the least and the largest of them."""
    middle = f"{statistics.median(values):.{digits}f}{unit}"
    if len(values) == 1:
        return middle
    return f"{middle} ({min(values):.{digits}f}–{max(values):.{digits}f}, {len(values)} rounds)"
