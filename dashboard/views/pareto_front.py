"""The view "trade-offs" of the page "Trials": two figures against each other, and the trials that none beats."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from dashboard.components.chart import draw, left_out
from dashboard.components.markdown import plain
from dashboard.views import trial_table
from nids.charts import downsampling, pareto_front
from nids.metrics import pareto
from nids.metrics.measures import HEADLINE, described, label

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from dashboard.data.snapshot import KeptRun
    from nids.metrics.pareto import Axes
    from nids.report import RunSummary

HELP = "Of two figures, one trial need not be the best in both. Those that no other one beats are the Pareto front."
CHANCE = (
    "The fronts of other folds would be others: where whiskers reach beyond the neighbour, chance may decide who is on "
    "it."
)


def chosen(trials: pd.DataFrame, metric: str, row: DeltaGenerator) -> Axes | None:
    """Let the visitor choose two figures in a row of the page, and return them; None if there are not two."""
    names = pareto.offered(trials)
    if len(names) < 2:
        return None
    first = pareto.defaults(metric, names)
    with row:
        weighed, against = (
            st.selectbox(
                key.capitalize(),
                names,
                index=names.index(default),
                format_func=label,
                key=key,
                bind="query-params",
                width=180,
                help=HELP,
            )
            for key, default in (("weigh", first.vertical), ("against", first.horizontal))
        )
    return pareto.Axes(weighed, against)


def show(run: KeptRun, summary: RunSummary, shown: pd.DataFrame, axes: Axes | None, answer: DeltaGenerator) -> None:
    """Show two figures of trials against each other, and the trials on their Pareto front.

    Args:
        run: The run.
        summary: What the report says of it.
        shown: Its trials that pass the filters; the front is that of all.
        axes: What ``chosen`` returned.
        answer: A place above the filters, for what is true whatever they say.
    """
    trials = run.trials()
    if axes is None:
        st.info("No trial is complete: only complete ones can be weighed against each other.")
        return
    if axes.vertical == axes.horizontal:
        st.info("Choose two different figures.")
        return
    answer.markdown(f"#### {plain(pareto.in_words(trials, axes))}")
    having = shown.dropna(subset=[*axes])
    if having.empty:
        st.info("None of the trials that pass the filters has both figures.")
        return
    on_front = pareto.front(trials, axes)[having.index]
    others = downsampling.best_first(having[~on_front], summary.direction, downsampling.MOST_MARKS)
    drawn = pd.concat([having[on_front], others])
    picture = pareto_front.trade_off(pareto_front.trade_off_data(drawn, on_front, axes), axes)
    draw(picture, f"{label(axes.vertical)} of each trial against its {label(axes.horizontal)}")
    left_out(len(drawn), len(having))
    best = having[on_front].sort_values(axes.vertical, ascending=described(axes.vertical).direction == "min")
    if best.empty:
        st.caption("No trial of the front passes the filters.")
        return
    measures = [name for name in axes if name != pareto.SECONDS]
    chance = f" {CHANCE}" if summary.folds > 1 else ""
    first = label(axes.vertical)
    words = f"The front, the best by {first} first.{chance} The search went by {label(summary.metric)} alone."
    trial_table.show(run, summary, best, words, list(dict.fromkeys((*measures, *HEADLINE))), "front")
