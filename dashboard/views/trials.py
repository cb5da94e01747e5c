"""The page "Trials": what was tried, which hyperparameters matter, what a metric costs, and how trials learned."""

from __future__ import annotations

import streamlit as st

from nids.dashboard.components import faults, filters, layout
from nids.dashboard.data import cache
from nids.dashboard.views import hyperparameters, learning_curves, pareto_front, trial_table
from nids.metrics.measures import HEADLINE
from nids.results import ranking

TABLE, HYPERPARAMETERS, PARETO_FRONT = "table", "hyperparameters", "Pareto front"
VIEWS = (TABLE, HYPERPARAMETERS, PARETO_FRONT, learning_curves.NAME)


def show() -> None:
    """Show the page."""
    run = layout.begin("What was tried, which hyperparameters matter, and how did the trials learn?")
    summary = cache.summarize(run)
    trials = run.trials()
    if trials.empty:
        faults.of_run(run)
        layout.nothing_to_show("The trials cannot be read." if run.faults else "No trial has started yet.")
    space = run.manifest.space
    view = st.segmented_control(
        "View",
        VIEWS,
        default=TABLE,
        required=True,
        key=learning_curves.VIEW,
        bind="query-params",
        label_visibility="collapsed",
    )
    if view == learning_curves.NAME:
        learning_curves.show(run, summary)
    else:
        answer = st.container()
        controls = st.container(horizontal=True, vertical_alignment="bottom", gap="small")
        axes = pareto_front.chosen(trials, summary.objectives, controls) if view == PARETO_FRONT else None
        filtered = filters.chosen(trials, space, controls)
        if filtered.empty:
            st.info("No trial passes the filters.")
        elif view == HYPERPARAMETERS:
            hyperparameters.show(run, summary, filtered, space)
        elif view == PARETO_FRONT:
            pareto_front.show(run, summary, filtered, axes, answer)
        else:
            kind = "feasible" if summary.feasibility else "complete"
            words = f"{len(filtered):,} of {summary.all_trials:,} trials, best {kind} trial first."
            limited = (limit.name for limit in run.manifest.job.search.limits)
            others = dict.fromkeys((*summary.objectives, *limited, *HEADLINE))
            trial_table.show(run, summary, ranking.ordered(filtered, summary.direction), words, [*others])
    faults.of_run(run)
