"""A measure of some trials, epoch by epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt
import pandas as pd

from nids.charts.theme import DASHES, HEIGHT, LINE_COLOURS, WIDTH, fields, heading, legend, measured
from nids.metrics.measures import described, label

if TYPE_CHECKING:
    from collections.abc import Sequence


def data(curves: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Return learning curves of some trials.

    Args:
        curves: Rows of the run store's curves.
        metric: One of ``nids.metrics.measures.ON_FOLDS``, or training_loss.

    Returns:
        Columns trial (as text), fold, epoch, figure; and for each trial × epoch the mean of its folds, with fold −1.
    """
    data = curves[["trial", "fold", "epoch", metric]].rename(columns={metric: "figure"}).dropna()
    means = data.groupby(["trial", "epoch"], as_index=False)["figure"].mean().assign(fold=-1)
    both = pd.concat([data, means], ignore_index=True)[["trial", "fold", "epoch", "figure"]]
    both = both.sort_values(["trial", "fold", "epoch"], ignore_index=True)
    return both.astype({"trial": str, "fold": int, "epoch": int})


def draw(data: pd.DataFrame, metric: str, order: Sequence[int]) -> alt.LayerChart:
    """Draw ``data``: for each trial a thin line a fold and a thick one for their mean."""
    names = [*map(str, order)]
    logarithmic = described(metric).log_scale
    shown = data[data["figure"] > 0] if logarithmic else data
    y = measured(alt.Y, "figure", metric, shown["figure"], title=None if logarithmic else label(metric))
    x = alt.X("epoch:Q", title="epoch", axis=alt.Axis(tickMinStep=1, grid=False), scale=alt.Scale(zero=False))
    colour = alt.Color(
        "trial:N",
        title="trial",
        sort=names,
        scale=alt.Scale(domain=names, range=list(LINE_COLOURS[: len(names)])),
        legend=legend(),
    )
    dash = alt.StrokeDash(
        "trial:N",
        title="trial",
        sort=names,
        scale=alt.Scale(domain=names, range=list(DASHES[: len(names)])),
        legend=legend(),
    )
    tooltip = [*fields("trial", "fold", "epoch"), alt.Tooltip("figure", format=".4g")]
    base = alt.Chart(shown).encode(x=x, y=y, color=colour)
    folds = (
        base.transform_filter("datum.fold >= 0")
        .mark_line(strokeWidth=1, opacity=0.45)
        .encode(detail=alt.Detail("fold:N"), tooltip=tooltip)
    )
    means = (
        base.transform_filter("datum.fold < 0")
        .mark_line(strokeWidth=2.6)
        .encode(strokeDash=dash, tooltip=[*fields("trial", "epoch"), alt.Tooltip("figure", format=".4g", title="mean")])
    )
    above = heading("Learning curves", "thin lines: folds; thick lines: their mean")
    return alt.layer(folds, means).properties(title=above, width=WIDTH * 2, height=HEIGHT + 60)
