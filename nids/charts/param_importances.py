"""Which hyperparameters decide whether a trial is among the best."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt
import pandas as pd

from nids.charts.colours import BLUE
from nids.charts.theme import WIDTH, fields, heading

if TYPE_CHECKING:
    from collections.abc import Mapping


def data(importances: Mapping[str, float]) -> pd.DataFrame:
    """Return columns hyperparameter and importance (a share; all sum to 1), the most important first."""
    data = pd.DataFrame({"hyperparameter": list(importances), "importance": list(importances.values())})
    return data.astype({"importance": float}).sort_values(
        ["importance", "hyperparameter"], ascending=[False, True], ignore_index=True
    )


def draw(data: pd.DataFrame) -> alt.LayerChart:
    """Draw ``data`` as bars."""
    base = alt.Chart(data).encode(
        x=alt.X("importance:Q", title="importance (share of all)", axis=alt.Axis(format="%", tickCount=5)),
        y=alt.Y("hyperparameter:N", title=None, sort=None),
    )
    bars = base.mark_bar(color=BLUE, size=16).encode(
        tooltip=[*fields("hyperparameter"), alt.Tooltip("importance", format=".1%")]
    )
    shares = base.mark_text(align="left", dx=4).encode(text=alt.Text("importance:Q", format=".0%"))
    return alt.layer(bars, shares).properties(
        title=heading("Hyperparameter importances", "which decide whether a trial is among the best"),
        width=WIDTH - 150,
        height=alt.Step(28),
    )
