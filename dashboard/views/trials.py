"""The page "Trials": what was tried, which hyperparameter matters, what was paid for what, and how trials learned."""

from __future__ import annotations

import streamlit as st

from dashboard.components import filters, layout
from dashboard.data import cache
from dashboard.views import hyperparameters, learning_curves, pareto_front, trial_table
from nids.results.ranking import complete_first
from nids.search_space import space_from

TABLE, HYPERPARAMETERS, TRADE_OFFS, CURVES = "table", "hyperparameters", "trade-offs", learning_curves.NAME
VIEWS = (TABLE, HYPERPARAMETERS, TRADE_OFFS, CURVES)


def show() -> None:
    """Show the page."""
    run = layout.begin("What was tried, which hyperparameter matters, and how did the trials learn?")
    summary = cache.summarize(run)
    trials = run.trials()
    if trials.empty:
        layout.faults(run)
        layout.nothing_to_show("No trial can be read." if run.faults else "No trial has started yet.")
    space = space_from(run.manifest["space"])
    view = st.segmented_control(
        "View",
        VIEWS,
        default=TABLE,
        required=True,
        key=learning_curves.VIEW,
        bind="query-params",
        label_visibility="collapsed",
    )
    if view == CURVES:
        learning_curves.show(run, summary)
    else:
        answer = st.container()
        controls = st.container(horizontal=True, vertical_alignment="bottom", gap="small")
        weighed = pareto_front.chosen(trials, summary.metric, controls) if view == TRADE_OFFS else None
        chosen = filters.chosen(trials, space, controls)
        if chosen.empty:
            st.info("No trial passes the filters.")
        elif view == HYPERPARAMETERS:
            hyperparameters.show(run, summary, chosen, space)
        elif view == TRADE_OFFS:
            pareto_front.show(run, summary, chosen, weighed, answer)
        else:
            words = f"{len(chosen):,} of {summary.all_trials:,} trials, the best complete one first."
            trial_table.show(run, summary, complete_first(chosen, summary.direction), words)
    layout.faults(run)
