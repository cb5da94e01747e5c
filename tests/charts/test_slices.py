from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from nids.charts import slices
from nids.report.images import svg

if TYPE_CHECKING:
    import pandas as pd

SPACE = {
    "rate": FloatDistribution(1e-4, 1e-2, log=True),
    "size": IntDistribution(0, 10),
    "kind": CategoricalDistribution(["a", "b", "c"]),
}


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
