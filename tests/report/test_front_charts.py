from __future__ import annotations

import pandas as pd
import pytest

from nids.charts.downsampling import MOST_MARKS
from nids.report.front_charts import front_charts


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
    trials["false_alarm_rate"] = trials["parameters"] = 0.5
    trials.loc[count - 1, "false_alarm_rate"] = 0.25
    charts = front_charts(trials, objectives)
    assert list(charts) == ["front", "hypervolume"]
    spec = charts["front"].to_dict()
    drawn = pd.DataFrame(max(spec["datasets"].values(), key=len))
    assert len(drawn) == MOST_MARKS + 1
    assert drawn.loc[drawn["front"], "trial"].tolist() == [count - 1]
    assert [layer["mark"]["type"] for layer in spec["layer"]].count("line") == lines
