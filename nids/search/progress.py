"""What a person sees while a search runs: a live bar in a terminal, a line for each trial's end elsewhere."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING, Self

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from nids.results import ranking

if TYPE_CHECKING:
    from rich.console import Console

    from nids.config import Search
    from nids.search.callback import Counts
    from nids.search.record import Record

SECONDS_BETWEEN_LINES = 30.0


class SearchProgress:
    """Shows trials done, running, pruned and failed, the best so far, and the time left.

    Args:
        console: Where to.
        search: Names the metric and says whether less is better.
        slots: Trials that run at once.
        best: Best value of earlier drivers, with its trial's number.
    """

    def __init__(self, console: Console, search: Search, slots: int, best: tuple[float, int] | None) -> None:
        self._console = console
        self._search = search
        self._slots = slots
        self._best = best
        self._seconds: list[float] = []
        self._last_line = time.monotonic()
        self._bar = Progress(
            TextColumn("[bold]{task.completed}/{task.total} trials"),
            BarColumn(bar_width=24),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("starting", total=None)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def update(self, record: Record | None, counts: Counts) -> None:
        """Take in a change of a trial, or the passing of time."""
        done = counts["complete"] + counts["pruned"] + counts["failed"]
        if record is not None and record.last is not None and record.state in {"RUNNING", "COMPLETE"}:
            self._keep_best(record.last["value"], record.number)
        if record is not None and record.ended is not None:
            self._seconds.append((record.ended - record.started).total_seconds())
            self._say(_ended(record, self._search.metric))
        text = self._line(counts, done)
        self._bar.update(self._task, total=counts["total"], completed=done, description=text)
        if not self._console.is_terminal and time.monotonic() - self._last_line > SECONDS_BETWEEN_LINES:
            self._say(f"{done}/{counts['total']} trials · {text}")
            self._last_line = time.monotonic()

    def _say(self, line: str) -> None:
        # A log's lines are not to be broken at the width of a terminal that is not there.
        self._console.print(line, highlight=False, soft_wrap=True, markup=False)

    def _keep_best(self, value: float, number: int) -> None:
        if self._best is None or ranking.is_better(value, self._best[0], self._search.direction):
            self._best = (value, number)

    def _line(self, counts: Counts, done: int) -> str:
        parts = [f"{counts['running']} running", f"{counts['pruned']} pruned", f"{counts['failed']} failed"]
        if self._best is not None:
            parts.append(f"best {self._search.metric} {self._best[0]:.4f} (trial {self._best[1]})")
        if self._seconds and done < counts["total"]:
            left = (counts["total"] - done) * sum(self._seconds) / len(self._seconds) / self._slots
            parts.append(f"about {timedelta(seconds=round(left))} left")
        return " · ".join(parts)


def _ended(record: Record, metric: str) -> str:
    seconds = (record.ended - record.started).total_seconds() if record.ended else 0.0
    if record.error:
        return f"trial {record.number} failed after {seconds:.0f} s: {record.error}"
    if record.last is None:
        return f"trial {record.number} ended without a result"
    verb = "complete" if record.state == "COMPLETE" else "pruned"
    return (
        f"trial {record.number} {verb} after {record.last['epoch']} epochs, {seconds:.0f} s: "
        f"{metric} {record.last['value']:.4f}"
    )
