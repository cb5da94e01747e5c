"""Hyperparameters and outcome of each trial, as a line across one axis for each."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import altair as alt
import numpy as np
import pandas as pd
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from nids.charts.colours import BLUE, GREY, ORANGE
from nids.charts.theme import HEIGHT, WIDTH, fields, heading, legend
from nids.metrics.formatting import setting
from nids.metrics.measures import described, label
from nids.results import ranking

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

    from nids.metrics.measure import Direction
    from nids.search_space import Space

BEST, OTHERS, STOPPED = "best tenth", "other complete", "pruned"
# Colour, width, opacity and dashes of a group's lines.
GROUPS = {
    BEST: (BLUE, 2.4, 0.95, [1, 0]),
    OTHERS: (GREY, 1.2, 0.7, [4, 2]),
    STOPPED: (ORANGE, 0.9, 0.5, [2, 2]),
}


def data(trials: pd.DataFrame, space: Space, metric: str, direction: Direction) -> pd.DataFrame:
    """Return where each trial's line crosses each axis, one row a trial × axis.

    Args:
        trials: The run store's trials that have a value: trial, state, value, params_….
        space: The search space.
        metric: The run's metric.
        direction: Whether less of it is better, or more.

    Returns:
        Columns trial, group (``BEST``, ``OTHERS`` or ``STOPPED``), axis, position (0 at the axis's low end, 1 at its
        high one) and text, the value in words. The last axis is the value; the others are those of the space.
    """
    complete = ranking.eligible(trials)
    best = trials.loc[complete, "value"].rank(method="first", ascending=direction == "min")
    tenth = max(1, int(complete.sum()) // 10)
    group = pd.Series(np.where(trials["state"] == "COMPLETE", OTHERS, STOPPED), index=trials.index)
    group = pd.Series(np.where(best.reindex(trials.index) <= tenth, BEST, group), index=trials.index)
    parts = []
    for name, distribution in space.items():
        column = trials[f"params_{name}"]
        parts.append((name, position(column, distribution), column.map(setting)))
    values = trials["value"]
    finite = FloatDistribution(
        float(values.min()), float(values.max()), log=described(metric).log_scale and values.min() > 0
    )
    parts.append((label(metric), position(values, finite), values.map(setting)))
    frames = [
        pd.DataFrame({"trial": trials["trial"], "group": group, "axis": name, "position": where, "text": text})
        for name, where, text in parts
    ]
    return pd.concat(frames, ignore_index=True)


def position(column: pd.Series, distribution: BaseDistribution) -> pd.Series:
    """Return where values lie between the ends of a distribution, float between 0 and 1; its scale may be a logarithm.

    Choices lie at even distances, in the order of the space.
    """
    if isinstance(distribution, CategoricalDistribution):
        order = {choice: number for number, choice in enumerate(distribution.choices)}
        return column.map(order).astype(float) / max(len(order) - 1, 1)
    assert isinstance(distribution, FloatDistribution | IntDistribution)
    low, high, values = float(distribution.low), float(distribution.high), column.astype(float)
    if low == high:
        return values * 0 + 0.5
    if distribution.log:
        low, high, values = math.log(low), math.log(high), values.map(math.log)
    return (values - low) / (high - low)


def ends(space: Space, trials: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Return what to write at the ends of the axes of ``data``: columns axis, position and text."""
    rows = []
    for name, distribution in space.items():
        if isinstance(distribution, CategoricalDistribution):
            count = max(len(distribution.choices) - 1, 1)
            rows += [(name, number / count, setting(choice)) for number, choice in enumerate(distribution.choices)]
        else:
            assert isinstance(distribution, FloatDistribution | IntDistribution)
            rows += [(name, 0.0, setting(distribution.low)), (name, 1.0, setting(distribution.high))]
    values = trials["value"]
    rows += [(label(metric), 0.0, setting(float(values.min()))), (label(metric), 1.0, setting(float(values.max())))]
    return pd.DataFrame(rows, columns=["axis", "position", "text"])


def draw(data: pd.DataFrame, marks: pd.DataFrame) -> alt.LayerChart:
    """Draw ``data`` and ``ends``: a line for each trial, the best ones in colour and above the others."""
    order = list(dict.fromkeys(data["axis"]))
    groups = [name for name in GROUPS if name in set(data["group"])]
    colours = alt.Scale(domain=groups, range=[GROUPS[name][0] for name in groups])
    dashes = alt.Scale(domain=groups, range=[GROUPS[name][3] for name in groups])
    axis = alt.Axis(labelAngle=-40, grid=True, labelLimit=150)
    x = alt.X("axis:N", title=None, sort=order, scale=alt.Scale(padding=0.5), axis=axis)
    y = alt.Y("position:Q", title=None, axis=None, scale=alt.Scale(domain=[-0.06, 1.06], nice=False))
    # Lines are drawn in the order in which they come: the best ones last, so that nothing lies over them.
    numbered = data.assign(
        number=data["axis"].map(order.index),
        width=data["group"].map({name: GROUPS[name][1] for name in groups}),
        opacity=data["group"].map({name: GROUPS[name][2] for name in groups}),
    ).sort_values("group", key=lambda names: names.map(groups.index), ascending=False, kind="stable")
    lines = (
        alt.Chart(numbered)
        .mark_line()
        .encode(
            x=x,
            y=y,
            detail=alt.Detail("trial:N"),
            order=alt.Order("number:Q"),
            color=alt.Color("group:N", title=None, legend=legend(), scale=colours),
            strokeDash=alt.StrokeDash("group:N", title=None, legend=legend(), scale=dashes),
            strokeWidth=alt.StrokeWidth("width:Q", scale=None),
            opacity=alt.Opacity("opacity:Q", scale=None),
            tooltip=[*fields("trial", "axis"), alt.Tooltip("text:N", title="value")],
        )
    )
    texts = alt.Chart(marks).mark_text(align="left", dx=5, fontSize=11).encode(x=x, y=y, text=alt.Text("text:N"))
    title = heading("Parallel coordinates", "a line for each trial; the last axis is its value")
    return alt.layer(lines, texts).properties(title=title, width=WIDTH * 2, height=HEIGHT + 60)
