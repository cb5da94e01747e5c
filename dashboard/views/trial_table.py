"""A table of trials, from which some are taken on to their learning curves or their classes."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from dashboard.components import downloads
from dashboard.components import selection as choosing
from dashboard.views import learning_curves
from nids.charts import downsampling
from nids.charts import trials as trial_charts
from nids.metrics.formatting import duration, mean_and_spread
from nids.metrics.measures import HEADLINE, described, label
from nids.report.sentences import STATES as STATE_WORDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dashboard.data.snapshot import KeptRun
    from nids.report import RunSummary

SPREAD = "±"
HEIGHT = 430


def columns(trials: pd.DataFrame, metric: str, others: Sequence[str] = HEADLINE) -> pd.DataFrame:
    """Return what the table shows of trials: a row each.

    Args:
        trials: The run store's trials.
        metric: The run's metric: it and its spread are numbers, to sort by.
        others: Further figures, as "mean ± spread".
    """
    shown: dict[str, Any] = {
        "trial": trials["trial"],
        "state": trials["state"].map(STATE_WORDS),
        label(metric): trials["value"],
        SPREAD: trials[f"{metric}_std"],
    }
    for name in others:
        if name != metric and name in trials:
            shown[label(name)] = [
                mean_and_spread(name, mean, std) for mean, std in zip(trials[name], trials[f"{name}_std"], strict=True)
            ]
    shown |= {"best epoch": trials["best_epoch"], "epochs": trials["epochs"]}
    shown["time"] = [duration(seconds) for seconds in trials["seconds"]]
    parameters = [name for name in trials.columns if name.startswith("params_")]
    shown |= {name.removeprefix("params_"): trials[name] for name in parameters}
    if trials["error"].notna().any():
        shown["reason of failure"] = trials["error"]
    return pd.DataFrame(shown)


def show(
    run: KeptRun,
    summary: RunSummary,
    ordered: pd.DataFrame,
    words: str,
    others: Sequence[str] = HEADLINE,
    kind: str = "",
) -> None:
    """Show a table of trials, what is said of it, and what can be done with those that the visitor selects.

    Args:
        run: The run.
        summary: What the report says of it.
        ordered: The trials, in the order of the table.
        words: What they are; stands below the table.
        others: Figures beside the run's metric.
        kind: Tells several tables of the same trials apart; part of a file's name.
    """
    top = ordered.head(downsampling.MOST_ROWS)
    rows = columns(top, summary.metric, others)
    value = "percent" if described(summary.metric).unit == "share" else "%.4g"
    numbers = [name for name in rows.columns if rows[name].dtype.kind in "if"]
    event = st.dataframe(
        rows,
        hide_index=True,
        height=HEIGHT if len(rows) > 10 else "content",
        on_select="rerun",
        selection_mode="multi-row",
        # What is selected are positions: of other rows, they would be other trials.
        key=f"trials-{kind}-{run.name}-{zlib.crc32(top['trial'].to_numpy().tobytes())}",
        alt="A row for each trial",
        column_config={
            **{
                name: st.column_config.NumberColumn(format="compact" if rows[name].dtype.kind == "i" else "%.4g")
                for name in numbers
            },
            "trial": st.column_config.NumberColumn(pinned=True),
            label(summary.metric): st.column_config.NumberColumn(
                format=value,
                help="What the search goes by: the mean over the folds; of a pruned trial, of the epoch at which it "
                "was stopped. A click on any head sorts by that column.",
            ),
            SPREAD: st.column_config.NumberColumn(
                format=value if described(summary.metric).unit == "share" else "%.2g",
                help="Standard deviation over the folds.",
            ),
        },
    )
    limited = "" if len(ordered) == len(top) else f" The table holds the first {len(top):,} of them; the CSV all."
    st.caption(f"{words}{limited}")
    _taken_on(run, top.iloc[event.selection.rows], ordered, kind)


def _taken_on(run: KeptRun, picked: pd.DataFrame, ordered: pd.DataFrame, kind: str) -> None:
    numbers = picked["trial"].astype(int).tolist()[: trial_charts.MOST_CHOSEN]
    pages = st.session_state.get(choosing.PAGES, {})
    with st.container(horizontal=True):
        st.button(
            "Learning curves",
            disabled=not numbers,
            icon=":material/show_chart:",
            on_click=learning_curves.choose,
            args=(numbers,),
        )
        if st.button("Classes", disabled=picked["value"].notna().tolist() != [True], icon=":material/category:"):
            st.switch_page(pages["classes"], query_params={choosing.RUN: run.name, choosing.TRIAL: str(numbers[0])})
        downloads.table(ordered, f"{run.name}-{kind or 'trials'}", "These trials (CSV)")
