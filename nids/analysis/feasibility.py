"""How many trials keep the constraints of their search."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nids.results import ranking

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from nids.metrics.limit import Limit


@dataclass(frozen=True)
class KeptLimit:
    """A limit: how many complete trials keep it, and the value of the one that comes nearest to it, or is farthest in.

    The value is NaN if no complete trial has the measure; ``trial`` is then None.
    """

    limit: Limit
    trials: int
    nearest: float
    trial: int | None


@dataclass(frozen=True)
class Feasibility:
    """Complete trials that were trained, and how many of these keep all limits, and each one."""

    complete: int
    feasible: int
    limits: tuple[KeptLimit, ...]


def feasibility(trials: pd.DataFrame, limits: Sequence[Limit]) -> Feasibility | None:
    """Return how many of a run's trials keep limits; None without limits.

    Args:
        trials: The run's trials, with ``feasible``.
        limits: Those of its job.
    """
    if not limits:
        return None
    complete = trials[(trials["state"] == "COMPLETE") & ranking.trained(trials)]
    kept = tuple(_kept(limit, complete) for limit in limits)
    return Feasibility(len(complete), int(complete["feasible"].sum()), kept)


def _kept(limit: Limit, complete: pd.DataFrame) -> KeptLimit:
    values = complete.set_index("trial")[limit.name].dropna().astype(float)
    trials = int(limit.holds(values).sum())
    if values.empty:
        return KeptLimit(limit, trials, math.nan, None)
    nearest: Any = values.idxmin() if limit.is_most else values.idxmax()
    return KeptLimit(limit, trials, float(values[nearest]), int(nearest))
