"""How often the most probable class is right, by its probability."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt
import pandas as pd

from nids.charts.colours import BLUE, GREY
from nids.charts.theme import HEIGHT, WIDTH, heading

if TYPE_CHECKING:
    from nids.metrics.evaluation import Evaluation


def data(evaluation: Evaluation) -> pd.DataFrame:
    """Return the reliability table of one held-out file, a row a bin that has rows.

    Columns: confidence and accuracy, fractions, and rows.
    """
    data = pd.DataFrame(evaluation.calibration.model_dump(include={"confidence", "accuracy", "rows"}))
    return data[data["rows"] > 0].astype({"confidence": float, "accuracy": float}).reset_index(drop=True)


def draw(data: pd.DataFrame) -> alt.LayerChart:
    """Draw ``data``: a circle for each bin, its area for the rows; on the line, it is calibrated."""
    scale = alt.Scale(domain=[0, 1])
    axis = alt.Axis(format=".0%", tickCount=6)
    x = alt.X("confidence:Q", title="probability of the predicted class", scale=scale, axis=axis)
    y = alt.Y("accuracy:Q", title="share that is correct", scale=scale, axis=axis)
    ends = pd.DataFrame({"confidence": [0.0, 1.0], "accuracy": [0.0, 1.0]})
    line = alt.Chart(ends).mark_line(color=GREY, strokeDash=[4, 3], strokeWidth=1.2).encode(x=x, y=y)
    size = alt.Size("rows:Q", title="rows", scale=alt.Scale(type="sqrt", range=[20, 420]), legend=None)
    tooltip = [
        alt.Tooltip("confidence", format=".1%"),
        alt.Tooltip("accuracy", format=".1%"),
        alt.Tooltip("rows", format=","),
    ]
    points = alt.Chart(data).mark_circle(color=BLUE, opacity=0.75).encode(x=x, y=y, size=size, tooltip=tooltip)
    title = heading("Calibration", "points below the line: overconfident; area: number of rows")
    return alt.layer(line, points).properties(title=title, width=WIDTH - 60, height=HEIGHT)
