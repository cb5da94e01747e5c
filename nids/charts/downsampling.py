"""Fewer rows for the browser, chosen so that a chart's message stays the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nids.results import ranking

if TYPE_CHECKING:
    import pandas as pd

    from nids.metrics.measure import Direction

# What a browser of two slow processors draws within a second, whole pages of it. A line has a point on each axis.
MOST_MARKS = 500
MOST_LINES = 60
MOST_SLICED = 200
MOST_ROWS = 1000


def thin_history(data: pd.DataFrame, most: int = MOST_MARKS) -> pd.DataFrame:
    """Return ``data`` of ``optimization_history`` or ``hypervolume_history`` with at most about ``most`` rows.

    All rows at which the best value changes are kept, with the first and the last, so that the line of the best one is
    exact; of the others, every n-th is.
    """
    if len(data) <= most:
        return data
    best = data["best"]
    kept = (best.ne(best.shift()) & best.notna()).to_numpy(copy=True)
    kept[[0, -1]] = True
    others = np.flatnonzero(~kept)
    room = max(most - int(kept.sum()), 1)
    kept[others[:: max(1, -(-len(others) // room))]] = True
    return data[kept].reset_index(drop=True)


def best_first(trials: pd.DataFrame, direction: Direction, most: int) -> pd.DataFrame:
    """Return at most ``most`` trials: the best tenth of these from the best ones, and every n-th of the others.

    Args:
        trials: The run store's trials.
        direction: "min" or "max".
        most: The most rows to return.
    """
    if len(trials) <= most:
        return trials
    first = ranking.ordered(trials, direction).index[: most // 10]
    others = trials.index.difference(first)
    kept = first.union(others[:: -(-len(others) // (most - len(first)))])
    return trials.loc[kept]


def in_words(shown: int, of: int, what: str) -> str:
    """Return what a chart leaves out; empty if it shows all."""
    if shown == of:
        return ""
    return f"Shows {shown:,} of {of:,} {what}: the best ones and an even sample of the others."
