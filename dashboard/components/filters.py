"""The visitor's filters of trials, which are part of the address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st
from optuna.distributions import CategoricalDistribution

from nids.charts.trial_states import MARKS, marks
from nids.metrics.formatting import setting

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from nids.search_space import Space

NO_FILTER = "any"
MOST_STEPS = 100


def chosen(trials: pd.DataFrame, space: Space, row: DeltaGenerator) -> pd.DataFrame:
    """Let the visitor filter the trials in a row of the page, and return those that pass."""
    with row:
        states = st.pills(
            "State",
            [state for state in MARKS if (marks(trials) == state).any()],
            selection_mode="multi",
            format_func=lambda state: MARKS[state].words,
            key="state",
            bind="query-params",
            help="Choose none to see all.",
        )
        words = st.text_input(
            "Search",
            key="search",
            bind="query-params",
            placeholder="number, value, error …",
            width=210,
            help="Each word must occur in the trial's number, state, hyperparameters or error.",
        )
        name = st.selectbox(
            "Hyperparameter", [NO_FILTER, *space], key="of", bind="query-params", width=210, help="Limit its values."
        )
        allowed = _allowed(trials, space, name) if name != NO_FILTER else None
    return filtered(trials, states, words or "", None if allowed is None else name, allowed)


def filtered(
    trials: pd.DataFrame, states: list[str], words: str, hyperparameter: str | None, allowed: Any
) -> pd.DataFrame:
    """Return the trials that pass all filters.

    Args:
        trials: The run store's trials.
        states: Of ``MARKS``, those to keep; none stands for all.
        words: Words, each of which must occur in a trial's number, state, error or one of its hyperparameters.
        hyperparameter: The one that ``allowed`` is about; None for no such filter.
        allowed: Its lowest and highest value, or, of choices, those to keep, as text.
    """
    kept = trials[marks(trials).isin(states)] if states else trials
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
