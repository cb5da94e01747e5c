"""Where a logarithmic axis has its ticks: so few that each has its label.

Left to itself, the drawing library labels as many as have room, from the lowest on, and among those that have none are
powers of ten.
"""

from __future__ import annotations

import math
from itertools import count
from typing import TYPE_CHECKING

import altair as alt

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd


def axis(values: pd.Series, most: int) -> alt.Axis:
    """Return the axis of values, for at most so many ticks; those that have no place there count for nothing.

    Where all values lie between two ticks of round numbers, the drawing library chooses some in between.
    """
    known = values[values.between(0, math.inf, inclusive="neither")]
    found = ticks(float(known.min()), float(known.max()), most) if len(known) else []
    return alt.Axis(format="~g", values=found) if len(found) > 1 else alt.Axis(format="~g", tickCount=4)


def ticks(low: float, high: float, most: int) -> list[float]:
    """Return the densest of these between two positive numbers that are at most so many.

    They are 1, 2 and 5 of each power of ten, 1 and 3 of each, each power of ten, each second one, and so on.
    """
    return next(found for found in _densest_first(low, high) if len(found) <= most)


def _densest_first(low: float, high: float) -> Iterator[list[float]]:
    exponents = range(math.floor(math.log10(low)), math.floor(math.log10(high)) + 1)
    for digits in ((1, 2, 5), (1, 3)):
        yield [
            tick for exponent in exponents for digit in digits if low <= (tick := float(f"{digit}e{exponent}")) <= high
        ]
    for step in count(1):
        yield [
            tick for exponent in exponents if exponent % step == 0 and low <= (tick := float(f"1e{exponent}")) <= high
        ]
