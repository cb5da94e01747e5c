"""The pictures of a run, for the report and the dashboard. A chart is two functions: table → data → drawing.

The first (``..._data``) takes a table of the run store and is tested as values; the second draws that data
and nothing else. Colours are those of Okabe & Ito (2008), which stay apart for all kinds of colour vision,
limited to the ones that are readable on white and on black, for which their blue is a little lighter here;
wherever a colour carries a meaning, a shape, a dash or a text repeats it. Text and grid have no colour of their
own: ``themed`` gives them one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeVar

import altair as alt
import numpy as np
import pandas as pd

from nids.metrics.measures import described, label
from nids.results import ranking

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from nids.metrics.measure import Direction

Channel = TypeVar("Channel", alt.X, alt.Y)

BLUE, VERMILION, GREEN, ORANGE, GREY = "#1080C4", "#D55E00", "#009E73", "#E69F00", "#8a8f98"
# Pixels of a chart with its axes: two stand side by side on a screen, one is readable on a telephone.
WIDTH, HEIGHT = 430, 240

# Colour and shape of a trial by its state.
STATES = {
    "COMPLETE": (BLUE, "circle"),
    "PRUNED": (ORANGE, "triangle-down"),
    "RUNNING": (GREEN, "diamond"),
    "FAIL": (VERMILION, "cross"),
}
# The words of nids.report.sentences, which charts know nothing of.
STATE_LEGEND = alt.Legend(labelExpr="{FAIL: 'failed', RUNNING: 'unfinished'}[datum.label] || lower(datum.label)")
_QUANTITIES = {"log_loss": "validation log-loss", "training_loss": "training loss"}
_CLASS_MEASURES = ("precision", "recall", "f1")


def history_data(trials: pd.DataFrame, direction: Direction) -> pd.DataFrame:
    """Return each trial's value and the best value of the complete trials up to and including it.

    Args:
        trials: The run store's trials: trial, state, value.
        direction: Whether a lower value is better, or a higher one.

    Returns:
        Columns trial, state, value, best, ordered by trial; NaN where there is none (yet).
    """
    data = trials[["trial", "state", "value"]].sort_values("trial", ignore_index=True)
    return data.assign(best=ranking.best_so_far(data, direction))


def history(data: pd.DataFrame, metric: str) -> alt.LayerChart:
    """Draw ``history_data``: a mark a trial, a step line for the best so far, failures on the lower edge."""
    x = alt.X("trial:Q", title="trial", axis=alt.Axis(tickMinStep=1, grid=False))
    drawn = data[data["value"].notna() | (data["state"] == "FAIL")]
    base = alt.Chart(data)
    line = base.mark_line(interpolate="step-after", color=BLUE, strokeWidth=1.5, opacity=0.7).encode(
        x=x, y=measured(alt.Y, "best", metric)
    )
    marks = base.encode(
        x=x,
        **by_state(drawn["state"]),
        tooltip=[*fields("trial", "state"), alt.Tooltip("value", format=".4g")],
    )
    points = marks.mark_point(filled=True, size=55, opacity=0.9).encode(y=measured(alt.Y, "value", metric))
    layers = [line, points]
    subtitle = "a mark for each trial; the line is the best complete one so far"
    if ((data["state"] == "FAIL") & data["value"].isna()).any():
        failures = marks.transform_filter("!isValid(datum.value) && datum.state == 'FAIL'")
        layers.append(failures.mark_point(filled=True, size=55).encode(y=alt.value(HEIGHT - 6)))
        subtitle = f"{subtitle}; failed ones lie below"
    title = heading("Optimization history", subtitle)
    return alt.layer(*layers).properties(title=title, width=WIDTH - 60, height=HEIGHT)


def by_state(found: Iterable[str], legend: alt.Legend | None = STATE_LEGEND) -> dict[str, alt.Color | alt.Shape]:
    """Return what tells trials apart by their state, a colour and a shape, for those states that are found."""
    states = [state for state in STATES if state in set(found)]
    colours, shapes = ([STATES[state][part] for state in states] for part in (0, 1))
    return {
        "color": alt.Color("state:N", title=None, legend=legend, scale=alt.Scale(domain=states, range=colours)),
        "shape": alt.Shape("state:N", title=None, legend=legend, scale=alt.Scale(domain=states, range=shapes)),
    }


def importances_data(importances: Mapping[str, float]) -> pd.DataFrame:
    """Return columns hyperparameter and importance (a share; all sum to 1), the most important first."""
    data = pd.DataFrame({"hyperparameter": list(importances), "importance": list(importances.values())})
    return data.astype({"importance": float}).sort_values(
        ["importance", "hyperparameter"], ascending=[False, True], ignore_index=True
    )


def importances(data: pd.DataFrame) -> alt.LayerChart:
    """Draw ``importances_data`` as bars."""
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


def class_results_data(classes: pd.DataFrame, trial: int) -> pd.DataFrame:
    """Return one trial's scores, one row a class × measure × fold.

    Args:
        classes: The run store's results by class.
        trial: The trial's number.

    Returns:
        Columns class, measure (its words), fold, score (a fraction).
    """
    # A class without a row in a fold has no score there: the zero that is stored would read as a failure.
    chosen = classes[(classes["trial"] == trial) & (classes["support"] > 0)]
    long = chosen.melt(["class", "fold"], list(_CLASS_MEASURES), var_name="measure", value_name="score")
    return long.assign(measure=long["measure"].map(label))[["class", "measure", "fold", "score"]]


def class_results(data: pd.DataFrame, classes: Sequence[str], lowest: float | None = None) -> alt.LayerChart:
    """Draw ``class_results_data``: a circle a fold, a stroke for their mean.

    Args:
        data: The data.
        classes: All classes, in the order from above.
        lowest: Where the scale begins, for pictures side by side; without it, at the lowest score.
    """
    measures = [label(name) for name in _CLASS_MEASURES]
    colour = alt.Scale(domain=measures, range=[BLUE, VERMILION, GREEN])
    bands = {"axis": alt.Axis(grid=True, tickBand="extent"), "scale": alt.Scale(paddingOuter=0)}
    base = alt.Chart(data).encode(
        y=alt.Y("class:N", title=None, sort=list(classes), **bands),
        yOffset=alt.YOffset("measure:N", sort=measures),
        color=alt.Color("measure:N", title=None, scale=colour, sort=measures),
        tooltip=[*fields("class", "measure", "fold"), alt.Tooltip("score", format=".2%")],
    )
    title = "share of rows (precision, recall), harmonic mean of both (F1)"
    ends = {} if lowest is None else {"domain": [lowest, 1]}
    scale = alt.Scale(zero=False, nice=False, padding=10, **ends)
    x = alt.X("score:Q", title=title, axis=alt.Axis(format="%", tickCount=6), scale=scale)
    points = base.mark_point(filled=True, size=38, opacity=0.55).encode(x=x)
    means = base.mark_tick(thickness=2.5, size=11).encode(
        x=alt.X("mean(score):Q", title=title),
        tooltip=[*fields("class", "measure"), alt.Tooltip("mean(score)", format=".2%")],
    )
    above = heading("Results by class", "a circle for each fold, a stroke for their mean")
    return alt.layer(points, means).properties(title=above, width=WIDTH - 70, height=48 * len(classes))


def confusion_data(confusions: pd.DataFrame, trial: int, classes: Sequence[str]) -> pd.DataFrame:
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


def confusion(
    data: pd.DataFrame,
    classes: Sequence[str],
    subtitle: str = "validation rows of all folds, summed",
    text: Literal["count", "share"] = "count",
) -> alt.LayerChart:
    """Draw ``confusion_data``: rows are actual classes, colour is the share of the row, text the count or the share."""
    order = list(classes)
    data = data.assign(text=data["count"].map("{:,}".format) if text == "count" else data["share"].map(_share))
    base = alt.Chart(data).encode(
        x=alt.X("predicted:N", title="predicted class", sort=order, axis=alt.Axis(labelAngle=0)),
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
    title = heading("Confusion matrix", subtitle)
    return alt.layer(tiles, counts).properties(title=title, width=WIDTH - 110, height=HEIGHT)


def _share(share: float) -> str:
    """Return a share of rows in per cent; none and all of them are said only where it is none and all."""
    if pd.isna(share):
        return ""
    if share in (0, 1):
        return f"{share:.0%}"
    return f"{min(max(100 * share, 0.01), 99.99):.2f}%"


def curves_data(curves: pd.DataFrame, trial: int) -> pd.DataFrame:
    """Return one trial's learning curves, one row a quantity × fold × epoch.

    Args:
        curves: The run store's learning curves.
        trial: The trial's number.

    Returns:
        Columns quantity ("validation log-loss" or "training loss"), fold, epoch, loss (nats).
    """
    chosen = curves[curves["trial"] == trial]
    long = chosen.melt(["fold", "epoch"], list(_QUANTITIES), var_name="quantity", value_name="loss")
    long = long.assign(quantity=long["quantity"].map(_QUANTITIES))[["quantity", "fold", "epoch", "loss"]]
    return long.sort_values(["quantity", "fold", "epoch"], ignore_index=True)


def curves(data: pd.DataFrame, best_epoch: int | None = None) -> alt.LayerChart:
    """Draw ``curves_data``: a line a fold; ``best_epoch`` is marked by an upright line."""
    names = list(_QUANTITIES.values())
    colours = alt.Scale(domain=names, range=[BLUE, VERMILION])
    dashes = alt.Scale(domain=names, range=[[1, 0], [5, 3]])
    legend = alt.Legend(symbolType="stroke", symbolStrokeWidth=2, symbolSize=250)
    x = alt.X("epoch:Q", title="epoch", axis=alt.Axis(tickMinStep=1, grid=False), scale=alt.Scale(zero=False))
    lines = (
        # A logarithm has no place for a loss of exactly zero.
        alt.Chart(data[data["loss"] > 0])
        .mark_line(point=alt.OverlayMarkDef(size=18), strokeWidth=1.6, opacity=0.8)
        .encode(
            x=x,
            y=measured(alt.Y, "loss", "log_loss", title="loss (nats, logarithmic)"),
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


def themed(chart: alt.TopLevelMixin, ink: str = "currentColor", background: str | None = None) -> alt.TopLevelMixin:
    """Return the chart with the colour of its text and grid, for a drawing that no other theme governs.

    Args:
        chart: A chart of this module or a composition of them, not themed yet.
        ink: A CSS colour; "currentColor" is that of the text around an inline SVG.
        background: A CSS colour, or None for a transparent one.
    """
    text = {"labelColor": ink, "titleColor": ink, "labelFontSize": 12, "titleFontSize": 12}
    lines = {"gridColor": ink, "gridOpacity": 0.12, "domainColor": GREY, "tickColor": GREY}
    return chart.configure(
        background=background or "transparent",
        font="sans-serif",
        padding=8,
        axis={**text, **lines, "titleFontWeight": "normal", "titlePadding": 8},
        legend={**text, "titleFontWeight": "normal", "orient": "top", "symbolOpacity": 1},
        title={"color": ink, "subtitleColor": ink, "fontSize": 15, "subtitleFontSize": 12, "anchor": "start"},
        text={"color": ink, "fontSize": 12},
        view={"stroke": None},
    )


def fields(*names: str) -> list[alt.Tooltip]:
    """Return fields for a tooltip."""
    # Left as texts, Altair would look up what each of them means, which takes longer than the rest of a chart.
    return [alt.Tooltip(name) for name in names]


def heading(text: str, subtitle: str) -> alt.TitleParams:
    """Return what stands above a chart."""
    return alt.TitleParams(text, subtitle=subtitle, subtitlePadding=4, offset=10, frame="bounds")


def measured(
    channel: type[Channel], field: str, name: str, title: str | None = None, *, scale: alt.Scale | None = None
) -> Channel:
    """Return the axis of a measure, with the scale, the unit and the words that its table gives it.

    Args:
        channel: ``alt.X`` or ``alt.Y``.
        field: The column with its values.
        name: The measure.
        title: Instead of its label and unit.
        scale: Instead of its scale.
    """
    measure = described(name)
    unit = "mean over folds" if measure.unit == "share" else measure.unit
    if measure.log_scale:
        # A logarithm has a tick for each digit of a decade; the more are counted on, the more of these have labels.
        axis, kind = alt.Axis(tickCount=8, format="~g"), {"type": "log", "nice": False}
    else:
        axis = alt.Axis(tickCount=5, format="%") if measure.unit == "share" else alt.Axis(tickCount=5)
        kind = {"zero": False}
    return channel(
        f"{field}:Q",
        title=title or f"{measure.label} ({unit}{', logarithmic' if measure.log_scale else ''})",
        # The padding, in pixels, keeps the lowest edge free for what has no value.
        scale=scale or alt.Scale(padding=16, **kind),
        axis=axis,
    )
