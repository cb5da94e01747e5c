from __future__ import annotations

import math

import pandas as pd

from nids.charts import hypervolume_history
from nids.report.images import svg


def test_data_tells_which_trials_made_it_larger() -> None:
    volumes = pd.Series([math.nan, 0.0, 0.25, 0.25, 0.5], index=[0, 1, 2, 4, 5])
    expected = pd.DataFrame(
        {
            "trial": [0, 1, 2, 4, 5],
            "best": [math.nan, 0.0, 0.25, 0.25, 0.5],
            "grew": [False, False, True, False, True],
        }
    )
    pd.testing.assert_frame_equal(hypervolume_history.data(volumes), expected)


def test_draw() -> None:
    data = pd.DataFrame({"trial": [0, 1], "best": [0.25, 0.5], "grew": [True, True]})
    drawn = svg(hypervolume_history.draw(data), "x")
    assert [word for word in ("Hypervolume history", "hypervolume (of 1)", ">trial<") if word not in drawn] == []
