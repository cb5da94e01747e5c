"""Puts the charts of ``nids.charts`` on a page, in the colours and the font of the visitor's theme."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from nids.charts import downsampling
from nids.charts.theme import themed

if TYPE_CHECKING:
    from collections.abc import Sequence

    import altair as alt

LIGHT_INK, DARK_INK = "#31333F", "#FAFAFA"
FONT = "'Source Sans', sans-serif"
# Pixels of titles, legend and axes: on a page, they count as part of a chart's height.
AROUND = 120


def draw(chart: alt.LayerChart | alt.Chart, name: str, around: int = AROUND) -> None:
    """Show a chart in the width of its container.

    Args:
        chart: A chart of ``nids.charts``, not themed.
        name: What it shows, in words, for screen readers.
        around: Pixels around its plot.
    """
    ink = DARK_INK if st.context.theme.type == "dark" else LIGHT_INK
    if isinstance(chart.height, int):
        chart = chart.properties(height=chart.height + around)
    styled = themed(chart, ink)
    styled.config.font = FONT
    drawn: Any = _Drawn(styled)
    st.altair_chart(drawn, width="stretch", theme=None, alt=name)


class _Drawn:
    """A chart that Streamlit takes as it is.

    Validating one against Vega-Lite's schema takes longer than all else that a server does for it. The tests do it.
    """

    def __init__(self, chart: alt.TopLevelMixin) -> None:
        self._chart = chart

    def to_dict(self) -> dict[str, Any]:
        return self._chart.to_dict(validate=False)


def left_out(shown: int, of: int) -> None:
    """Say how many of the trials a chart shows, if not all."""
    if words := downsampling.in_words(shown, of, "trials"):
        st.caption(words)


def grid(drawn: Sequence[tuple[alt.Chart, str]], columns: int) -> None:
    """Show charts side by side, with as many columns; on a phone below each other, in the same order."""
    for first in range(0, len(drawn), columns):
        for (chart, name), column in zip(drawn[first : first + columns], st.columns(columns), strict=False):
            with column:
                draw(chart, name, 70)
