"""What a measure is: a figure of a classifier, or of what it costs, with all that there is to know about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

    from nids.metrics.judged_rows import JudgedRows

Direction = Literal["min", "max"]
Unit = Literal["share", "area", "nats", "seconds", "count"]


def is_better(value: float, than: float, direction: Direction) -> bool:
    """Return whether a value is better than another one; NaN is not."""
    return value < than if direction == "min" else value > than


@dataclass(frozen=True)
class Measure:
    """A figure of a classifier, or of what it costs.

    Attributes:
        name: As columns of tables and job files have it.
        label: Its words.
        direction: Whether less of it is better ("min"), or more ("max").
        unit: "share" (a fraction, shown in per cent), "area" (under a curve, or a correlation, up to 1), "nats",
            "seconds" or "count".
        log_scale: Whether an axis of it is logarithmic.
        compute: Returns it for the validation rows of one fold; None if it is not computed from a fold's rows.
        needs_unseen: Whether it exists only where attack types were withheld from the fold's training part.
        objective: Whether a search may optimise it. Not if a useless classifier reaches its best value, such as one
            that takes every row for an attack.
        headline: Whether it stands in the short tables, which have no room for all.
        definition: What it is, in a sentence or two for readers of report and dashboard; may be empty.
    """

    name: str
    label: str
    direction: Direction = "max"
    unit: Unit = "share"
    log_scale: bool = False
    compute: Callable[[JudgedRows], float] | None = None
    needs_unseen: bool = False
    objective: bool = True
    headline: bool = False
    definition: str = ""
