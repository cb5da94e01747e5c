from __future__ import annotations

import pandas as pd

from nids.charts import (
    learning_curves,
)
from nids.report.images import svg


def test_data_has_the_mean_of_the_folds() -> None:
    table = pd.DataFrame(
        [(7, 0, 1, 0.2), (7, 1, 1, 0.4), (7, 0, 2, 0.1), (7, 1, 2, None)],
        columns=["trial", "fold", "epoch", "log_loss"],
    )
    data = learning_curves.data(table, "log_loss")
    assert data.round(9).to_numpy().tolist() == [
        ["7", -1, 1, 0.3],
        ["7", -1, 2, 0.1],
        ["7", 0, 1, 0.2],
        ["7", 0, 2, 0.1],
        ["7", 1, 1, 0.4],
    ]


def test_draw() -> None:
    table = pd.DataFrame([(7, 0, 1, 0.2)], columns=["trial", "fold", "epoch", "log_loss"])
    drawn = svg(learning_curves.draw(learning_curves.data(table, "log_loss"), "log_loss", [7]), "x")
    assert [word for word in ("Learning curves", "log-loss (nats, logarithmic)", ">7<") if word not in drawn] == []
