"""Charts of the results on held-out rows, in the style of ``nids.charts.theme``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt
import pandas as pd

from nids.charts import theme
from nids.charts.theme import BLUE, GREY, HEIGHT, WIDTH, fields, heading
from nids.metrics.measures import label

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nids.metrics.evaluation import Evaluation

OURS, BASELINES = "finalized trial", "baselines"
# The least false-positive rate that is drawn: a logarithm has no place for 0, and fewer rows than this say nothing.
LEAST_RATE = 1e-4


def roc_data(ours: Evaluation | None, baselines: Sequence[tuple[str, Evaluation]]) -> pd.DataFrame:
    """Return the ROC curves of one held-out file, a row a point.

    Args:
        ours: What ``nids.metrics.evaluate.evaluate_detector`` says of the finalized trial, None if there is none.
        baselines: Name of each baseline, and what it says of that.

    Returns:
        Columns method, kind (``OURS`` or ``BASELINES``), false_positive_rate and detection_rate, fractions.
    """
    named = [(OURS, OURS, ours)] if ours else []
    named += [(name, BASELINES, found) for name, found in baselines]
    parts = [pd.DataFrame(dict(found.roc)).assign(method=name, kind=kind) for name, kind, found in named]
    columns = ["method", "kind", "false_positive_rate", "detection_rate"]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def roc(data: pd.DataFrame) -> alt.LayerChart:
    """Draw ``roc_data``: the finalized trial in colour, baselines in grey, the rates of use at the left."""
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
            strokeDash=alt.StrokeDash("kind:N", scale=dashes, legend=None),
            detail=alt.Detail("method:N"),
            tooltip=tooltip,
        )
    )
    title = heading("ROC curve: attack or benign", "all attacks against all benign rows, at every threshold")
    return alt.layer(lines).properties(title=title, width=WIDTH - 60, height=HEIGHT)


def reliability_data(ours: Evaluation) -> pd.DataFrame:
    """Return the reliability table of one held-out file, a row a bin that has rows.

    Columns: confidence and accuracy, fractions, and rows.
    """
    data = pd.DataFrame(ours.calibration.model_dump(include={"confidence", "accuracy", "rows"}))
    return data[data["rows"] > 0].astype({"confidence": float, "accuracy": float}).reset_index(drop=True)


def reliability(data: pd.DataFrame) -> alt.LayerChart:
    """Draw ``reliability_data``: a circle for each bin, its area for the rows; on the line, it is calibrated."""
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


def confusion_data(ours: Evaluation) -> pd.DataFrame:
    """Return the confusion matrix of one held-out file, as ``nids.charts.theme.confusion_data`` has it."""
    names = [found.class_name for found in ours.classes]
    counts = pd.DataFrame(ours.confusion, index=pd.Index(names, name="actual"), columns=names)
    long = counts.melt(var_name="predicted", value_name="count", ignore_index=False).reset_index()
    return theme.confusion_data(long.assign(trial=0), 0, names)


def rank_correlation(data: pd.DataFrame, validation: str, held_out: str, title: str, subtitle: str) -> alt.LayerChart:
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
