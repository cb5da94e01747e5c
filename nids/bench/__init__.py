"""The benchmark: the search against what a user would write instead, and where its time and memory go."""

from __future__ import annotations

import platform
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nids.bench.measuring import Row


def measure(parts: Sequence[str], rounds: int, progress: Callable[[str], object]) -> str:
    """Return the table of some parts of the benchmark, in Markdown, headed by the machine's name.

    Args:
        parts: Keys of ``PARTS``.
        rounds: Repetitions of what is compared in turns.
        progress: Called with a line of text before and after each part.
    """
    import psutil

    from nids.search import cluster

    rows: list[Row] = []
    for name in parts:
        started = time.perf_counter()
        progress(f"{name} …")
        rows += PARTS[name](rounds)
        progress(f"{name}: {time.perf_counter() - started:.0f} s")
    machine = f"{cluster.processor()}, {psutil.cpu_count()} CPUs, {platform.platform()}"
    lines = ["| | | |", "| --- | --- | --- |", *(f"| {' | '.join(row)} |" for row in rows)]
    return "\n".join([machine, "", *lines])


def _folds(rounds: int) -> list[Row]:
    from nids.bench import folds

    return folds.measure(rounds)


def _overhead(_: int) -> list[Row]:
    from nids.bench import overhead

    return overhead.measure()


def _growth(_: int) -> list[Row]:
    from nids.bench import growth

    return growth.measure()


def _plain_loop(rounds: int) -> list[Row]:
    from nids.bench import against_plain_loop

    return against_plain_loop.measure(rounds)


PARTS: dict[str, Callable[[int], list[Row]]] = {
    "plain-loop": _plain_loop,
    "overhead": _overhead,
    "folds": _folds,
    "growth": _growth,
}
