"""How each state of a trial is written and drawn."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from nids.charts.colours import BLUE, GREEN, ORANGE, VERMILION

if TYPE_CHECKING:
    from collections.abc import Mapping


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
