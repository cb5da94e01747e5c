"""The view "trade-offs" of the page "Trials": two figures against each other, and the trials that none beats."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from dashboard import pareto, thinning, trade_off_charts, trial_table
from dashboard.drawing import draw, left_out
from dashboard.markdown import plain
from nids.charts import label

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from dashboard.kept_run import KeptRun
    from nids.report import Tables

HELP = "Of two figures, one trial need not be the best in both. Those that no other one beats are the Pareto front."
CHANCE = (
    "The fronts of other folds would be others: where whiskers reach beyond the neighbour, chance may decide who is on "
    "it. The search went by {metric} alone."
)


def chosen(trials: pd.DataFrame, metric: str, row: DeltaGenerator) -> tuple[str, ...]:
    """Let the visitor choose two figures in a row of the page, and return them; none if there are not two."""
    names = pareto.offered(trials)
    if len(names) < 2:
        return ()
    # At first, what the search went by.
    defaults = {"weigh": metric if metric in names else names[0], "against": pareto.opposed(metric, names)}
    with row:
        return tuple(
            st.selectbox(
                key.capitalize(),
                names,
                index=names.index(default),
                format_func=pareto.words,
                key=key,
                bind="query-params",
                width=210,
                help=HELP,
            )
            for key, default in defaults.items()
        )


def show(run: KeptRun, tables: Tables, trials: pd.DataFrame, weighed: tuple[str, ...]) -> None:
    """Show two figures of trials against each other, and the trials on their Pareto front.

    Args:
        run: The run.
        tables: What the report says of it.
        trials: Its trials that pass the filters.
        weighed: What ``chosen`` returned.
    """
    if not weighed or not (trials["state"] == "COMPLETE").any():
        st.info("None of these trials is complete: only complete ones can be weighed against each other.")
        return
    second, first = weighed
    if first == second:
        st.info("Choose two different figures.")
        return
    on_front = pareto.front(trials, first, second)
    st.markdown(f"#### {plain(pareto.in_words(trials, on_front, first, second))}")
    having = trials[trials[first].notna() & trials[second].notna()]
    others = thinning.best_first(having[~on_front[having.index]], tables.mode, thinning.MOST_MARKS)
    shown = pd.concat([having[on_front[having.index]], others])
    data = trade_off_charts.trade_off_data(shown, on_front, first, second)
    draw(
        trade_off_charts.trade_off(data, first, second),
        f"{pareto.words(second)} of each trial against its {pareto.words(first)}",
    )
    left_out(len(shown), len(having))
    best = trials[on_front].sort_values(first, ascending=first in pareto.LESS_IS_BETTER)
    measures = [name for name in (first, second) if name != pareto.SECONDS]
    words = f"The front, the best by {pareto.words(first)} first. {CHANCE.format(metric=label(tables.metric))}"
    trial_table.show(run, tables, best, words, list(dict.fromkeys((*measures, *trial_table.MEASURES))), "front")
