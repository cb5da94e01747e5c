from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from nids.analysis.summary import summarize
from nids.charts.downsampling import MOST_MARKS
from nids.dashboard.data.cache import DEMONSTRATION
from nids.report.front_charts import front_charts
from nids.results import open_run


@pytest.mark.parametrize(
    ("objectives", "lines"),
    [
        pytest.param(["macro_f1", "false_alarm_rate"], 1, id="two, joined"),
        pytest.param(["macro_f1", "false_alarm_rate", "parameters"], 0, id="three, not joined"),
    ],
)
def test_many_trials_are_thinned_but_not_the_front(objectives: list[str], lines: int) -> None:
    count = 3 * MOST_MARKS
    trials = pd.DataFrame({"trial": range(count), "state": "COMPLETE", "value": 0.5, "macro_f1": 0.5})
    trials = trials.assign(false_alarm_rate=0.5, parameters=0.5)
    volumes = pd.Series([0.0] * (count - 1) + [1.0], index=trials["trial"])
    summary = summarize(open_run(str(DEMONSTRATION), "demonstration"), rank=False)
    charts = front_charts(
        trials, replace(summary, objectives=tuple(objectives), front=trials.tail(1), hypervolumes=volumes)
    )
    assert list(charts) == ["front", "hypervolume"]
    spec = charts["front"].to_dict()
    drawn = pd.DataFrame(max(spec["datasets"].values(), key=len))
    assert len(drawn) == MOST_MARKS + 1
    assert drawn.loc[drawn["front"], "trial"].tolist() == [count - 1]
    assert [layer["mark"]["type"] for layer in spec["layer"]].count("line") == lines
    steps = pd.DataFrame(max(charts["hypervolume"].to_dict()["datasets"].values(), key=len))
    assert steps.loc[steps["grew"], "trial"].tolist() == [count - 1]
