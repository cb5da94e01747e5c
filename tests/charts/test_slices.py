from __future__ import annotations

import pandas as pd
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from nids.charts import (
    slices,
)
from nids.report.images import svg

SPACE = {
    "rate": FloatDistribution(1e-4, 1e-2, log=True),
    "size": IntDistribution(0, 10),
    "kind": CategoricalDistribution(["a", "b", "c"]),
}


@pytest.fixture
def trials() -> pd.DataFrame:
    return pd.DataFrame(
        [
            (0, "COMPLETE", 0.1, 1e-3, 5, "c"),
            (1, "COMPLETE", 0.2, 1e-2, 10, "a"),
            (2, "PRUNED", 0.01, 1e-4, 0, "b"),
        ],
        columns=["trial", "state", "value", "params_rate", "params_size", "params_kind"],
    )


def test_data_holds_the_trials_that_have_a_value(trials: pd.DataFrame) -> None:
    table = trials.astype({"value": float})
    table.loc[1, "value"] = None
    assert slices.data(table, "size").to_numpy().tolist() == [
        [0, "COMPLETE", 5, 0.1],
        [2, "PRUNED", 0, 0.01],
    ]


@pytest.mark.parametrize("name", SPACE)
def test_draw(trials: pd.DataFrame, name: str) -> None:
    drawn = svg(slices.draw(slices.data(trials, name), name, SPACE[name], "log_loss"), "x")
    assert name in drawn
    assert "log-loss" in drawn
