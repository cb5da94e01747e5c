"""The chart of two measures of all trials against each other, in the style of ``nids.charts.theme``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt

from nids.charts.colours import BLUE, GREY
from nids.charts.theme import HEIGHT, WIDTH, by_state, fields, heading, measured
from nids.charts.trial_states import marks
from nids.metrics.measures import described, label

if TYPE_CHECKING:
    import pandas as pd

    from nids.results.ranking import Axes


def data(trials: pd.DataFrame, on_front: pd.Series, axes: Axes) -> pd.DataFrame:
    """Return the trials that have both figures.

    Args:
        trials: The run store's trials.
        on_front: Which of them are on the front.
        axes: The figures.

    Returns:
        Columns trial, state (of ``MARKS``), front (bool), x and y, and the ends of their spread over the folds (a
        standard deviation to each side): x_low, x_high, y_low, y_high; NaN for a figure without one. Ordered by x.
    """
    data = trials[["trial"]].assign(state=marks(trials), front=on_front)
    for axis, name in (("x", axes.horizontal), ("y", axes.vertical)):
        spread = trials[f"{name}_std"] if f"{name}_std" in trials else float("nan")
        low, high = trials[name] - spread, trials[name] + spread
        if described(name).log_scale:
            # A logarithm has no place for what is not above zero: a whisker that leads there ends at the lowest mark.
            low = low.where(low.isna() | (low > 0), trials[name].min())
        elif described(name).unit == "share":
            low, high = low.clip(lower=0), high.clip(upper=1)
        data = data.assign(**{axis: trials[name], f"{axis}_low": low, f"{axis}_high": high})
    return data.dropna(subset=["x", "y"]).sort_values(["x", "y"], ignore_index=True)


def draw(data: pd.DataFrame, axes: Axes, *, joined: bool = True, wide: bool = True) -> alt.LayerChart:
    """Draw ``data``: a mark for each trial; those on the front in full colour, with their spread.

    Args:
        data: The trials.
        axes: The figures.
        joined: Whether a line joins those on the front, as is right if it is the front of these two figures alone.
        wide: Whether the chart has the width of a page, not that of half of one.
    """
    x = measured(alt.X, "x", axes.horizontal, data["x"])
    y = measured(alt.Y, "y", axes.vertical, data["y"])
    points = alt.Chart(data).encode(
        x=x,
        y=y,
        **by_state(data["state"]),
        tooltip=[
            *fields("trial", "state"),
            alt.Tooltip("x", title=label(axes.horizontal), format=".4g"),
            alt.Tooltip("y", title=label(axes.vertical), format=".4g"),
        ],
    )
    front = data[data["front"]]
    # Up to the next trial's place, what one of them reaches is the best that can be had.
    step = "step-after" if described(axes.horizontal).direction == "min" else "step-before"
    line = alt.Chart(front).mark_line(interpolate=step, color=BLUE, opacity=0.6).encode(x=x, y=y)
    layers = [points.transform_filter("!datum.front").mark_point(filled=True, size=35, opacity=0.55)]
    if joined:
        layers.append(line)
    # A layer for each axis: what has no spread there has no whisker.
    across, along = (front.dropna(subset=[f"{axis}_low", f"{axis}_high"]) for axis in ("x", "y"))
    whiskers = {"color": GREY, "opacity": 0.7}
    if len(across):
        ends = {"x": alt.X("x_low:Q"), "x2": alt.X2("x_high:Q"), "y": y}
        layers.append(alt.Chart(across).mark_rule(**whiskers).encode(**ends))
    if len(along):
        ends = {"x": x, "y": alt.Y("y_low:Q"), "y2": alt.Y2("y_high:Q")}
        layers.append(alt.Chart(along).mark_rule(**whiskers).encode(**ends))
    layers.append(points.transform_filter("datum.front").mark_point(filled=True, size=90, opacity=1))
    spread = ", with their spread over folds" if len(across) or len(along) else ""
    title = heading("Pareto front", f"large marks: trials on the front{spread}")
    return alt.layer(*layers).properties(
        title=title, width=WIDTH * 2 if wide else WIDTH - 60, height=HEIGHT + 100 if wide else HEIGHT
    )
