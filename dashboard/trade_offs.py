"""The view "trade-offs" of the page "Trials": two figures against each other, and the trials that none beats."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from dashboard import pareto, thinning, trade_off_charts, trial_table
from dashboard.drawing import draw
from dashboard.markdown import plain
from nids.charts import label

if TYPE_CHECKING:
    from dashboard.loading import KeptRun
    from nids.report import Tables

HELP = "Of two figures, one trial need not be the best in both. Those that no other one beats are the Pareto front."
CHANCE = (
    "The fronts of other folds would be others: where whiskers reach beyond the neighbour, chance may decide who is on "
    "it. The search went by {metric} alone."
)


def show(run: KeptRun, tables: Tables, chosen: pd.DataFrame) -> None:
    """Show two figures of trials against each other, and the trials on their Pareto front.

    Args:
        run: The run.
        tables: What the report says of it.
        chosen: Its trials that pass the filters.
    """
    names = pareto.offered(chosen)
    if len(names) < 2:
        st.info("None of these trials is complete: only complete ones can be weighed against each other.")
        return
    first, second = _axes(names, tables.metric)
    if first == second:
        st.info("Choose two different figures.")
        return
    on_front = pareto.front(chosen, first, second)
    st.markdown(f"#### {plain(pareto.in_words(chosen, on_front, first, second))}")
    having = chosen[chosen[first].notna() & chosen[second].notna()]
    others = thinning.best_first(having[~on_front[having.index]], tables.mode, thinning.MOST_MARKS)
    shown = pd.concat([having[on_front[having.index]], others])
    data = trade_off_charts.trade_off_data(shown, on_front, first, second)
    draw(
        trade_off_charts.trade_off(data, first, second),
        f"{pareto.words(second)} of each trial against its {pareto.words(first)}",
    )
    st.caption(thinning.in_words(len(shown), len(having), "trials"))
    best = chosen[on_front].sort_values(first, ascending=first in pareto.LESS_IS_BETTER)
    measures = [name for name in (first, second) if name != pareto.SECONDS]
    words = f"The front, the best by {pareto.words(first)} first. {CHANCE.format(metric=label(tables.metric))}"
    trial_table.show(run, tables, best, words, list(dict.fromkeys((*measures, *trial_table.MEASURES))), "front")


def _axes(names: list[str], metric: str) -> tuple[str, str]:
    opposed = pareto.opposed(metric, names)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        second, first = (
            st.selectbox(
                words,
                names,
                index=names.index(default) if default in names else 0,
                format_func=pareto.words,
                key=key,
                bind="query-params",
                width=300,
                help=HELP,
            )
            for words, key, default in (("Of", "of-figure", metric), ("against", "against", opposed))
        )
    return first, second
