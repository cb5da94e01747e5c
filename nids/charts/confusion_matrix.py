"""Which classes are taken for which."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import altair as alt
import numpy as np
import pandas as pd

from nids.charts.colours import GREY
from nids.charts.theme import HEIGHT, WIDTH, fields, heading

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nids.metrics.evaluation import Evaluation


# Pixels that the text of a cell needs, at least, and the most classes whose names stand side by side.
LEAST_WIDTH, LEAST_HEIGHT = 46, 28
MOST_SIDE_BY_SIDE = 6


def data(confusions: pd.DataFrame, trial: int, classes: Sequence[str]) -> pd.DataFrame:
    """Return one trial's confusion matrix, all its folds summed.

    Args:
        confusions: The run store's confusion matrices.
        trial: The trial's number.
        classes: All classes, in the order of rows and columns.

    Returns:
        Columns actual, predicted, count and share (of the actual class's rows; NaN if none), for every pair.
    """
    chosen = confusions[confusions["trial"] == trial]
    counts = chosen.groupby(["actual", "predicted"])["count"].sum()
    pairs = pd.MultiIndex.from_product([list(classes), list(classes)], names=["actual", "predicted"])
    data = counts.reindex(pairs, fill_value=0).astype(np.int64).reset_index()
    rows = data.groupby("actual")["count"].transform("sum")
    return data.assign(share=data["count"] / rows.where(rows > 0))


def data_of_evaluation(evaluation: Evaluation) -> pd.DataFrame:
    """Return the confusion matrix of one held-out file, as ``data`` has it."""
    names = [entry.class_name for entry in evaluation.classes]
    counts = pd.DataFrame(evaluation.confusion, index=pd.Index(names, name="actual"), columns=names)
    long = counts.melt(var_name="predicted", value_name="count", ignore_index=False).reset_index()
    return data(long.assign(trial=0), 0, names)


def draw(
    data: pd.DataFrame,
    classes: Sequence[str],
    subtitle: str = "validation rows of all folds, summed",
    text: Literal["count", "share"] = "count",
) -> alt.LayerChart:
    """Draw ``data``: rows are actual classes, colour is the share of the row, text the count or the share."""
    order = list(classes)
    data = data.assign(text=data["count"].map("{:,}".format) if text == "count" else data["share"].map(_share))
    base = alt.Chart(data).encode(
        x=alt.X(
            "predicted:N",
            title="predicted class",
            sort=order,
            axis=alt.Axis(labelAngle=0 if len(order) <= MOST_SIDE_BY_SIDE else -40),
        ),
        y=alt.Y("actual:N", title="actual class", sort=order),
        tooltip=[*fields("actual", "predicted"), alt.Tooltip("count", format=","), alt.Tooltip("share", format=".3%")],
    )
    # One hue from transparent to full: its lightness moves evenly away from the page's, light or dark.
    # The square root shows confusions of few rows, which are what one looks for.
    hue = ["rgba(0,114,178,0)", "rgba(0,114,178,1)"]
    shades = alt.Scale(domain=[0, 1], type="sqrt", range=hue)
    legend = alt.Legend(format="%", orient="bottom", values=[0, 0.1, 0.25, 0.5, 1], gradientLength=230)
    tiles = base.mark_rect(stroke=GREY, strokeWidth=0.5, strokeOpacity=0.5).encode(
        color=alt.Color("share:Q", title="share of the actual class", scale=shades, legend=legend)
    )
    counts = base.mark_text(fontSize=12).encode(
        text=alt.Text("text:N"),
        color=alt.when("datum.share > 0.7").then(alt.value("white")),
        opacity=alt.when("datum.count > 0").then(alt.value(1)).otherwise(alt.value(0.4)),
    )
    # Few classes fill the space of a chart; many get what their texts need.
    width, height = (
        alt.Step(max(least, room // len(order))) for least, room in ((LEAST_WIDTH, WIDTH - 110), (LEAST_HEIGHT, HEIGHT))
    )
    title = heading("Confusion matrix", subtitle)
    return alt.layer(tiles, counts).properties(title=title, width=width, height=height)


def _share(share: float) -> str:
    """Return a share of rows in per cent; "0%" and "100%" only where it is none or all."""
    if pd.isna(share):
        return ""
    if share in (0, 1):
        return f"{share:.0%}"
    return f"{min(max(100 * share, 0.01), 99.99):.2f}%"
