"""Puts charts of ``nids.charts.theme`` on a page, in the colours and the type of the visitor's theme."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from nids.charts import downsampling
from nids.charts import theme as charts

if TYPE_CHECKING:
    from collections.abc import Sequence

    import altair as alt

LIGHT_INK, DARK_INK = "#31333F", "#FAFAFA"
FONT = "'Source Sans', sans-serif"
# Pixels of titles, legend and axes: on a page, a chart's height is that of all of it.
AROUND = 120


def draw(chart: alt.LayerChart | alt.Chart, name: str, around: int = AROUND) -> None:
    """Show a chart as wide as its place on the page.

    Args:
        chart: A chart of ``nids.charts.theme`` or in its language, not themed.
        name: What it shows, in words, for those who do not see it.
        around: Pixels of what stands around its plot.
    """
    ink = DARK_INK if st.context.theme.type == "dark" else LIGHT_INK
    if isinstance(chart.height, int):
        chart = chart.properties(height=chart.height + around)
    themed = charts.themed(chart, ink)
    themed.config.font = FONT
    drawn: Any = _Drawn(themed)
    st.altair_chart(drawn, width="stretch", theme=None, alt=name)


class _Drawn:
    """A chart that Streamlit takes as it is.

    To hold one against Vega-Lite's schema takes longer than all else that a server does for it, and comes to the same
    each time: the tests do it.
    """

    def __init__(self, chart: alt.TopLevelMixin) -> None:
        self._chart = chart

    def to_dict(self) -> dict[str, Any]:
        return self._chart.to_dict(validate=False)


def left_out(shown: int, of: int) -> None:
    """Say how many of the trials a picture shows, if not all."""
    if words := downsampling.in_words(shown, of, "trials"):
        st.caption(words)


def grid(drawn: Sequence[tuple[alt.Chart, str]], columns: int) -> None:
    """Show charts side by side, so many in a row; on a telephone below each other, in the same order."""
    for first in range(0, len(drawn), columns):
        for (chart, name), place in zip(drawn[first : first + columns], st.columns(columns), strict=False):
            with place:
                draw(chart, name, 70)
