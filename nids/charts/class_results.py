"""Precision, recall and F1 of each class, by fold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt

from nids.charts.colours import BLUE, GREEN, VERMILION
from nids.charts.theme import WIDTH, fields, heading
from nids.metrics.measures import label

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd


MEASURES = ("precision", "recall", "f1")


def data(classes: pd.DataFrame, trial: int) -> pd.DataFrame:
    """Return one trial's scores, one row a class × measure × fold.

    Args:
        classes: The run store's results by class.
        trial: The trial's number.

    Returns:
        Columns class, measure (its words), fold, score (a fraction).
    """
    # A class without a row in a fold has no score there: the zero that is stored would read as a failure.
    chosen = classes[(classes["trial"] == trial) & (classes["support"] > 0)]
    long = chosen.melt(["class", "fold"], list(MEASURES), var_name="measure", value_name="score")
    return long.assign(measure=long["measure"].map(_short))[["class", "measure", "fold", "score"]]


def _short(measure: str) -> str:
    """Return the words of a measure without those in brackets, which a legend has no room for."""
    return label(measure).partition(" (")[0]


def draw(data: pd.DataFrame, classes: Sequence[str], lowest: float | None = None) -> alt.LayerChart:
    """Draw ``data``: a circle a fold, a stroke for their mean.

    Args:
        data: What ``data`` returned.
        classes: All classes, in the order from above.
        lowest: Where the scale begins, for pictures side by side; without it, at the lowest score.
    """
    measures = [_short(name) for name in MEASURES]
    colour = alt.Scale(domain=measures, range=[BLUE, VERMILION, GREEN])
    bands = {"axis": alt.Axis(grid=True, tickBand="extent"), "scale": alt.Scale(paddingOuter=0)}
    base = alt.Chart(data).encode(
        y=alt.Y("class:N", title=None, sort=list(classes), **bands),
        yOffset=alt.YOffset("measure:N", sort=measures),
        color=alt.Color("measure:N", title=None, scale=colour, sort=measures),
        tooltip=[*fields("class", "measure", "fold"), alt.Tooltip("score", format=".2%")],
    )
    title = "share of rows (precision, recall), harmonic mean of both (F1)"
    ends = {} if lowest is None else {"domain": [lowest, 1]}
    scale = alt.Scale(zero=False, nice=False, padding=10, **ends)
    x = alt.X("score:Q", title=title, axis=alt.Axis(format="%", tickCount=6), scale=scale)
    points = base.mark_point(filled=True, size=38, opacity=0.55).encode(x=x)
    means = base.mark_tick(thickness=2.5, size=11).encode(
        x=alt.X("mean(score):Q", title=title),
        tooltip=[*fields("class", "measure"), alt.Tooltip("mean(score)", format=".2%")],
    )
    above = heading("Results by class", "a circle for each fold, a stroke for their mean")
    return alt.layer(points, means).properties(title=above, width=WIDTH - 70, height=48 * len(classes))
