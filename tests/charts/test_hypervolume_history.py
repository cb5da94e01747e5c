from __future__ import annotations

import math

import pandas as pd

from nids.charts import hypervolume_history
from nids.report.images import svg

OBJECTIVES = ["macro_f1", "false_alarm_rate"]


def test_data_follows_those_that_can_be_on_the_front() -> None:
    trials = pd.DataFrame(
        [
            (1, "COMPLETE", 0.5, 0.25, True),
            (0, "PRUNED", 0.9, 0.0, True),
            (3, "COMPLETE", 0.25, 0.125, True),
            (2, "COMPLETE", 0.9, 0.0, False),
            (4, "COMPLETE", 0.75, 0.5, True),
        ],
        columns=["trial", "state", *OBJECTIVES, "feasible"],
    )
    expected = pd.DataFrame(
        {
            "trial": [0, 1, 2, 3, 4],
            # The worst of each objective is 0.25 and 0.5, the best 0.75 and 0.125.
            "best": [math.nan, 1 / 3, 1 / 3, 1 / 3, 1 / 3],
            "grew": [False, True, False, False, False],
        }
    )
    pd.testing.assert_frame_equal(hypervolume_history.data(trials, OBJECTIVES), expected)


def test_draw() -> None:
    data = pd.DataFrame({"trial": [0, 1], "best": [0.25, 0.5], "grew": [True, True]})
    drawn = svg(hypervolume_history.draw(data), "x")
    assert [word for word in ("Hypervolume history", "hypervolume (of 1)", ">trial<") if word not in drawn] == []
