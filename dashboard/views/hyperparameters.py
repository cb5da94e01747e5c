"""The view "hyperparameters" of the page "Trials": which of them matter, and which values do well."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from nids.charts import downsampling, parallel_coordinate, param_importances, slices
from nids.charts.trial_states import MARKS, marks
from nids.dashboard.components.chart import draw, grid, left_out
from nids.dashboard.data import cache
from nids.metrics.measures import label

if TYPE_CHECKING:
    import pandas as pd

    from nids.dashboard.data.snapshot import KeptRun
    from nids.report import RunSummary
    from nids.search_space import Space

FIRST_SLICES = 4
MOST_BESIDE = 8


def show(run: KeptRun, summary: RunSummary, filtered: pd.DataFrame, space: Space) -> None:
    """Show the importances of the hyperparameters, parallel coordinates and slices.

    Args:
        run: The run.
        summary: Its summary.
        filtered: Its trials that pass the filters.
        space: Its search space.
    """
    valued = filtered[filtered["value"].notna()]
    if valued.empty:
        st.info("None of these trials has a value yet.")
        return
    importances, note = cache.ranked(run, run.trials())
    # With more axes, the labels at their ends would overlap in three fifths of a page.
    beside = len(space) <= MOST_BESIDE
    left, right = st.columns([2, 3], gap="medium") if beside else (st.container(), st.container())
    with left:
        if importances:
            draw(param_importances.draw(param_importances.data(importances)), "Importance of each hyperparameter")
        st.caption(f"{note} Filters do not apply here.")
    lines = downsampling.best_first(valued, summary.direction, downsampling.MOST_LINES)
    with right:
        data = parallel_coordinate.data(lines, space, summary.metric, summary.direction)
        draw(
            parallel_coordinate.draw(data, parallel_coordinate.ends(space, lines, summary.metric)),
            "Parallel coordinates: a line for each trial across its hyperparameters and its value",
        )
        left_out(len(lines), len(valued))
    shown = downsampling.best_first(valued, summary.direction, downsampling.MOST_SLICED)
    words = "; ".join(f"{state.mark}: {state.words}" for name, state in MARKS.items() if name in set(marks(shown)))
    st.markdown(f"##### {_capital(label(summary.metric))} of each trial by hyperparameter, most important first")
    st.caption(f"One mark per trial: {words}. The value of a pruned trial is from the epoch at which it was stopped.")
    left_out(len(shown), len(valued))
    order = sorted(space, key=lambda name: -importances.get(name, 0.0))
    if len(order) > FIRST_SLICES and not st.toggle(f"Show all {len(order)}", key="all", bind="query-params"):
        order = order[:FIRST_SLICES]
    drawn = [
        (
            slices.draw(slices.data(shown, name), name, space[name], summary.metric),
            f"{_capital(label(summary.metric))} of each trial by {name}",
        )
        for name in order
    ]
    grid(drawn, 4)


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
