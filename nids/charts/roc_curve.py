"""Detection rate against false-positive rate on held-out rows, at every threshold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt
import pandas as pd

from nids.charts.colours import BLUE, GREY
from nids.charts.theme import HEIGHT, WIDTH, fields, heading

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nids.metrics.evaluation import Evaluation


OURS, BASELINES = "finalized trial", "baselines"
# The least false-positive rate that is drawn: a logarithm has no place for 0, and fewer rows than this say nothing.
LEAST_RATE = 1e-4


def data(evaluation: Evaluation | None, baselines: Sequence[tuple[str, Evaluation]]) -> pd.DataFrame:
    """Return the ROC curves of one held-out file, a row a point.

    Args:
        evaluation: What ``nids.evaluation.evaluate.evaluate_detector`` says of the finalized trial, or None.
        baselines: Name of each baseline, and what it says of that.

    Returns:
        Columns method, kind (``OURS`` or ``BASELINES``), false_positive_rate and detection_rate, fractions.
    """
    named = [(OURS, OURS, evaluation)] if evaluation else []
    named += [(name, BASELINES, evaluation) for name, evaluation in baselines]
    parts = [pd.DataFrame(dict(evaluation.roc)).assign(method=name, kind=kind) for name, kind, evaluation in named]
    columns = ["method", "kind", "false_positive_rate", "detection_rate"]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def draw(data: pd.DataFrame) -> alt.LayerChart:
    """Draw ``data``: the finalized trial in colour, baselines in grey, the rates of use at the left."""
    shown = data.assign(false_positive_rate=data["false_positive_rate"].clip(lower=LEAST_RATE))
    kinds = [kind for kind in (OURS, BASELINES) if kind in set(data["kind"])]
    colours = alt.Scale(domain=[OURS, BASELINES], range=[BLUE, GREY])
    dashes = alt.Scale(domain=[OURS, BASELINES], range=[[1, 0], [4, 3]])
    legend = alt.Legend(symbolType="stroke", symbolStrokeWidth=2, symbolSize=250, values=kinds)
    x = alt.X(
        "false_positive_rate:Q",
        title="false-alarm rate (logarithmic)",
        scale=alt.Scale(type="log", domain=[LEAST_RATE, 1], nice=False),
        axis=alt.Axis(format="~%", values=[0.0001, 0.001, 0.005, 0.01, 0.1, 1]),
    )
    y = alt.Y(
        "detection_rate:Q",
        title="detection rate",
        scale=alt.Scale(domain=[0, 1]),
        axis=alt.Axis(format=".0%", tickCount=6),
    )
    tooltip = [
        *fields("method"),
        alt.Tooltip("false_positive_rate", title="false-alarm rate", format=".2%"),
        alt.Tooltip("detection_rate", title="detection rate", format=".2%"),
    ]
    lines = (
        alt.Chart(shown)
        .mark_line(strokeWidth=1.8, interpolate="step-after")
        .encode(
            x=x,
            y=y,
            color=alt.Color("kind:N", title=None, scale=colours, legend=legend),
            strokeDash=alt.StrokeDash("kind:N", title=None, scale=dashes, legend=legend),
            detail=alt.Detail("method:N"),
            tooltip=tooltip,
        )
    )
    title = heading("ROC curve: attack or benign", "all attacks against all benign rows, at every threshold")
    return alt.layer(lines).properties(title=title, width=WIDTH - 60, height=HEIGHT)
