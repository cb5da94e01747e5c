"""What a person sees while a search runs: a live bar in a terminal, a line for each trial's end elsewhere."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Self

from nids.analysis.eta import seconds_left
from nids.metrics.formatting import counted, duration
from nids.metrics.formatting import value as formatted
from nids.metrics.measure import is_better
from nids.metrics.measures import label
from nids.progress import ProgressDisplay

if TYPE_CHECKING:
    from rich.console import Console

    from nids.search.budget import Budget
    from nids.search.callback import Counts
    from nids.search.record import Record


class SearchProgress:
    """Shows trials done, running, pruned and failed, the best so far, and the time left.

    Args:
        console: Where to.
        budget: What the search may take, and what is left of that.
        slots: Trials that run at once.
        best: Best value of earlier drivers, with its trial's number.
    """

    def __init__(self, console: Console, budget: Budget, slots: int, best: tuple[float, int] | None) -> None:
        self._display = ProgressDisplay(console, budget.search.most_trials, "trials", time_left=False)
        self._budget = budget
        self._search = budget.search
        self._slots = slots
        self._best = best
        self._seconds: list[float] = []  # of the complete and the pruned trials
        self._has_complete = False
        self._running: dict[int, Record] = {}

    def __enter__(self) -> Self:
        self._display.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._display.__exit__(*error)

    def update(self, record: Record | None, counts: Counts) -> None:
        """Take in a change of a trial, or the passing of time."""
        done = counts["complete"] + counts["pruned"] + counts["failed"]
        if record is not None:
            self._take_in(record)
        self._display.update(done, self._text(counts, done))

    def print(self, line: str) -> None:
        """Print a line that stays."""
        self._display.print(line)

    def _take_in(self, record: Record) -> None:
        # As in the report, and wherever trials are ranked; a duplicate is no better than the trial at its point.
        if record.state == "COMPLETE" and record.last is not None and record.duplicate_of is None:
            figures = record.best["means"] if record.best else {}
            if all(limit.excess(figures[limit.name]) <= 0 for limit in self._search.limits):
                self._keep_best(record.last["value"], record.number)
        self._running[record.number] = record
        if record.ended is not None:
            del self._running[record.number]
            if record.state != "FAIL" and record.duplicate_of is None:
                self._has_complete |= record.state == "COMPLETE"
                self._seconds.append(record.seconds)
            self._display.print(_ended(record, self._search.measures[0]))

    def _keep_best(self, value: float, number: int) -> None:
        if self._best is None or is_better(value, self._best[0], self._search.direction):
            self._best = (value, number)

    def _text(self, counts: Counts, done: int) -> str:
        parts = [f"{counts['running']} running", f"{counts['pruned']} pruned", f"{counts['failed']} failed"]
        metric = self._search.measures[0]
        if counts["duplicates"]:
            parts.append(f"{counts['duplicates']} duplicates")
        if self._best is not None:
            parts.append(f"best {label(metric)} {formatted(metric, self._best[0])} (trial {self._best[1]})")
        # The first to end are pruned ones, which tell nothing of how long others take.
        if self._has_complete and done < counts["total"]:
            each = sum(self._seconds) / len(self._seconds)
            elapsed = [record.seconds for record in self._running.values()]
            left = seconds_left(each, counts["total"] - done, elapsed, self._slots)
            if (hours_left := self._budget.seconds_left) is not None:
                # Those that run then go on to their end.
                left = min(left, max(hours_left, seconds_left(each, len(elapsed), elapsed, max(len(elapsed), 1))))
            elif self._search.most_trials is None:
                return " · ".join(parts)
            # A trial that already takes longer than the others did says nothing about when it will end.
            parts.append(f"about {timedelta(seconds=round(left))} left" if round(left) else "longer than estimated")
        return " · ".join(parts)


def _ended(record: Record, metric: str) -> str:
    if record.duplicate_of is not None and not record.error:
        came = f"{label(metric)} {formatted(metric, record.last['value'])}" if record.last else "pruned"
        return f"trial {record.number} is at the point of trial {record.duplicate_of}: {came}"
    if record.error:
        return f"trial {record.number} failed after {duration(record.seconds)}: {record.error}"
    if record.last is None:
        return f"trial {record.number} ended without a result"
    verb = "complete" if record.state == "COMPLETE" else "pruned"
    return (
        f"trial {record.number} {verb} after {counted(record.last['epoch'], 'epoch')}, {duration(record.seconds)}: "
        f"{label(metric)} {formatted(metric, record.last['value'])}"
    )
