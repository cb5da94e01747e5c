"""The benchmark: the search against what a user would write instead, and where its time and its memory go."""

from __future__ import annotations

import platform
import time
from typing import TYPE_CHECKING

from nids.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nids.bench.timing import Row

# In the order in which they are measured; each is a module of this package.
SPEED = (
    *("overhead", "folds", "side-by-side", "mapped-trials", "efficiency", "growth", "nodes", "rows", "dashboard"),
    "against-plain-loop",
)
# What tells nothing of speed is only measured if it is named.
PARTS = (*SPEED, "chaos", "samplers", "more-trials", "warm-start", "repeats", "ablation")


def measure(parts: Sequence[str], rounds: int, progress: Callable[[str], object], storage: str | None = None) -> str:
    """Return the table of some parts of the benchmark, or of ``SPEED``, in Markdown, headed by the machine's name.

    Args:
        parts: Some of ``PARTS``; none of them stands for ``SPEED``.
        rounds: Repetitions of what is compared in turns.
        progress: Called with a line of text before and after each part.
        storage: Where the short searches of some parts stay, and a picture of them; those that have ended there are not
            run again. None: nowhere.

    Raises:
        UserError: There is no such part, or NSL-KDD cannot be found.
    """
    if unknown := [name for name in parts if name not in PARTS]:
        raise UserError(f"{unknown[0]}: there is no such part of the benchmark; its parts are {', '.join(PARTS)}.")
    import joblib

    from nids.cluster import connection

    rows: list[Row] = []
    for name in parts or SPEED:
        started = time.perf_counter()
        progress(f"{name} …")
        measured = _measure(name, rounds, progress, storage)
        progress("\n".join([f"{name}: {time.perf_counter() - started:.0f} s", *map(str, measured)]))
        rows += measured
    machine = f"{connection.processor()}, {joblib.cpu_count()} CPUs, {platform.platform()}"
    lines = ["| measured | |", "| --- | --- |", *(f"| {' | '.join(row)} |" for row in rows)]
    return "\n".join([machine, "", *lines])


def _measure(part: str, rounds: int, progress: Callable[[str], object], storage: str | None) -> list[Row]:
    from nids.bench import (
        ablation,
        against_plain_loop,
        chaos,
        dashboard,
        folds,
        gpu_sharing,
        many_nodes,
        many_rows,
        many_trials,
        mapped_trials,
        more_trials,
        samplers,
        time_breakdown,
        trial_overhead,
        warm_start,
        winners_again,
    )

    measures: dict[str, Callable[[], list[Row]]] = {
        "ablation": lambda: ablation.measure(storage, progress),
        "against-plain-loop": lambda: against_plain_loop.measure(rounds),
        "chaos": lambda: chaos.measure(progress),
        "dashboard": lambda: dashboard.measure(rounds),
        "efficiency": time_breakdown.measure,
        "overhead": trial_overhead.measure,
        "folds": lambda: folds.measure(rounds),
        "growth": many_trials.measure,
        "mapped-trials": mapped_trials.measure,
        "more-trials": lambda: more_trials.measure(rounds, storage, progress),
        "nodes": lambda: many_nodes.measure(progress),
        "repeats": lambda: winners_again.measure(rounds, storage, progress),
        "samplers": lambda: samplers.measure(rounds, storage, progress),
        "warm-start": lambda: warm_start.measure(rounds, storage, progress),
        "rows": lambda: many_rows.measure(progress),
        "side-by-side": gpu_sharing.measure,
    }
    return measures[part]()
