"""The view "Pareto front" of the page "Trials": two metrics against each other, and the trials that none beats."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from nids.charts import downsampling, pareto_front
from nids.dashboard.components.chart import draw, left_out
from nids.dashboard.components.markdown import plain
from nids.dashboard.views import trial_table
from nids.metrics.measures import HEADLINE, described, label
from nids.report import objectives
from nids.results import ranking
from nids.results.ranking import Axes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamlit.delta_generator import DeltaGenerator

    from nids.dashboard.data.snapshot import KeptRun
    from nids.report import RunSummary

HELP = "The Pareto front: the trials that no other trial beats in one of these metrics without losing in the other."
CHANCE = (
    "Other folds would give another front: where the whiskers of neighbours overlap, chance may decide which is on it."
)


def chosen(trials: pd.DataFrame, optimized: Sequence[str], row: DeltaGenerator) -> Axes | None:
    """Let the visitor choose two metrics in a row of the page, and return them; None if there are not two.

    Args:
        trials: The run's trials.
        optimized: What its search optimized, which is proposed.
        row: A row of the page.
    """
    names = ranking.measured(trials)
    if len(names) < 2:
        return None
    first = Axes.from_objectives(optimized, names)
    with row:
        vertical, horizontal = (
            st.selectbox(
                title,
                names,
                index=names.index(default),
                format_func=label,
                key=key,
                bind="query-params",
                width=180,
                help=HELP,
            )
            for title, key, default in (
                ("Vertical axis", "y", first.vertical),
                ("Horizontal axis", "x", first.horizontal),
            )
        )
    return Axes(vertical, horizontal)


def show(run: KeptRun, summary: RunSummary, filtered: pd.DataFrame, axes: Axes | None, answer: DeltaGenerator) -> None:
    """Show two metrics of trials against each other, and the trials on their Pareto front.

    Args:
        run: The run.
        summary: Its summary.
        filtered: Its trials that pass the filters; the front is that of all.
        axes: What ``chosen`` returned.
        answer: A container above the filters, for what does not depend on them.
    """
    trials = run.trials()
    if axes is None:
        st.info("There is no complete trial yet, and only complete trials can be on the Pareto front.")
        return
    if axes.vertical == axes.horizontal:
        st.info("Choose two different metrics.")
        return
    answer.markdown(f"#### {plain(objectives.trade_off(trials, axes))}")
    with_both = filtered.dropna(subset=[*axes])
    if with_both.empty:
        st.info("None of the trials that pass the filters has both metrics.")
        return
    on_front = ranking.front(trials, axes)[with_both.index]
    others = downsampling.best_first(with_both[~on_front], summary.direction, downsampling.MOST_MARKS)
    drawn = pd.concat([with_both[on_front], others])
    picture = pareto_front.draw(pareto_front.data(drawn, on_front, axes), axes)
    draw(picture, f"{label(axes.vertical)} of each trial against its {label(axes.horizontal)}")
    left_out(len(drawn), len(with_both))
    best = with_both[on_front].sort_values(axes.vertical, ascending=described(axes.vertical).direction == "min")
    if best.empty:
        st.caption("No trial on the front passes the filters.")
        return
    measures = [name for name in axes if name != ranking.SECONDS]
    chance = f" {CHANCE}" if summary.folds > 1 else ""
    first = label(axes.vertical)
    words = f"The Pareto front, best {first} first.{chance} {_optimized(summary)}"
    trial_table.show(run, summary, best, words, list(dict.fromkeys((*measures, *HEADLINE))), "front")


def _optimized(summary: RunSummary) -> str:
    only = "" if len(summary.objectives) > 1 else " only"
    return f"The search optimized {objectives.listed(summary.objectives)}{only}."
