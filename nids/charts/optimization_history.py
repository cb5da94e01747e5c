"""The value of each trial, and the best so far."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt

from nids.charts.colours import BLUE
from nids.charts.theme import DASHES, HEIGHT, LINE_COLOURS, WIDTH, by_state, fields, heading, legend, measured
from nids.charts.trial_states import INFEASIBLE, marks
from nids.metrics.measures import label
from nids.results import ranking

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from nids.metrics.measure import Direction


def data(trials: pd.DataFrame, direction: Direction) -> pd.DataFrame:
    """Return each trial's value and the best value of the trials up to and including it that can be the best.

    Args:
        trials: The run store's trials: trial, state, value, and what makes one ``ranking.eligible``.
        direction: Whether a lower value is better, or a higher one.

    Returns:
        Columns trial, state (of ``MARKS``), value, best, ordered by trial; NaN where there is none (yet).
    """
    ordered = trials.sort_values("trial", ignore_index=True)
    best = ranking.best_so_far(ordered, direction)
    return ordered[["trial", "state", "value"]].assign(state=marks(ordered), best=best)


def draw(data: pd.DataFrame, metric: str) -> alt.LayerChart:
    """Draw ``data``: a mark a trial, a step line for the best so far, failures on the lower edge."""
    x = alt.X("trial:Q", title="trial", axis=alt.Axis(tickMinStep=1, grid=False))
    drawn = data[data["value"].notna() | (data["state"] == "FAIL")]
    base = alt.Chart(data)
    line = base.mark_line(interpolate="step-after", color=BLUE, strokeWidth=1.5, opacity=0.7).encode(
        x=x, y=measured(alt.Y, "best", metric, data["value"])
    )
    marks = base.encode(
        x=x,
        **by_state(drawn["state"]),
        tooltip=[*fields("trial", "state"), alt.Tooltip("value", format=".4g")],
    )
    points = marks.mark_point(filled=True, size=55, opacity=0.9).encode(
        y=measured(alt.Y, "value", metric, data["value"])
    )
    layers = [line, points]
    kind = "feasible" if (data["state"] == INFEASIBLE).any() else "complete"
    subtitle = f"a mark for each trial; the line is the best {kind} one so far"
    if ((data["state"] == "FAIL") & data["value"].isna()).any():
        failures = marks.transform_filter("!isValid(datum.value) && datum.state == 'FAIL'")
        layers.append(failures.mark_point(filled=True, size=55).encode(y=alt.value(HEIGHT - 6)))
        subtitle = f"{subtitle}; failed ones lie below"
    title = heading("Optimization history", subtitle)
    return alt.layer(*layers).properties(title=title, width=WIDTH - 60, height=HEIGHT)


def draw_runs(data: pd.DataFrame, metric: str, order: Sequence[str]) -> alt.Chart:
    """Draw the best value so far of several runs: columns run, trial, best."""
    names = list(order)
    return (
        alt.Chart(data.dropna(subset=["best"]))
        .mark_line(interpolate="step-after", strokeWidth=2)
        .encode(
            x=alt.X("trial:Q", title="trial", axis=alt.Axis(tickMinStep=1, grid=False)),
            y=measured(alt.Y, "best", metric, data["best"], title=f"best {label(metric)} so far"),
            color=alt.Color(
                "run:N",
                title=None,
                scale=alt.Scale(domain=names, range=list(LINE_COLOURS[: len(names)])),
                legend=legend(),
            ),
            strokeDash=alt.StrokeDash(
                "run:N", title=None, scale=alt.Scale(domain=names, range=list(DASHES[: len(names)])), legend=legend()
            ),
            tooltip=[*fields("run", "trial"), alt.Tooltip("best", format=".4g")],
        )
        .properties(
            title=heading("Best value so far", "of the complete trials up to each trial"),
            width=WIDTH * 2,
            height=HEIGHT,
        )
    )
