from __future__ import annotations

import pandas as pd
import pytest

from nids.charts import logarithmic


@pytest.mark.parametrize(
    ("low", "high", "most", "ticks"),
    [
        pytest.param(0.0685, 0.256, 8, [0.1, 0.2], id="less than a decade"),
        pytest.param(0.01, 0.3, 8, [0.01, 0.02, 0.05, 0.1, 0.2], id="some of each decade"),
        pytest.param(0.0011, 0.05, 4, [0.003, 0.01, 0.03], id="fewer of each decade"),
        pytest.param(0.0002, 0.3, 4, [0.001, 0.01, 0.1], id="decades"),
        pytest.param(1e-9, 1.0, 4, [1e-9, 1e-6, 1e-3, 1.0], id="each third decade"),
        pytest.param(0.021, 0.049, 4, [], id="between two ticks"),
    ],
)
def test_ticks_are_round_and_few(low: float, high: float, most: int, ticks: list[float]) -> None:
    assert logarithmic.ticks(low, high, most) == ticks


@pytest.mark.parametrize(
    ("values", "axis"),
    [
        pytest.param([0.3, None, 0.06], {"format": "~g", "values": [0.1, 0.2]}, id="round numbers"),
        pytest.param([0.03, 0.04], {"format": "~g", "tickCount": 4}, id="between two of them"),
        pytest.param(
            [None, 0.0, -1.0, float("inf")], {"format": "~g", "tickCount": 4}, id="none that has a place there"
        ),
    ],
)
def test_axis(values: list[float | None], axis: dict[str, object]) -> None:
    assert logarithmic.axis(pd.Series(values, dtype=float), 8).to_dict() == axis
