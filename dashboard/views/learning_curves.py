"""The view "learning curves" of the page "Trials": how chosen trials learned, fold by fold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from nids.charts import learning_curves, theme
from nids.dashboard.components import downloads, selection
from nids.dashboard.components.chart import draw
from nids.dashboard.components.markdown import plain
from nids.metrics.measures import label

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nids.dashboard.data.snapshot import KeptRun
    from nids.report import RunSummary

# The key of the page's view, and this view's name there; the key of the chosen trials.
VIEW, NAME, CHOSEN = "view", "learning curves", "curves"


def choose(numbers: Sequence[int]) -> None:
    """Show the curves of these trials, when a button on the same page is clicked."""
    st.session_state[VIEW] = NAME
    # A widget that is yet to come takes its value from the one, and leaves the other alone.
    st.session_state[CHOSEN] = st.query_params[CHOSEN] = [*map(str, numbers)]


def show(run: KeptRun, summary: RunSummary) -> None:
    """Show the learning curves of the trials that the visitor chooses."""
    trials = run.trials()
    with_curves = trials[trials["epochs"].fillna(0) > 0]
    options, missing = selection.offered(with_curves, summary.direction, st.query_params.get_all(CHOSEN))
    if not options:
        st.info("No trial has completed its first epoch yet.")
        return
    if missing:
        which = f"{'Trial' if len(missing) == 1 else 'Trials'} {plain(', '.join(missing))}"
        st.warning(f"{which} completed no epoch, so there are no learning curves.")
    first = options[:3]
    metrics = [*dict.fromkeys((summary.metric, *summary.metrics.index, "training_loss"))]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        picked = st.multiselect(
            "Trials",
            options,
            default=first,
            max_selections=theme.MOST_LINES,
            key=CHOSEN,
            bind="query-params",
            help="At most five, so that the lines stay distinguishable. Best trials first.",
            width=420,
        )
        metric = st.selectbox("Metric", metrics, format_func=label, key="metric", bind="query-params", width=230)
    if not picked:
        st.info("Choose at least one trial above.")
        return
    rows = pd.concat([run.table("curves", int(number)) for number in picked])
    if metric not in rows or rows[metric].isna().all():
        st.info(f"These trials have no {label(metric)}.")
        return
    draw(
        learning_curves.draw(learning_curves.data(rows, metric), metric, [*map(int, picked)]),
        f"Learning curves of trials {', '.join(picked)}",
    )
    downloads.table(rows, f"{run.name}-curves", "These curves (CSV)")
