"""Which trials of a run are the best. Search, report, dashboard and finalization rank by nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from nids.metrics.measure import Direction


def best_row(trials: pd.DataFrame, direction: Direction) -> pd.Series | None:
    """Return the row of the best complete trial, the first of equal ones, or None if no trial is complete.

    Args:
        trials: The run store's trials.
        direction: "min" or "max".
    """
    complete = trials[(trials["state"] == "COMPLETE") & trials["value"].notna()]
    if complete.empty:
        return None
    return complete.sort_values(["value", "trial"], ascending=[direction == "min", True]).iloc[0]


def complete_first(trials: pd.DataFrame, direction: Direction) -> pd.DataFrame:
    """Return trials by their value, the best first.

    A pruned trial's value is of an early epoch, so the complete ones come first whatever it is.

    Args:
        trials: The run store's trials.
        direction: "min" or "max".
    """
    order = trials.assign(complete=trials["state"] == "COMPLETE").sort_values(
        ["complete", "value", "trial"], ascending=[False, direction == "min", True]
    )
    return order.drop(columns="complete")
