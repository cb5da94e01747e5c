"""A measure of the folds against one of the held-out rows, a circle for each configuration."""

from __future__ import annotations

import altair as alt
import pandas as pd

from nids.charts.colours import BLUE, GREY
from nids.charts.theme import HEIGHT, WIDTH, fields, heading
from nids.metrics.measures import label


def draw(data: pd.DataFrame, validation: str, held_out: str, title: str, subtitle: str) -> alt.LayerChart:
    """Draw one figure of the folds against one of the held-out rows: a circle for each configuration.

    Args:
        data: A row a configuration: configuration, and the two columns that are named next, as fractions; the first
            also as ``…_std``, its spread over the folds, which is drawn as a line.
        validation: Column of the folds' figure.
        held_out: Column of the held-out rows' figure.
        title: What to write above.
        subtitle: And below that.
    """
    # A colon in a column's name would be read as the column's type.
    plain = pd.DataFrame(
        {
            "configuration": data["configuration"],
            "folds": data[validation],
            "low": data[validation] - data[f"{validation}_std"],
            "high": data[validation] + data[f"{validation}_std"],
            "held_out": data[held_out],
        }
    )
    figure = label(validation.rpartition(": ")[2])
    scale = alt.Scale(zero=False, padding=12)
    x = alt.X("folds:Q", title=f"{figure} by the folds", scale=scale, axis=alt.Axis(format=".0%", tickCount=6))
    y = alt.Y("held_out:Q", title=label(held_out), scale=scale, axis=alt.Axis(format=".0%", tickCount=6))
    base = alt.Chart(plain).encode(y=y)
    spread = base.mark_rule(color=GREY, opacity=0.6).encode(
        x=alt.X("low:Q", title=f"{figure} by the folds"), x2=alt.X2("high:Q")
    )
    tooltip = [*fields("configuration"), alt.Tooltip("folds", format=".2%"), alt.Tooltip("held_out", format=".2%")]
    points = base.mark_circle(color=BLUE, size=60, opacity=0.9).encode(x=x, tooltip=tooltip)
    numbers = base.mark_text(dx=8, dy=-7, fontSize=10).encode(x=x, text=alt.Text("configuration:N"))
    return alt.layer(spread, points, numbers).properties(
        title=heading(title, subtitle), width=WIDTH - 80, height=HEIGHT
    )
