"""The view "hyperparameters" of the page "Trials": which of them matter, and where in their ranges the good lie."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from dashboard.components.chart import draw, grid, left_out
from dashboard.data import cache
from nids.charts import downsampling, theme
from nids.charts import trials as trial_charts
from nids.metrics.measures import label
from nids.report.sentences import STATES as STATE_WORDS

if TYPE_CHECKING:
    import pandas as pd

    from dashboard.data.snapshot import KeptRun
    from nids.report import RunSummary
    from nids.search_space import Space

FIRST_SLICES = 4
MOST_BESIDE = 8
# How the marks of nids.charts.theme look, by state, for those who do not tell their colours apart.
MARKS = {"COMPLETE": "blue circle:", "PRUNED": "orange triangle:", "RUNNING": "green diamond:", "FAIL": "red cross:"}


def show(run: KeptRun, summary: RunSummary, chosen: pd.DataFrame, space: Space) -> None:
    """Show the importances of the hyperparameters, parallel coordinates and slices.

    Args:
        run: The run.
        summary: What the report says of it.
        chosen: Its trials that pass the filters.
        space: Its search space.
    """
    valued = chosen[chosen["value"].notna()]
    if valued.empty:
        st.info("None of these trials has a value yet.")
        return
    found, note = cache.ranked(run, run.trials())
    # Of more axes, the texts at their ends would lie over each other in three fifths of a page.
    beside = len(space) <= MOST_BESIDE
    left, right = st.columns([2, 3], gap="medium") if beside else (st.container(), st.container())
    with left:
        if found:
            draw(theme.importances(theme.importances_data(found)), "Importance of each hyperparameter")
        st.caption(f"{note} Of all trials, whatever the filters say.")
    lines = downsampling.best_first(valued, summary.direction, downsampling.MOST_LINES)
    with right:
        data = trial_charts.parallel_data(lines, space, summary.metric, summary.direction)
        draw(
            trial_charts.parallel(data, trial_charts.ends(space, lines, summary.metric)),
            "Parallel coordinates: a line for each trial across its hyperparameters and its value",
        )
        left_out(len(lines), len(valued))
    marks = downsampling.best_first(valued, summary.direction, downsampling.MOST_SLICED)
    words = "; ".join(f"{mark} {STATE_WORDS[state]}" for state, mark in MARKS.items() if state in set(marks["state"]))
    st.markdown(f"##### Each trial's {label(summary.metric)} by each hyperparameter, the most important first")
    st.caption(f"A mark for each trial: {words}. A pruned trial's value is of the epoch at which it was stopped.")
    left_out(len(marks), len(valued))
    order = sorted(space, key=lambda name: -found.get(name, 0.0))
    if len(order) > FIRST_SLICES and not st.toggle(f"All {len(order)} of them", key="all", bind="query-params"):
        order = order[:FIRST_SLICES]
    slices = [
        (
            trial_charts.one_slice(trial_charts.slice_data(marks, name), name, space[name], summary.metric),
            f"The {label(summary.metric)} of each trial by its {name}",
        )
        for name in order
    ]
    grid(slices, 4)
