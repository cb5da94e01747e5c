"""A table of trials. Those that the visitor selects lead to their learning curves or their results by class."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from nids.charts import downsampling, theme
from nids.charts.trial_states import MARKS, marks
from nids.dashboard.components import downloads, selection
from nids.dashboard.views import learning_curves
from nids.metrics.measures import HEADLINE, described, label
from nids.results import ranking

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nids.dashboard.data.snapshot import KeptRun
    from nids.report import RunSummary

SPREAD = "±"
SAME_AS = "same as"
HEIGHT = 430


def columns(trials: pd.DataFrame, metric: str, others: Sequence[str] = HEADLINE) -> pd.DataFrame:
    """Return what the table shows of trials, a row each. All metrics are numbers, to sort by: shares in per cent.

    Args:
        trials: The run store's trials.
        metric: The run's metric, which is shown with its spread over the folds.
        others: Further metrics.
    """
    shown: dict[str, Any] = {
        "trial": trials["trial"],
        "state": marks(trials).map({name: state.words for name, state in MARKS.items()}),
        **({} if ranking.trained(trials).all() else {SAME_AS: trials["duplicate_of"]}),
        label(metric): _scale(metric) * trials["value"],
        SPREAD: _scale(metric) * trials[f"{metric}_std"],
    }
    shown |= {label(name): _scale(name) * trials[name] for name in others if name != metric and name in trials}
    shown |= {"best epoch": trials["best_epoch"], "epochs": trials["epochs"]}
    shown["time"] = pd.to_timedelta(trials["seconds"].round(), unit="s")
    parameters = [name for name in trials.columns if name.startswith("params_")]
    shown |= {name.removeprefix("params_"): trials[name] for name in parameters}
    if trials["error"].notna().any():
        shown["error"] = trials["error"]
    return pd.DataFrame(shown)


def show(
    run: KeptRun,
    summary: RunSummary,
    ordered: pd.DataFrame,
    words: str,
    others: Sequence[str] = HEADLINE,
    kind: str = "",
) -> None:
    """Show a table of trials, a sentence below it, and what can be done with those that the visitor selects.

    Args:
        run: The run.
        summary: What the report says of it.
        ordered: The trials, in the order of the table.
        words: What they are, for the caption below the table.
        others: Metrics in addition to the run's own.
        kind: Tells several tables of the same trials apart; part of a file's name.
    """
    top = ordered.head(downsampling.MOST_ROWS)
    rows = columns(top, summary.metric, others)
    number_formats = {name: _format(rows[name]) for name in rows.columns if rows[name].dtype.kind in "if"}
    number_formats |= {label(name): _format_of(name) for name in (summary.metric, *others)}
    value = number_formats[label(summary.metric)]
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
            **{name: st.column_config.NumberColumn(format=form) for name, form in number_formats.items()},
            "trial": st.column_config.NumberColumn(pinned=True),
            label(summary.metric): st.column_config.NumberColumn(
                format=value,
                help=f"{_what_ranks(summary)}: mean over the folds. For a pruned trial, it is from the epoch at which "
                "the trial was stopped. Click any column's head to sort by it.",
            ),
            SAME_AS: st.column_config.NumberColumn(
                help="The earlier trial at the same point, whose result this one has: it was not trained again."
            ),
            "time": st.column_config.NumberColumn(format="compact", help="Hours, minutes and seconds."),
            SPREAD: st.column_config.NumberColumn(
                format=value,
                help=f"Standard deviation of the {label(summary.metric)} over the folds.",
            ),
        },
    )
    limited = "" if len(ordered) == len(top) else f" The table has the first {len(top):,}, the CSV file all."
    st.caption(f"{words}{limited}")
    _buttons(run, top.iloc[event.selection.rows], ordered, kind)


def _what_ranks(summary: RunSummary) -> str:
    count = len(summary.objectives)
    return f"The first of {count} objectives" if count > 1 else "The metric that the search optimizes"


def _scale(name: str) -> int:
    return 100 if _is_share(name) else 1


def _is_share(name: str) -> bool:
    return described(name).unit == "share"


def _format_of(name: str) -> str:
    """Return the format of a measure's column."""
    if described(name).unit == "count":
        return "localized"
    return "%.2f %%" if _is_share(name) else "%.4f"


def _format(column: pd.Series) -> str:
    return "compact" if column.dtype.kind == "i" else "%.4g"


def _buttons(run: KeptRun, picked: pd.DataFrame, ordered: pd.DataFrame, kind: str) -> None:
    numbers = picked["trial"].astype(int).tolist()[: theme.MOST_LINES]
    pages = st.session_state.get(selection.PAGES, {})
    with st.container(horizontal=True):
        st.button(
            "Learning curves",
            disabled=not numbers,
            icon=":material/show_chart:",
            on_click=learning_curves.choose,
            args=(numbers,),
        )
        if st.button(
            "Results by class",
            disabled=(picked["value"].notna() & ranking.trained(picked)).tolist() != [True],
            icon=":material/category:",
        ):
            st.switch_page(pages["classes"], query_params={selection.RUN: run.name, selection.TRIAL: str(numbers[0])})
        downloads.table(ordered, f"{run.name}-{kind or 'trials'}", "These trials (CSV)")
