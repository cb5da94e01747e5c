"""How much of what can be had of several objectives at once the trials up to each one reach."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt

from nids.charts.colours import BLUE
from nids.charts.theme import HEIGHT, WIDTH, fields, heading
from nids.results import ranking

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd


def data(trials: pd.DataFrame, objectives: Sequence[str]) -> pd.DataFrame:
    """Return the hypervolume of the trials up to and including each one; see ``ranking.hypervolumes``.

    Args:
        trials: The run store's trials.
        objectives: The measures.

    Returns:
        Columns trial, best (0 to 1, NaN before the first trial that counts) and grew (bool: whether the trial made it
        larger), ordered by trial.
    """
    ordered = trials.sort_values("trial", ignore_index=True)
    best = ranking.hypervolumes(ordered, objectives)
    return ordered[["trial"]].assign(best=best, grew=best.fillna(0.0).diff().fillna(best).gt(0.0))


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
