"""What a search with several objectives has found, on the page "Overview"."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from nids.dashboard.components import selection
from nids.dashboard.components.chart import grid
from nids.dashboard.components.markdown import code, plain, unbroken
from nids.metrics.measures import label
from nids.report import cells, objectives
from nids.report.front_charts import front_charts

if TYPE_CHECKING:
    from nids.dashboard.data.snapshot import KeptRun
    from nids.report import RunSummary


def show(run: KeptRun, summary: RunSummary) -> None:
    """Show what there is to say of constraints and objectives and, of several objectives, their Pareto front."""
    trials = run.trials()
    sentences = objectives.in_words(trials, summary)
    if summary.front.empty:
        for sentence in sentences:
            st.markdown(unbroken(plain(sentence)))
        return
    st.markdown("##### What the objectives cost each other")
    for sentence in sentences:
        st.markdown(unbroken(plain(sentence)))
    charts, names = front_charts(trials, summary), summary.objectives
    first, second, *others = map(label, names)
    more = f", the first two of {len(names)} objectives" if others else ""
    words = {
        "front": f"The Pareto front: {first} of each trial against its {second}{more}",
        "hypervolume": "Hypervolume of the trials up to each one",
    }
    grid([(chart, words[name]) for name, chart in charts.items()], 2)
    head, rows = cells.front(summary)
    st.dataframe(
        pd.DataFrame(rows, columns=[*head]),
        hide_index=True,
        alt="A row for each trial on the Pareto front",
        column_config={"trial": st.column_config.Column(pinned=True)},
    )
    st.caption(plain(f"{objectives.front_title(summary)}."))
    finalize = partial(selection.command, "finalize", run.name)
    if how := objectives.how_to_pick(trials, summary, finalize, code):
        st.markdown(how)
