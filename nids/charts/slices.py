"""One hyperparameter against the value of each trial."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt
from optuna.distributions import CategoricalDistribution

from nids.charts import logarithmic
from nids.charts.theme import HEIGHT, WIDTH, by_state, fields, measured
from nids.charts.trial_states import marks
from nids.metrics.formatting import setting
from nids.metrics.measures import label

if TYPE_CHECKING:
    import pandas as pd
    from optuna.distributions import BaseDistribution


MOST_TICKS = 4  # four of these charts stand side by side


def data(trials: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return columns trial, state (of ``MARKS``), setting and value of the trials that have both."""
    chosen = trials[["trial", "state", f"params_{name}", "value"]].assign(state=marks(trials))
    chosen = chosen.rename(columns={f"params_{name}": "setting"})
    return chosen.dropna(subset=["setting", "value"]).reset_index(drop=True)


def draw(data: pd.DataFrame, name: str, distribution: BaseDistribution, metric: str) -> alt.Chart:
    """Draw ``data``: a mark for each trial, its hyperparameter against its value."""
    log = getattr(distribution, "log", False)
    if isinstance(distribution, CategoricalDistribution):
        x = alt.X("setting:N", title=name, sort=[*map(setting, distribution.choices)], axis=alt.Axis(labelAngle=0))
        data = data.assign(setting=data["setting"].map(setting))
    else:
        kind = alt.Scale(type="log", nice=False, padding=8) if log else alt.Scale(zero=False, nice=False, padding=8)
        axis = logarithmic.axis(data["setting"], MOST_TICKS) if log else alt.Axis(tickCount=MOST_TICKS)
        x = alt.X("setting:Q", title=f"{name}{' (logarithmic)' if log else ''}", scale=kind, axis=axis)
    return (
        alt.Chart(data)
        .mark_point(filled=True, size=45, opacity=0.75)
        .encode(
            x=x,
            y=measured(alt.Y, "value", metric, data["value"], title=label(metric)),
            **by_state(data["state"], legend=None),
            tooltip=[*fields("trial", "state", "setting"), alt.Tooltip("value", format=".4g")],
        )
        .properties(width=WIDTH - 100, height=HEIGHT - 50)
    )
