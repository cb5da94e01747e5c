"""How much of what can be had of several objectives at once the trials up to each one reach."""

from __future__ import annotations

import altair as alt
import numpy as np
import pandas as pd

from nids.charts.colours import BLUE
from nids.charts.theme import HEIGHT, WIDTH, fields, heading


def data(hypervolumes: pd.Series) -> pd.DataFrame:
    """Return the hypervolume of the trials up to each one, and which of them made it larger.

    Args:
        hypervolumes: Trial, ascending → hypervolume, 0 to 1; NaN before the first trial that counts.

    Returns:
        Columns trial, best (the hypervolume) and grew (bool).
    """
    best = hypervolumes.to_numpy()
    return pd.DataFrame(
        {"trial": hypervolumes.index, "best": best, "grew": np.diff(np.nan_to_num(best), prepend=0.0) > 0}
    )


def draw(data: pd.DataFrame) -> alt.LayerChart:
    """Draw ``data``: a step line, and a mark for each trial that made it larger."""
    encoding = {
        "x": alt.X("trial:Q", title="trial", axis=alt.Axis(tickMinStep=1, grid=False)),
        "y": alt.Y(
            "best:Q",
            title="hypervolume (of 1)",
            scale=alt.Scale(zero=False, padding=16),
            axis=alt.Axis(tickCount=5),
        ),
    }
    base = alt.Chart(data)
    line = base.mark_line(interpolate="step-after", color=BLUE, strokeWidth=1.5, opacity=0.7).encode(**encoding)
    points = (
        base.transform_filter("datum.grew")
        .mark_point(filled=True, size=55, opacity=0.9, color=BLUE)
        .encode(**encoding, tooltip=[*fields("trial"), alt.Tooltip("best", title="hypervolume", format=".4g")])
    )
    title = heading("Hypervolume history", "what the front of the trials so far dominates")
    return alt.layer(line, points).properties(title=title, width=WIDTH - 60, height=HEIGHT)
