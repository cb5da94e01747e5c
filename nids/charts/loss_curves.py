"""Training and validation loss of one trial, epoch by epoch."""

from __future__ import annotations

import altair as alt
import pandas as pd

from nids.charts.colours import BLUE, GREY, VERMILION
from nids.charts.theme import HEIGHT, WIDTH, fields, heading, measured
from nids.metrics.measures import label

QUANTITIES = {"log_loss": f"validation {label('log_loss')}", "training_loss": label("training_loss")}


def data(curves: pd.DataFrame, trial: int) -> pd.DataFrame:
    """Return one trial's learning curves, one row a quantity × fold × epoch.

    Args:
        curves: The run store's learning curves.
        trial: The trial's number.

    Returns:
        Columns quantity ("validation log-loss" or "training loss"), fold, epoch, loss (nats).
    """
    chosen = curves[curves["trial"] == trial]
    long = chosen.melt(["fold", "epoch"], list(QUANTITIES), var_name="quantity", value_name="loss")
    long = long.assign(quantity=long["quantity"].map(QUANTITIES))[["quantity", "fold", "epoch", "loss"]]
    return long.sort_values(["quantity", "fold", "epoch"], ignore_index=True)


def draw(data: pd.DataFrame, best_epoch: int | None = None) -> alt.LayerChart:
    """Draw ``data``: a line a fold; ``best_epoch`` is marked by an upright line."""
    names = list(QUANTITIES.values())
    colours = alt.Scale(domain=names, range=[BLUE, VERMILION])
    dashes = alt.Scale(domain=names, range=[[1, 0], [5, 3]])
    legend = alt.Legend(symbolType="stroke", symbolStrokeWidth=2, symbolSize=250)
    x = alt.X("epoch:Q", title="epoch", axis=alt.Axis(tickMinStep=1, grid=False), scale=alt.Scale(zero=False))
    shown = data[data["loss"] > 0]  # a logarithm has no place for a loss of exactly zero
    lines = (
        alt.Chart(shown)
        .mark_line(point=alt.OverlayMarkDef(size=18), strokeWidth=1.6, opacity=0.8)
        .encode(
            x=x,
            y=measured(alt.Y, "loss", "log_loss", shown["loss"]),
            color=alt.Color("quantity:N", title=None, scale=colours, legend=legend),
            strokeDash=alt.StrokeDash("quantity:N", scale=dashes, legend=None),
            detail=alt.Detail("fold:N"),
            tooltip=[*fields("quantity", "fold", "epoch"), alt.Tooltip("loss", format=".4g")],
        )
    )
    layers = [lines]
    subtitle = "a line for each fold"
    if best_epoch is not None:
        layers.insert(0, alt.Chart(pd.DataFrame({"epoch": [best_epoch]})).mark_rule(color=GREY).encode(x=x))
        subtitle += f"; the upright line is the chosen epoch, {best_epoch}"
    title = heading("Learning curves", subtitle)
    return alt.layer(*layers).properties(title=title, width=WIDTH - 60, height=HEIGHT)
