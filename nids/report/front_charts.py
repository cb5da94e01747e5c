"""The charts of what a search with several objectives has found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nids.charts import downsampling, hypervolume_history, pareto_front
from nids.results.ranking import Axes

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd

    from nids.analysis.summary import RunSummary


def front_charts(trials: pd.DataFrame, summary: RunSummary) -> dict[str, alt.LayerChart]:
    """Return the front in its first two objectives, and the hypervolume of the trials so far; each by a word.

    Of many trials, those that are not on the front are left out evenly.

    Args:
        trials: The run's trials.
        summary: Its summary, with two or more objectives.
    """
    axes = Axes(*summary.objectives[:2])
    on_front = trials["trial"].isin(summary.front["trial"])
    others = trials[~on_front & trials["value"].notna()]
    shown = trials.index.isin(others[:: -(-len(others) // downsampling.MOST_MARKS) or 1].index) | on_front
    data = pareto_front.data(trials[shown], on_front[shown], axes)
    history = downsampling.thin_history(hypervolume_history.data(summary.hypervolumes))
    return {
        "front": pareto_front.draw(data, axes, joined=len(summary.objectives) == 2, wide=False),
        "hypervolume": hypervolume_history.draw(history),
    }
