from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from nids.analysis.rank_correlation import HELD_OUT, correlations, held_out
from nids.metrics.evaluation import AttackGroup, Evaluation


def evaluation(macro_f1: float, accuracy: float, unseen: float, false_positives: float) -> Evaluation:
    figures = {"macro_f1": macro_f1, "accuracy": accuracy, "false_positive_rate": false_positives}
    return Evaluation.model_construct(figures=figures, unseen=AttackGroup.model_construct(detection_rate=unseen))


def test_correlations_by_hand() -> None:
    validated = pd.DataFrame(
        {
            "configuration": range(5),
            "random: log_loss": [0.1, 0.2, 0.3, 0.4, 0.5],
            "random: log_loss_std": [0.1] * 5,
            "unseen-attacks: unseen_macro_f1": [0.1, 0.3, 0.2, 0.4, 0.5],
        }
    )
    outcomes = [0.50, 0.52, 0.51, 0.55, 0.60]
    judged = held_out([evaluation(value, 0.7, 1 - value, value / 10) for value in outcomes])
    assert judged.columns.tolist() == list(HELD_OUT)
    table = correlations(validated, judged).set_index(["validation", "held_out"])
    rho = table["rho"]
    # Ranks 1 to 5 against 1, 3, 2, 4, 5: 1 − 6 · (1 + 1) / (5 · 24); of a log-loss, less is better.
    assert rho["random: log_loss", "macro_f1"] == pytest.approx(-0.9)
    assert rho["unseen-attacks: unseen_macro_f1", "macro_f1"] == pytest.approx(1)
    assert rho["unseen-attacks: unseen_macro_f1", "unseen_detection_rate"] == pytest.approx(-1)
    assert np.isnan(rho["random: log_loss", "accuracy"])
    assert len(rho) == 2 * len(HELD_OUT)
    # Of the 120 orders, four others and the reverse of all five are as far from chance as 1, 3, 2, 4, 5 is; two are 1.
    assert table["p"]["random: log_loss", "macro_f1"] == pytest.approx(10 / 120)
    assert table["p"]["unseen-attacks: unseen_macro_f1", "macro_f1"] == pytest.approx(2 / 120)
