"""The search against what a user would write instead: the same work, and the time to the same quality."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nids.bench.processes import child
from nids.bench.timing import SAME_WORK, output_of, search_command, seconds_of, spread
from nids.errors import UserError
from nids.results import open_run

if TYPE_CHECKING:
    from nids.bench.timing import Row

SAME_QUALITY = Path(__file__).parent / "same_quality.toml"
TRIALS = 4


@dataclass(frozen=True)
class Plain:
    """A run of the plain loop: its seconds in all, its best value, a mean log-loss over the folds, and when it came."""

    seconds: float
    value: float
    until_value: float


def measure(rounds: int) -> list[Row]:
    """Run the plain loop, the same work by the search, and the search for the same quality, in turns."""
    plain, same, reached = [], [], []
    for seed in range(rounds):
        plain.append(_plain(seed))
        with tempfile.TemporaryDirectory() as storage:
            changes = (f"search.trials={TRIALS}", f"search.seed={seed}")
            same.append(seconds_of(search_command(SAME_WORK, storage, *changes)))
        reached.append(_seconds_to_reach(plain[-1].value, seed))
    return [
        (f"the same {TRIALS} trials: plain loop ÷ search, wall-clock", _ratio(plain, same)),
        ("plain loop", spread([p.seconds for p in plain], " s", 0)),
        ("search, with the start of the cluster and the folds", spread(same, " s", 0)),
        (f"the plain loop's {TRIALS} trials ÷ search until it has their best value", _ratio(plain, reached)),
        ("best mean log-loss of the plain loop", spread([p.value for p in plain], "", 3)),
        ("… which it reached after", spread([p.until_value for p in plain], " s", 0)),
        ("search with mild SMOTE, half the units and pruning, until it has that", spread(reached, " s", 0)),
    ]


def _plain(seed: int) -> Plain:
    command = [sys.executable, "-m", "nids.bench.plain_loop", "--trials", str(TRIALS), "--seed", str(seed)]
    started = time.perf_counter()
    lines = output_of(command).splitlines()
    seconds = time.perf_counter() - started
    progress = [tuple(map(float, line.split())) for line in lines]
    best = progress[-1][1]
    return Plain(seconds, best, next(after for after, value in progress if value == best))


def _seconds_to_reach(value: float, seed: int) -> float:
    """Return the seconds from a search's command until a trial of it has a value, after whichever epoch.

    The search then ends.
    """
    with tempfile.TemporaryDirectory() as storage:
        command = search_command(SAME_QUALITY, storage, f"search.seed={seed}")
        started = time.perf_counter()
        pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
        with child(command, **pipes) as search:
            while _best(storage) > value:
                if search.poll() is not None:
                    output = search.communicate()[1][-2000:]
                    raise RuntimeError(f"the search ended without a value of {value} or less\n{output}")
                time.sleep(0.5)
            seconds = time.perf_counter() - started
            # With no limit: the next one is not to be timed beside what is left of this one's cluster.
            search.terminate()
            search.communicate()
        return seconds


def _best(storage: str) -> float:
    try:
        values = open_run(storage, "bench").trials()["value"]
    except UserError:
        return float("inf")  # not started yet
    return float(values.min()) if values.notna().any() else float("inf")


def _ratio(plain: list[Plain], ours: list[float]) -> str:
    return spread([a.seconds / b for a, b in zip(plain, ours, strict=True)], "×")
