"""The charts of what a search with several objectives has found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nids.charts import downsampling, hypervolume_history, pareto_front
from nids.results import ranking
from nids.results.ranking import Axes

if TYPE_CHECKING:
    from collections.abc import Sequence

    import altair as alt
    import pandas as pd


def front_charts(trials: pd.DataFrame, objectives: Sequence[str]) -> dict[str, alt.LayerChart]:
    """Return the front in its first two objectives, and the hypervolume of the trials so far; each by a word.

    Of many trials, those that are not on the front are left out evenly.

    Args:
        trials: The run's trials.
        objectives: Two or more measures.
    """
    axes = Axes(*objectives[:2])
    on_front = ranking.front(trials, objectives)
    others = trials[~on_front & trials["value"].notna()]
    shown = trials.index.isin(others[:: -(-len(others) // downsampling.MOST_MARKS) or 1].index) | on_front
    data = pareto_front.data(trials[shown], on_front[shown], axes)
    history = downsampling.thin_history(hypervolume_history.data(trials, objectives))
    return {
        "front": pareto_front.draw(data, axes, joined=len(objectives) == 2, wide=False),
        "hypervolume": hypervolume_history.draw(history),
    }
