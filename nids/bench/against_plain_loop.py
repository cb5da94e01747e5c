"""The search against what a user would write instead: the same work, and the time to the same quality."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from nids.bench.measuring import Row, output_of, spread
from nids.errors import UserError
from nids.results import open_run
from nids.stopwatch import PARTS

if TYPE_CHECKING:
    from nids.results import Run

HERE = Path(__file__).parent
SAME_WORK, SAME_QUALITY = HERE / "same_work.toml", Path("jobs/quick.toml")
TRIALS = 4
NAMES = {
    "training": "training steps",
    "validation": "validation steps",
    "data": "gathering batches",
    "tracing": "building and tracing networks",
    "trials": "the rest of the trials: figures, states of the folds, reports",
    "start": "before the first trial: commands, cluster, rows, folds, processes and what they import",
    "idle": "slots without a trial, between trials and while the last one ends",
    "end": "after the last trial: report, end of the cluster",
}


@dataclass(frozen=True)
class Plain:
    """A run of the plain loop: its seconds in all, and its best value."""

    seconds: float
    value: float


def measure(rounds: int) -> list[Row]:
    """Run the plain loop, the same work by the search, and the search for the same quality, in turns."""
    plain, same, reached, shares = [], [], [], []
    for i in range(rounds):
        plain.append(_plain(seed=i))
        with tempfile.TemporaryDirectory() as storage:
            begun = datetime.now(UTC)
            command = _search(SAME_WORK, storage, i, "--set", f"search.trials={TRIALS}")
            output_of(command)
            ended = datetime.now(UTC)
            same.append((ended - begun).total_seconds())
            shares.append(_shares(open_run(storage, "bench"), begun, ended))
        reached.append(_seconds_to_reach(plain[-1].value, seed=i))
    inside = [share["training"] + share["validation"] for share in shares]
    alone = [share["training"] for share in shares]
    rows = [
        ("1", f"the same {TRIALS} trials: plain loop ÷ search, wall-clock", _ratio(plain, same)),
        ("", "plain loop", spread([p.seconds for p in plain], " s", 0)),
        ("", "search, with the start of the cluster and the folds", spread(same, " s", 0)),
        ("2", f"the plain loop's {TRIALS} trials ÷ search until it has their best value", _ratio(plain, reached)),
        ("", "best mean log-loss of the plain loop", spread([p.value for p in plain], "", 3)),
        ("", "search with pruning until its best is at most that", spread(reached, " s", 0)),
        ("3", "seconds inside steps ÷ (wall-clock × slots), whole command", spread(inside, "", 3)),
        ("", "… inside training steps alone", spread(alone, "", 3)),
    ]
    rows += [("", f"… {NAMES[part]}", spread([100 * s[part] for s in shares], " %", 1)) for part in NAMES]
    return rows


def _plain(seed: int) -> Plain:
    command = [sys.executable, str(HERE / "plain_loop.py"), "--trials", str(TRIALS), "--seed", str(seed)]
    started = time.perf_counter()
    lines = output_of(command).splitlines()
    return Plain(time.perf_counter() - started, float(lines[-1].split()[1]))


def _search(job: Path, storage: str, seed: int, *options: str) -> list[str]:
    command = [sys.executable, "-m", "nids.cli", "search", str(job), "--storage", storage, "--name", "bench"]
    return [*command, "--set", f"search.seed={seed}", *options]


def _seconds_to_reach(value: float, seed: int) -> float:
    """Return the seconds from a search's command until a trial of it has reached a value; the search then ends."""
    with tempfile.TemporaryDirectory() as storage:
        command = _search(SAME_QUALITY, storage, seed, "--set", "search.trials=60")
        started = time.perf_counter()
        search = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            while search.poll() is None:
                time.sleep(0.5)
                if _best(storage) <= value:
                    return time.perf_counter() - started
        finally:
            search.send_signal(signal.SIGINT)
            search.wait()
    raise SystemExit(f"the search ended without a value of {value} or less")


def _best(storage: str) -> float:
    try:
        values = open_run(storage, "bench").trials()["value"]
    except UserError:
        return float("inf")  # not begun yet
    return float(values.min()) if values.notna().any() else float("inf")


def _shares(run: Run, begun: datetime, ended: datetime) -> dict[str, float]:
    """Return the share of a command's wall-clock time × slots that went into each of ``NAMES``."""
    trials, curves = run.trials(), run.curves()
    slots = int(run.manifest["machine"]["cpus"])
    first, last = trials["started"].min(), trials["ended"].max()
    steps = {part: float(curves[f"{part}_seconds"].sum()) for part in PARTS}
    in_trials = float((trials["ended"] - trials["started"]).dt.total_seconds().sum())
    seconds = {
        **steps,
        "trials": in_trials - sum(steps.values()),
        "start": (first - begun).total_seconds() * slots,
        "idle": (last - first).total_seconds() * slots - in_trials,
        "end": (ended - last).total_seconds() * slots,
    }
    whole = (ended - begun).total_seconds() * slots
    return {part: value / whole for part, value in seconds.items()}


def _ratio(plain: list[Plain], ours: list[float]) -> str:
    return spread([a.seconds / b for a, b in zip(plain, ours, strict=True)], "×")


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    print(measure(rounds=1))
