"""How long a search goes on: until its trials, its hours, or its patience are used up."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pandas as pd

from nids.metrics.formatting import counted
from nids.metrics.measure import is_better

if TYPE_CHECKING:
    from collections.abc import Iterable

    from optuna.trial import FrozenTrial

    from nids.config import Search

SECONDS_AN_HOUR = 3600.0


class Budget:
    """What is left of the hours and the patience of a search, of all its drivers together.

    The hours are those in which drivers have run trials: the pauses between drivers are none of them.

    Args:
        search: Says how much there is.
        ended: Trials that earlier drivers have ended.
        seconds: For how long earlier drivers have run trials.

    Attributes:
        search: As given.
        reason: Why no further trial begins; empty as long as one may.
    """

    def __init__(self, search: Search, ended: Iterable[FrozenTrial] = (), seconds: float = 0.0) -> None:
        self.search = search
        self._earlier = seconds
        self._started = time.monotonic()
        self._best: float | None = None
        self._no_better = 0
        self.reason = ""
        for trial in sorted(ended, key=lambda trial: trial.datetime_complete):
            if trial.state.name != "FAIL":
                self.take_in(trial.value if trial.state.name == "COMPLETE" else None)

    @property
    def seconds(self) -> float:
        """For how long drivers have run trials, this one until now."""
        return self._earlier + time.monotonic() - self._started

    @property
    def seconds_left(self) -> float | None:
        """What is left of the hours; None if there is no end to them."""
        hours = self.search.hours
        return None if hours is None else max(hours * SECONDS_AN_HOUR - self.seconds, 0.0)

    def take_in(self, value: float | None) -> None:
        """Count a trial that has ended without an error; ``value`` is None for one that was pruned."""
        better_than = self._best
        if better_than is not None:
            sign = -1.0 if self.search.direction == "min" else 1.0
            better_than += sign * self.search.min_improvement
        if value is not None and (better_than is None or is_better(value, better_than, self.search.direction)):
            self._best, self._no_better = value, 0
        else:
            self._no_better += 1

    def is_spent(self) -> bool:
        """Return whether no further trial is to begin; ``reason`` then says why."""
        patience = self.search.patience
        if self.seconds_left == 0.0:
            self.reason = f"the hours of the search are over (search.hours = {self.search.hours:g})"
        elif patience is not None and self._best is not None and self._no_better >= patience:
            self.reason = f"{counted(self._no_better, 'trial')} in a row were no better (search.patience = {patience})"
        return bool(self.reason)


def searched_seconds(trials: pd.DataFrame) -> float:
    """Return for how long at least one of some trials ran: what is known of it where no status tells.

    Args:
        trials: The run store's trials: started, seconds.
    """
    spans = trials[["started", "seconds"]].dropna().sort_values("started")
    searched, until = 0.0, pd.Timestamp.min.tz_localize("UTC")
    for started, seconds in spans.itertuples(index=False):
        ended = started + pd.Timedelta(seconds=seconds)
        if ended > until:
            searched += (ended - max(started, until)).total_seconds()
            until = ended
    return searched
