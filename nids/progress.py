"""How far some work is: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Self

from rich.progress import BarColumn, Progress, ProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

if TYPE_CHECKING:
    from rich.console import Console

SECONDS_BETWEEN_LINES = 30.0


class ProgressDisplay:
    """Shows how much of some work is done, for as long as it is entered.

    In a terminal it is a bar. Elsewhere, as in a log file, it is a line at most every ``SECONDS_BETWEEN_LINES``.

    Args:
        console: Where it is shown.
        total: How much there is to do; None if nobody knows.
        unit: What is counted, such as "trials"; without it, the share that is done is shown.
        time_left: Whether the bar estimates the time left from the pace so far.
    """

    def __init__(self, console: Console, total: int | None, unit: str | None = None, *, time_left: bool = True) -> None:
        self._console = console
        self._total = total
        self._unit = unit
        self._done = 0
        self._text = ""
        self._last_line = time.monotonic()
        columns: list[ProgressColumn] = [
            TextColumn("{task.fields[count]}", style="bold", markup=False),
            BarColumn(bar_width=24),
            TextColumn("{task.description}", markup=False),
            TimeElapsedColumn(),
        ]
        if time_left:
            columns.append(TimeRemainingColumn())
        self._bar = Progress(*columns, console=console, disable=not console.is_terminal)
        self._task = self._bar.add_task("", total=total, count=self._count())

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def update(self, done: int, text: str = "") -> None:
        """Show how much is done, and what else there is to say."""
        self._done, self._text = done, text
        self._bar.update(self._task, completed=done, description=text, count=self._count())
        if not self._console.is_terminal and time.monotonic() - self._last_line > SECONDS_BETWEEN_LINES:
            self.print(f"{self._count()} · {text}" if text else self._count())
            self._last_line = time.monotonic()

    def advance(self) -> None:
        """Show that one more is done."""
        self.update(self._done + 1, self._text)

    def describe(self, text: str) -> None:
        """Show what is being done."""
        self.update(self._done, text)

    def print(self, line: str) -> None:
        """Print a line that stays, however long it is."""
        self._console.print(line, highlight=False, soft_wrap=True, markup=False)

    def _count(self) -> str:
        if self._unit is None:
            return f"{100 * self._done / self._total if self._total else 100:.0f} %"
        return f"{self._done:,}{'' if self._total is None else f'/{self._total:,}'} {self._unit}"
