"""What all charts share: sizes, axes, legends, headings. A chart is two functions: ``data``, then ``draw``.

The first takes a table of the run store and is tested as values; the second draws that data and nothing else. Wherever
a colour carries a meaning, a shape, a dash or a text repeats it. Text and grid have no colour of their own: ``themed``
gives them one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import altair as alt

from nids.charts import logarithmic
from nids.charts.colours import BLUE, GREEN, GREY, ORANGE, VERMILION
from nids.charts.trial_states import MARKS
from nids.metrics.measures import described

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

Channel = TypeVar("Channel", alt.X, alt.Y)

# Pixels of a chart with its axes: two stand side by side on a screen, one is readable on a telephone.
WIDTH, HEIGHT = 430, 240
# Five lines are as many as the colours tell apart on white and on black; dashes repeat them.
LINE_COLOURS = (BLUE, VERMILION, GREEN, ORANGE, GREY)
DASHES = ([1, 0], [6, 3], [2, 2], [8, 2, 2, 2], [4, 4])
MOST_TICKS = 8  # of a logarithmic axis as long as a chart is high
MOST_LINES = len(LINE_COLOURS)
STATE_LEGEND = alt.Legend(
    labelExpr="{" + ", ".join(f"{name}: '{state.words}'" for name, state in MARKS.items()) + "}[datum.label]"
)


def by_state(present: Iterable[str], legend: alt.Legend | None = STATE_LEGEND) -> dict[str, alt.Color | alt.Shape]:
    """Return what tells trials apart by their mark, a colour and a shape, for those of ``MARKS`` that are present."""
    states = [state for state in MARKS if state in set(present)]
    colours, shapes = [MARKS[state].colour for state in states], [MARKS[state].shape for state in states]
    return {
        "color": alt.Color("state:N", title=None, legend=legend, scale=alt.Scale(domain=states, range=colours)),
        "shape": alt.Shape("state:N", title=None, legend=legend, scale=alt.Scale(domain=states, range=shapes)),
    }


def legend() -> alt.Legend:
    """Return a legend of lines, wide enough to tell dashes apart."""
    return alt.Legend(symbolType="stroke", symbolStrokeWidth=2, symbolSize=400, labelLimit=300)


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
    channel: type[Channel],
    field: str,
    name: str,
    values: pd.Series,
    title: str | None = None,
    *,
    scale: alt.Scale | None = None,
) -> Channel:
    """Return the axis of a measure, with the scale, the unit and the words that its table gives it.

    Args:
        channel: ``alt.X`` or ``alt.Y``.
        field: The column with its values.
        name: The measure.
        values: Those that are drawn.
        title: Instead of its label and unit.
        scale: Instead of its scale.
    """
    measure = described(name)
    unit = "mean over folds" if measure.unit == "share" else measure.unit
    if measure.log_scale:
        axis, kind = logarithmic.axis(values, MOST_TICKS), {"type": "log", "nice": False}
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
