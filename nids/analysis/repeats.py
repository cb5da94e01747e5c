"""What the best trials of a search came to when they were trained again."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pandas as pd
from scipy import stats

from nids.command_line import command_on
from nids.metrics.formatting import counted
from nids.metrics.formatting import value as formatted
from nids.metrics.measures import label
from nids.results import ranking

if TYPE_CHECKING:
    from nids.results import Run

LEVEL = 0.95
TITLE = "The best trials, trained again with other seeds and other splits of the same rows"


def repeated_trials(run: Run, trials: pd.DataFrame) -> pd.DataFrame:
    """Return the trials that were trained again, the best first by that.

    Args:
        run: The run.
        trials: Its trials.

    Returns:
        Columns trial, first (the value in the search), mean, low, high, repeats, failed. Low and high are Student's
        95 % interval of the mean over seeds and splits of the same rows, NaN of a single repeat; other rows can differ
        more.
    """
    again, rows = run.repeats(), []
    for trial, of_trial in again.groupby("trial"):
        values = of_trial["value"].dropna()
        count, mean = len(values), values.mean()
        half = (
            stats.t.ppf((1 + LEVEL) / 2, count - 1) * values.std(ddof=1) / math.sqrt(count) if count > 1 else math.nan
        )
        first = trials.loc[trials["trial"] == trial, "value"].iloc[0]
        rows.append((trial, first, mean, mean - half, mean + half, count, len(of_trial) - count))
    table = pd.DataFrame(rows, columns=["trial", "first", "mean", "low", "high", "repeats", "failed"])
    return table.sort_values("mean", ascending=run.direction == "min", ignore_index=True)


def in_words(run: Run, trials: pd.DataFrame, table: pd.DataFrame) -> list[str]:
    """Return what the repeats say of the winner of the search; nothing if there are none.

    Args:
        run: The run.
        trials: Its trials.
        table: What ``repeated_trials`` returned for them.
    """
    if table.empty:
        return []
    metric, best = run.manifest.metric, ranking.ordered(trials, run.direction, as_searched=True).iloc[0]
    (winner,) = table[table["trial"] == best["trial"]].to_dict("records") or [None]
    if winner is None:
        return [
            f"Trial {best['trial']}, the best of the search, has not been trained again, so that trials rank as they "
            f"were searched. `{command_on(run.uri, 'repeat')}` trains it."
        ]
    first, mean = formatted(metric, winner["first"]), formatted(metric, winner["mean"])
    told = f"Trial {winner['trial']} was the best of the search with a {label(metric)} of {first}; trained again "
    told += f"{counted(winner['repeats'], 'time')}, with other seeds and on other folds, it has {mean} on average."
    leader = ranking.ordered(trials, run.direction).iloc[0]
    compared = counted(int(trials["repeated_value"].notna().sum()), "trial") if "repeated_value" in trials else ""
    if not compared:
        return [told]
    if leader["trial"] == winner["trial"]:
        return [f"{told} It is still the best of {compared} that can be compared so."]
    return [
        f"{told} Of {compared} that can be compared so, trial {leader['trial']} is the best, with "
        f"{formatted(metric, leader['repeated_value'])}."
    ]
