"""How each state of a trial is written and drawn."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from nids.charts.colours import BLUE, GREEN, GREY, ORANGE, VERMILION

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd


class TrialState(NamedTuple):
    """A state: its words, the colour and the shape of its mark in charts, and both in words."""

    words: str
    colour: str
    shape: str
    mark: str


# By Optuna's names, in the order in which tables and legends show them.
STATES: Mapping[str, TrialState] = MappingProxyType(
    {
        "COMPLETE": TrialState("complete", BLUE, "circle", "blue circle"),
        "PRUNED": TrialState("pruned", ORANGE, "triangle-down", "orange triangle"),
        # Optuna's running trials may be of a search that no longer runs.
        "RUNNING": TrialState("unfinished", GREEN, "diamond", "green diamond"),
        "FAIL": TrialState("failed", VERMILION, "cross", "red cross"),
    }
)
INFEASIBLE = "INFEASIBLE"
# How trials are marked: by their state, and a complete one that is beyond a limit of its search apart from the others.
MARKS: Mapping[str, TrialState] = MappingProxyType(
    {
        "COMPLETE": STATES["COMPLETE"],
        INFEASIBLE: TrialState("infeasible", GREY, "square", "grey square"),
        **STATES,
    }
)


def marks(trials: pd.DataFrame) -> pd.Series:
    """Return for each trial its key in ``MARKS``, with the index of the trials."""
    if "feasible" not in trials:
        return trials["state"]
    return trials["state"].mask((trials["state"] == "COMPLETE") & ~trials["feasible"], INFEASIBLE)
