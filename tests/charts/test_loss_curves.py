from __future__ import annotations

import pandas as pd

from nids.charts import loss_curves
from nids.report.images import svg


def curves() -> pd.DataFrame:
    return pd.DataFrame(
        [(7, 1, 2, 0.2, 0.3), (7, 1, 1, 0.5, 0.4), (7, 0, 1, 0.6, 0.0), (8, 0, 1, 9.0, 9.0)],
        columns=["trial", "fold", "epoch", "training_loss", "log_loss"],
    )


def test_data_holds_both_losses_of_each_fold() -> None:
    expected = pd.DataFrame(
        {
            "quantity": ["training loss"] * 3 + ["validation log-loss"] * 3,
            "fold": [0, 1, 1, 0, 1, 1],
            "epoch": [1, 1, 2, 1, 1, 2],
            "loss": [0.6, 0.5, 0.2, 0.0, 0.4, 0.3],
        }
    )
    pd.testing.assert_frame_equal(loss_curves.data(curves(), 7), expected)


def test_draw() -> None:
    drawn = svg(loss_curves.draw(loss_curves.data(curves(), 7), best_epoch=2), "x")
    words = ("training loss", "validation log-loss", "chosen epoch, 2", "log-loss (nats, logarithmic)")
    assert [word for word in words if word not in drawn] == []
