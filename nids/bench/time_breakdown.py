"""Where the time of a search goes, from its command to its last line."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import joblib

from nids.bench.timing import SAME_WORK, output_of, search_command
from nids.results import open_run
from nids.training.timer import PARTS

if TYPE_CHECKING:
    import pandas as pd

    from nids.bench.timing import Row

TRIALS_A_SLOT = 4
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


def measure() -> list[Row]:
    """Run one search, of several trials for each core, and take its time apart."""
    slots = joblib.cpu_count()
    trials = TRIALS_A_SLOT * slots
    changes = (f"search.trials={trials}", f"resources.max_concurrent={slots}")
    with tempfile.TemporaryDirectory() as storage:
        started = datetime.now(UTC)
        output_of(search_command(SAME_WORK, storage, *changes))
        ended = datetime.now(UTC)
        run = open_run(storage, "bench")
        parts = shares(run.trials(), run.curves(), started, ended, slots)
    title = f"of wall-clock × {slots} slots, the whole command of a search of {trials} trials: training steps"
    rest = [(f"… {NAMES[part]}", f"{100 * parts[part]:.1f} %") for part in NAMES if part != "training"]
    return [(title, f"{100 * parts['training']:.1f} %"), *rest]


def shares(
    trials: pd.DataFrame, curves: pd.DataFrame, started: datetime, ended: datetime, slots: int
) -> dict[str, float]:
    """Return the share of wall-clock time × slots that went into each of ``NAMES``; together they are 1.

    Args:
        trials: The run's table of trials.
        curves: The run's table of epochs.
        started: When the command was given.
        ended: When it had ended.
        slots: Trials at once.
    """
    first, last = trials["started"].min(), trials["ended"].max()
    steps = {part: float(curves[f"{part}_seconds"].sum()) for part in PARTS}
    in_trials = float((trials["ended"] - trials["started"]).dt.total_seconds().sum())
    seconds = {
        **steps,
        "trials": in_trials - sum(steps.values()),
        "start": (first - started).total_seconds() * slots,
        "idle": (last - first).total_seconds() * slots - in_trials,
        "end": (ended - last).total_seconds() * slots,
    }
    whole = (ended - started).total_seconds() * slots
    return {part: value / whole for part, value in seconds.items()}
