"""The page "Trials": what was tried, which hyperparameter matters, and how chosen trials learned."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st
from optuna.distributions import CategoricalDistribution

from dashboard import choosing, downloads, frame, loading, thinning, trial_charts
from dashboard.drawing import draw, grid
from dashboard.markdown import plain
from nids import charts
from nids.charts import label
from nids.report.contents import STATES
from nids.report.rounding import duration, mean_and_spread, setting
from nids.report.wording import STATES as STATE_WORDS
from nids.space import space_from
from nids.study import complete_first

if TYPE_CHECKING:
    from dashboard.loading import KeptRun
    from nids.report import Tables
    from nids.space import Space

VIEWS = ("table", "hyperparameters", "learning curves")
CURVES = ("log_loss", "accuracy", "macro_f1", "weighted_f1", "training_loss")
NO_FILTER = "any"
FIRST_SLICES = 4
MOST_STEPS = 100
# How the marks of nids.charts look, by state, for those who do not tell their colours apart.
MARKS = {"COMPLETE": "blue circle:", "PRUNED": "orange triangle:", "RUNNING": "green diamond:", "FAIL": "red cross:"}


def show() -> None:
    """Show the page."""
    run = frame.begin("What was tried, which hyperparameter matters, and how did the trials learn?")
    tables = loading.tables(run)
    trials = run.trials()
    if trials.empty:
        frame.faults(run)
        frame.nothing_to_show("No trial can be read." if run.faults else "No trial has started yet.")
    space = space_from(run.manifest["space"])
    view = st.segmented_control(
        "View", VIEWS, default=VIEWS[0], required=True, key="view", bind="query-params", label_visibility="collapsed"
    )
    if view == VIEWS[2]:
        _curves(run, tables, trials)
    else:
        chosen = _filter(trials, space)
        if chosen.empty:
            st.info("No trial passes the filters.")
        elif view == VIEWS[0]:
            _table(run, tables, chosen)
        else:
            _hyperparameters(run, tables, chosen, trials, space)
    frame.faults(run)


def filtered(
    trials: pd.DataFrame, states: list[str], words: str, hyperparameter: str | None, allowed: Any
) -> pd.DataFrame:
    """Return the trials that pass all filters.

    Args:
        trials: The run store's trials.
        states: States to keep; none stands for all.
        words: Text that a trial's number, state, reason of failure or one of its hyperparameters must hold; each of
            its words, wherever.
        hyperparameter: The one that ``allowed`` is about; None for no such filter.
        allowed: Its lowest and highest value, or, of choices, those to keep, as text.
    """
    kept = trials[trials["state"].isin(states)] if states else trials
    if hyperparameter is not None:
        column = kept[f"params_{hyperparameter}"]
        if isinstance(allowed, tuple):
            kept = kept[column.between(*allowed)]
        elif allowed:
            kept = kept[column.map(setting).isin(allowed)]
    if words.strip():
        named = [name for name in kept.columns if name.startswith("params_") or name in {"trial", "state", "error"}]
        texts = kept[named].map(setting).agg(" ".join, axis=1).str.lower() if len(kept) else pd.Series(dtype=str)
        for word in words.lower().split():
            texts = texts[texts.str.contains(word, regex=False)]
        kept = kept.loc[texts.index]
    return kept


def shown(trials: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Return the columns that the table shows, with what the folds say as "mean ± spread"."""
    measures = list(dict.fromkeys((metric, "log_loss", "accuracy", "macro_f1")))
    columns: dict[str, Any] = {
        "trial": trials["trial"],
        "state": trials["state"].map(STATE_WORDS),
        "value": trials["value"],
    }
    for name in measures:
        columns[label(name)] = [
            mean_and_spread(name, mean, std) for mean, std in zip(trials[name], trials[f"{name}_std"], strict=True)
        ]
    columns |= {"best epoch": trials["best_epoch"], "epochs": trials["epochs"]}
    columns["time"] = [duration(seconds) for seconds in trials["seconds"]]
    parameters = [name for name in trials.columns if name.startswith("params_")]
    columns |= {name.removeprefix("params_"): trials[name] for name in parameters}
    if trials["error"].notna().any():
        columns["reason of failure"] = trials["error"]
    return pd.DataFrame(columns)


def _filter(trials: pd.DataFrame, space: Space) -> pd.DataFrame:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        states = st.pills(
            "State",
            [state for state in STATES if (trials["state"] == state).any()],
            selection_mode="multi",
            format_func=STATE_WORDS.__getitem__,
            key="state",
            bind="query-params",
            help="None chosen: all of them.",
        )
        words = st.text_input(
            "Search",
            key="search",
            bind="query-params",
            placeholder="number, value, reason …",
            width=230,
            help="Each word must occur in the trial's number, its state, its hyperparameters or the reason of its "
            "failure.",
        )
        name = st.selectbox(
            "Hyperparameter", [NO_FILTER, *space], key="of", bind="query-params", width=230, help="Limits its values."
        )
        allowed = _allowed(trials, space, name) if name != NO_FILTER else None
    return filtered(trials, states, words or "", None if allowed is None else name, allowed)


def _allowed(trials: pd.DataFrame, space: Space, name: str) -> Any:
    column, distribution = trials[f"params_{name}"].dropna(), space[name]
    if isinstance(distribution, CategoricalDistribution):
        choices = [*map(setting, distribution.choices)]
        return st.multiselect("Values", choices, key=f"is-{name}", bind="query-params", width=300)
    values = steps(column)
    if len(values) < 2:
        return None
    return st.select_slider(
        "Values",
        values,
        (values[0], values[-1]),
        format_func=setting,
        key=f"in-{name}",
        bind="query-params",
        width=300,
    )


def steps(column: pd.Series) -> list[float]:
    """Return the values at which a range of a hyperparameter may begin or end, ascending, its ends among them.

    They are values that occur, so that no rounding leaves one out; of many, every n-th.
    """
    distinct = {setting(value): value for value in sorted(column.unique().tolist())}
    values = list(distinct.values())
    kept = values[:: -(-len(values) // MOST_STEPS)]
    return kept if kept[-1:] == values[-1:] else [*kept, values[-1]]


def _table(run: KeptRun, tables: Tables, chosen: pd.DataFrame) -> None:
    ordered = complete_first(chosen, tables.mode)
    top = ordered.head(thinning.MOST_ROWS)
    rows = shown(top, tables.metric)
    help_ = "The first column to sort by: a click on a head sorts, the magnifier above searches."
    event = st.dataframe(
        rows,
        hide_index=True,
        height=430,
        on_select="rerun",
        selection_mode="multi-row",
        # What is selected are positions: of other rows, they would be other trials.
        key=f"trials-{run.name}-{zlib.crc32(top['trial'].to_numpy().tobytes())}",
        alt="A row for each trial",
        column_config={
            "trial": st.column_config.NumberColumn(pinned=True),
            "value": st.column_config.NumberColumn(f"value ({label(tables.metric)})", format="%.4g", help=help_),
            **{
                name: st.column_config.NumberColumn(format="compact" if rows[name].dtype.kind == "i" else "%.4g")
                for name in rows.columns
                if name not in {"trial", "value"} and rows[name].dtype.kind in "if"
            },
        },
    )
    limited = "" if len(chosen) == len(top) else f" The table holds the best {len(top):,} of them; the CSV all."
    st.caption(f"{len(chosen):,} of {tables.all_trials:,} trials, the best complete one first.{limited}")
    picked = top.iloc[event.selection.rows]
    numbers = picked["trial"].astype(int).tolist()[: trial_charts.MOST_CHOSEN]
    pages = st.session_state.get(choosing.PAGES, {})
    with st.container(horizontal=True):
        if st.button("Learning curves", disabled=not numbers, icon=":material/show_chart:"):
            query = {choosing.RUN: run.name, "view": VIEWS[2], "curves": [*map(str, numbers)]}
            st.switch_page(pages["trials"], query_params=query)
        if st.button("Classes", disabled=picked["value"].notna().tolist() != [True], icon=":material/category:"):
            st.switch_page(pages["classes"], query_params={choosing.RUN: run.name, choosing.TRIAL: str(numbers[0])})
        downloads.table(ordered, f"{run.name}-trials", "These trials (CSV)")


def _hyperparameters(run: KeptRun, tables: Tables, chosen: pd.DataFrame, trials: pd.DataFrame, space: Space) -> None:
    valued = chosen[chosen["value"].notna()]
    if valued.empty:
        st.info("None of these trials has a value yet.")
        return
    found, note = loading.ranked(run, trials)
    left, right = st.columns([2, 3], gap="medium")
    with left:
        if found:
            draw(charts.importances(charts.importances_data(found)), "Importance of each hyperparameter")
        st.caption(f"{note} Of all trials, whatever the filters say.")
    lines = thinning.best_first(valued, tables.mode, thinning.MOST_LINES)
    with right:
        data = trial_charts.parallel_data(lines, space, tables.metric, tables.mode)
        draw(
            trial_charts.parallel(data, trial_charts.ends(space, lines, tables.metric)),
            "Parallel coordinates: a line for each trial across its hyperparameters and its value",
        )
        st.caption(thinning.in_words(len(lines), len(valued), "trials"))
    marks = thinning.best_first(valued, tables.mode, thinning.MOST_SLICED)
    words = "; ".join(f"{mark} {STATE_WORDS[state]}" for state, mark in MARKS.items() if state in set(marks["state"]))
    st.markdown(f"##### Each trial's {label(tables.metric)} by each hyperparameter, the most important first")
    st.caption(f"A mark for each trial: {words}. A pruned trial's value is of the epoch at which it was stopped.")
    st.caption(thinning.in_words(len(marks), len(valued), "trials"))
    order = sorted(space, key=lambda name: -found.get(name, 0.0))
    if len(order) > FIRST_SLICES and not st.toggle(f"All {len(order)} of them", key="all", bind="query-params"):
        order = order[:FIRST_SLICES]
    slices = [
        (
            trial_charts.one_slice(trial_charts.slice_data(marks, name), name, space[name], tables.metric),
            f"The {label(tables.metric)} of each trial by its {name}",
        )
        for name in order
    ]
    grid(slices, 4)


def _curves(run: KeptRun, tables: Tables, trials: pd.DataFrame) -> None:
    having = trials[trials["epochs"].fillna(0) > 0]
    options, without = choosing.offered(having, tables.mode, st.query_params.get_all("curves"))
    if not options:
        st.info("No trial has ended its first epoch yet.")
        return
    if without:
        st.warning(f"No curves of trial {plain(', '.join(without))}, which the address asks for: it ended no epoch.")
    first = options[:3]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        picked = st.multiselect(
            "Trials",
            options,
            default=first,
            max_selections=trial_charts.MOST_CHOSEN,
            key="curves",
            bind="query-params",
            help="At most five, so that the lines can be told apart; the best ones come first.",
            width=420,
        )
        metric = st.selectbox("Figure", CURVES, format_func=label, key="figure", bind="query-params", width=230)
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
