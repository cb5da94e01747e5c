"""Which trials are no worse than all others in two figures at once: the Pareto front."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from nids.charts import label
from nids.results import FIGURES

if TYPE_CHECKING:
    from collections.abc import Sequence

SECONDS = "seconds"
LESS_IS_BETTER = frozenset({"log_loss", "false_alarms", SECONDS})


def words(figure: str) -> str:
    """Return what a figure is called."""
    return "time of the trial" if figure == SECONDS else label(figure)


def offered(trials: pd.DataFrame) -> list[str]:
    """Return the figures of the run store's trials that some complete trial has, and the time that it took."""
    complete = trials[trials["state"] == "COMPLETE"]
    return [name for name in (*FIGURES, SECONDS) if name in complete and complete[name].notna().any()]


def opposed(metric: str, figures: Sequence[str]) -> str:
    """Return the figure that a search by a metric is most at risk of paying with: false alarms, or else time."""
    return "false_alarms" if metric != "false_alarms" and "false_alarms" in figures else SECONDS


def front(trials: pd.DataFrame, first: str, second: str) -> pd.Series:
    """Return which trials are on the Pareto front of two figures: bool, with the index of the trials.

    A complete trial is on it unless another complete one is at least as good in both figures and better in one. Others
    are not: the figures of a pruned trial are of the epoch at which it was stopped.

    Args:
        trials: The run store's trials.
        first: One of ``offered``.
        second: Another one.
    """
    complete = trials[trials["state"] == "COMPLETE"]
    costs = pd.DataFrame({name: complete[name] * (1.0 if name in LESS_IS_BETTER else -1.0) for name in (first, second)})
    # Trials with the same two figures are on the front together, or not at all.
    pairs = costs.dropna().drop_duplicates().sort_values([first, second])
    earlier = pairs[second].cummin().shift(fill_value=np.inf)
    best = pd.MultiIndex.from_frame(pairs[pairs[second] < earlier])
    found = pd.Series(False, index=trials.index)
    found[costs.index] = pd.MultiIndex.from_frame(costs).isin(best)
    return found


def in_words(trials: pd.DataFrame, on_front: pd.Series, first: str, second: str) -> str:
    """Return how many trials are on the front, in a sentence."""
    count = int(on_front.sum())
    complete = int((trials["state"] == "COMPLETE").sum())
    names = f"{words(first)} and {words(second)}"
    if complete == 1:
        return "There is one complete trial, so nothing to weigh yet."
    if count == 1:
        number = int(trials.loc[on_front, "trial"].iloc[0])
        return f"Nothing to trade: trial {number} is the best of {complete:,} complete trials in both {names}."
    return (
        f"{count:,} of {complete:,} complete trials are on the front of {names}: no trial beats one of them in one of "
        "these without losing in the other."
    )
