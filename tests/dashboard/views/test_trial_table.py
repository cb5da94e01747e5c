from __future__ import annotations

import pandas as pd

from nids.dashboard.views.trial_table import columns


def test_columns_sort_as_numbers() -> None:
    row = {
        "trial": 7,
        "state": "COMPLETE",
        "value": 0.0123456,
        "best_epoch": 3,
        "epochs": 4,
        "seconds": 61.0,
        "error": None,
        "log_loss": 0.0123456,
        "log_loss_std": 0.00345,
        "accuracy": 0.98765,
        "accuracy_std": 0.0023,
        "macro_f1": 0.9,
        "macro_f1_std": float("nan"),
        "params_rate": 0.001,
    }
    shown = columns(pd.DataFrame([row]), "log_loss")
    assert shown.to_dict("records") == [
        {
            "trial": 7,
            "state": "complete",
            "log-loss": 0.0123456,
            "±": 0.00345,
            "accuracy": 98.765,
            "macro-F1": 90.0,
            "best epoch": 3,
            "epochs": 4,
            "time": pd.Timedelta(61, "s"),
            "rate": 0.001,
        }
    ]
    failed = columns(pd.DataFrame([row | {"error": "no memory"}]), "accuracy", ["macro_f1"])
    assert list(failed) == ["trial", "state", "accuracy", "±", "macro-F1", *list(shown)[6:], "error"]


def test_columns_tell_infeasible_trials_and_those_that_were_not_trained() -> None:
    row = {"value": 0.5, "best_epoch": 1.0, "epochs": 1, "seconds": 1.0, "error": None, "macro_f1_std": 0.1}
    trials = pd.DataFrame(
        [
            row | {"trial": 0, "state": "COMPLETE", "duplicate_of": None, "parameters": 12.0, "feasible": True},
            row | {"trial": 1, "state": "COMPLETE", "duplicate_of": None, "parameters": 99.0, "feasible": False},
            row | {"trial": 2, "state": "COMPLETE", "duplicate_of": 1, "parameters": None, "feasible": False},
        ]
    )
    shown = columns(trials, "macro_f1", ["macro_f1", "parameters"])
    assert list(shown) == [
        *("trial", "state", "same as", "macro-F1", "±", "parameters", "best epoch", "epochs", "time"),
    ]
    assert shown["state"].tolist() == ["complete", "infeasible", "infeasible"]
    assert shown["same as"].fillna(-1).tolist() == [-1, -1, 1]
