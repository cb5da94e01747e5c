"""Which trials are no worse than all others in two figures at once: the Pareto front."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from nids.metrics.measures import ON_FOLDS, described, label

if TYPE_CHECKING:
    from collections.abc import Sequence

SECONDS = "seconds"


class Axes(NamedTuple):
    """Two figures of trials, each one of ``offered``."""

    vertical: str
    horizontal: str


def offered(trials: pd.DataFrame) -> list[str]:
    """Return the figures of the run store's trials that some complete trial has, and the time that it took."""
    complete = trials[trials["state"] == "COMPLETE"]
    return [name for name in (*ON_FOLDS, SECONDS) if name in complete and complete[name].notna().any()]


def defaults(metric: str, figures: Sequence[str]) -> Axes:
    """Return what to weigh at first: what the search went by against what it may have been paid with.

    That is false alarms, or else time.

    Args:
        metric: The run's metric.
        figures: What ``offered`` returned, two or more.
    """
    vertical = metric if metric in figures else figures[0]
    others = [name for name in figures if name != vertical]
    horizontal = next((name for name in ("false_alarm_rate", SECONDS) if name in others), others[0])
    return Axes(vertical, horizontal)


def weighable(trials: pd.DataFrame, axes: Axes) -> pd.DataFrame:
    """Return the complete trials that have both figures.

    A pruned trial's figures are of the epoch at which it was stopped, so it is none of them.
    """
    complete = trials[trials["state"] == "COMPLETE"]
    return complete[complete[[*axes]].astype(float).abs().lt(np.inf).all(axis=1)]


def front(trials: pd.DataFrame, axes: Axes) -> pd.Series:
    """Return which trials are on the Pareto front of two figures: bool, with the index of the trials.

    A trial is on it if it is ``weighable`` and no other such trial is at least as good in both figures and better in
    one.

    Args:
        trials: The run store's trials.
        axes: The figures.
    """
    signs = [1.0 if described(name).direction == "min" else -1.0 for name in axes]
    costs = weighable(trials, axes)[[*axes]] * signs
    # Trials with the same two figures are on the front together, or not at all.
    pairs = costs.drop_duplicates().sort_values([*axes])
    earlier = pairs[axes.horizontal].cummin().shift(fill_value=np.inf)
    best = pd.MultiIndex.from_frame(pairs[pairs[axes.horizontal] < earlier])
    found = pd.Series(False, index=trials.index)
    found[costs.index] = pd.MultiIndex.from_frame(costs).isin(best)
    return found


def in_words(trials: pd.DataFrame, axes: Axes) -> str:
    """Return how many of a run's trials are on the front, in a sentence."""
    weighed, on_front = weighable(trials, axes), front(trials, axes)
    count, names = int(on_front.sum()), f"{label(axes.vertical)} and {label(axes.horizontal)}"
    if len(weighed) < 2:
        return f"{'One complete trial has' if len(weighed) else 'No complete trial has'} {names}: nothing to weigh yet."
    if count == 1:
        number = int(trials.loc[on_front, "trial"].iloc[0])
        return f"Nothing to trade: trial {number} is the best of {len(weighed):,} complete trials in both {names}."
    return (
        f"{count:,} of {len(weighed):,} complete trials are on the front of {names}: no trial beats one of them in one "
        "of these without losing in the other."
    )
