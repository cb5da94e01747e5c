"""The view "curves" of the page "Trials": how chosen trials learned, fold by fold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from dashboard.components import downloads, selection
from dashboard.components.chart import draw
from dashboard.components.markdown import plain
from nids.charts import trials as trial_charts
from nids.metrics.measures import label

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dashboard.data.snapshot import KeptRun
    from nids.report import RunSummary

# The key of the page's view, and what it is called there; that of the trials.
VIEW, NAME, CHOSEN = "view", "curves", "curves"


def choose(numbers: Sequence[int]) -> None:
    """Show the curves of these trials: what a button on the same page does when it is clicked."""
    st.session_state[VIEW] = NAME
    # A widget that is yet to come takes its value from the one, and leaves the other alone.
    st.session_state[CHOSEN] = st.query_params[CHOSEN] = [*map(str, numbers)]


def show(run: KeptRun, summary: RunSummary) -> None:
    """Show the learning curves of the trials that the visitor chooses."""
    trials = run.trials()
    having = trials[trials["epochs"].fillna(0) > 0]
    options, without = selection.offered(having, summary.direction, st.query_params.get_all(CHOSEN))
    if not options:
        st.info("No trial has ended its first epoch yet.")
        return
    if without:
        st.warning(f"No curves of trial {plain(', '.join(without))}, which the address asks for: it ended no epoch.")
    first = options[:3]
    figures = [*dict.fromkeys((summary.metric, *summary.metrics.index, "training_loss"))]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        picked = st.multiselect(
            "Trials",
            options,
            default=first,
            max_selections=trial_charts.MOST_CHOSEN,
            key=CHOSEN,
            bind="query-params",
            help="At most five, so that the lines can be told apart; the best ones come first.",
            width=420,
        )
        metric = st.selectbox("Figure", figures, format_func=label, key="figure", bind="query-params", width=230)
    if not picked:
        st.info("Choose a trial above.")
        return
    rows = pd.concat([run.table("curves", int(number)) for number in picked])
    if metric not in rows or rows[metric].isna().all():
        st.info("These trials have no such figure.")
        return
    draw(
        trial_charts.curves(trial_charts.curves_data(rows, metric), metric, [*map(int, picked)]),
        f"Learning curves of trials {', '.join(picked)}",
    )
    downloads.table(rows, f"{run.name}-curves", "These curves (CSV)")
