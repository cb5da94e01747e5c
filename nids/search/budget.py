"""How long a search goes on: until its trials, its hours, or its patience are used up."""

from __future__ import annotations

import time
from datetime import datetime
from typing import TYPE_CHECKING

import pandas as pd

from nids.metrics.formatting import counted

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
        key: The key of the search that says how much there is of what is used up.
    """

    def __init__(self, search: Search, ended: Iterable[FrozenTrial] = (), seconds: float = 0.0) -> None:
        self.search = search
        self._earlier = seconds
        self._started = time.monotonic()
        self._best: list[tuple[float, ...]] = []  # costs of the trials that no other one is better than
        self._no_better = 0
        self.reason = self.key = ""
        for trial in sorted(ended, key=lambda trial: trial.datetime_complete or datetime.min):
            self.take_in(trial)

    @property
    def seconds(self) -> float:
        """For how long drivers have run trials, this one until now."""
        return self._earlier + time.monotonic() - self._started

    @property
    def seconds_left(self) -> float | None:
        """What is left of the hours; None if there is no end to them."""
        hours = self.search.hours
        return None if hours is None else max(hours * SECONDS_AN_HOUR - self.seconds, 0.0)

    def take_in(self, trial: FrozenTrial) -> None:
        """Count a trial that has ended; one that failed says nothing.

        One that was pruned, or does not keep a constraint, is no better than others. Of several objectives, a trial is
        better if no earlier one is at least as good in all of them.
        """
        if trial.state.name == "FAIL":
            return
        values = trial.values if trial.state.name == "COMPLETE" and is_feasible(trial) else ()
        signs = [1.0 if direction == "min" else -1.0 for direction in self.search.directions]
        costs = tuple(sign * value for sign, value in zip(signs, values, strict=False))
        least = self.search.min_improvement
        if not costs or any(
            all(other - least <= cost for other, cost in zip(best, costs, strict=True)) for best in self._best
        ):
            self._no_better += 1
            return
        self._best = [best for best in self._best if any(a < b for a, b in zip(best, costs, strict=True))]
        self._best.append(costs)
        self._no_better = 0

    def is_spent(self) -> bool:
        """Return whether no further trial is to begin; ``reason`` then says why."""
        patience = self.search.patience
        if self.seconds_left == 0.0:
            self.key = "hours"
            self.reason = f"the hours of the search are over (search.hours = {self.search.hours:g})"
        elif patience is not None and self._best and self._no_better >= patience:
            self.key = "patience"
            self.reason = f"{counted(self._no_better, 'trial')} in a row were no better (search.patience = {patience})"
        return bool(self.reason)


def is_feasible(trial: FrozenTrial) -> bool:
    """Return whether an ended trial keeps all constraints."""
    return all(excess <= 0 for excess in trial.constraints.values())


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
