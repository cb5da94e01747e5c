from __future__ import annotations

import math
import subprocess
import sys
from typing import Literal

import pandas as pd
import pytest

from nids.charts import theme
from nids.report.images import svg

CLASSES = ("Normal", "DoS")


def trials(*rows: tuple[int, str, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["trial", "state", "value"])


@pytest.mark.parametrize(
    ("mode", "best"),
    [
        pytest.param("min", [math.nan, 0.5, 0.5, 0.5, 0.2, 0.2], id="lower-is-better"),
        pytest.param("max", [math.nan, 0.5, 0.5, 0.5, 0.5, 0.7], id="higher-is-better"),
    ],
)
def test_history_follows_the_complete_trials_only(mode: Literal["min", "max"], best: list[float]) -> None:
    table = trials(
        (1, "COMPLETE", 0.5),
        (0, "FAIL", math.nan),
        (2, "PRUNED", 0.1),
        (3, "RUNNING", math.nan),
        (4, "COMPLETE", 0.2),
        (5, "COMPLETE", 0.7),
    )
    expected = pd.DataFrame(
        {
            "trial": [0, 1, 2, 3, 4, 5],
            "state": ["FAIL", "COMPLETE", "PRUNED", "RUNNING", "COMPLETE", "COMPLETE"],
            "value": [math.nan, 0.5, 0.1, math.nan, 0.2, 0.7],
            "best": best,
        }
    )
    pd.testing.assert_frame_equal(theme.history_data(table, mode), expected)


def test_importances_are_sorted() -> None:
    expected = pd.DataFrame({"hyperparameter": ["c", "a", "b"], "importance": [0.6, 0.2, 0.2]})
    pd.testing.assert_frame_equal(theme.importances_data({"b": 0.2, "a": 0.2, "c": 0.6}), expected)


def test_class_results_leave_out_classes_without_rows() -> None:
    table = pd.DataFrame(
        [
            (7, 0, "DoS", 0.9, 0.8, 0.85, 0.01, 20),
            (7, 1, "DoS", 0.0, 0.0, 0.0, 0.0, 0),
            (8, 0, "DoS", 0.1, 0.1, 0.1, 0.1, 20),
        ],
        columns=["trial", "fold", "class", "precision", "recall", "f1", "false_positive_rate", "support"],
    )
    expected = pd.DataFrame(
        {
            "class": ["DoS"] * 3,
            "measure": ["precision", "recall (detection rate)", "F1"],
            "fold": [0, 0, 0],
            "score": [0.9, 0.8, 0.85],
        }
    )
    pd.testing.assert_frame_equal(theme.class_results_data(table, 7), expected)


def confusions() -> pd.DataFrame:
    return pd.DataFrame(
        [
            (7, 0, "Normal", "Normal", 6),
            (7, 0, "Normal", "DoS", 1),
            (7, 1, "Normal", "DoS", 1),
            (8, 0, "DoS", "DoS", 99),
        ],
        columns=["trial", "fold", "actual", "predicted", "count"],
    )


def test_all_and_none_are_said_only_of_all_and_none() -> None:
    shares = pd.DataFrame({"actual": "a", "predicted": [*"abcd"], "count": 1, "share": [1.0, 0.99999, 0.00001, 0.0]})
    drawn = theme.confusion(shares, [*"abcd"], text="share").to_dict()
    texts = [row["text"] for row in next(iter(drawn["datasets"].values()))]
    assert texts == ["100%", "99.99%", "0.01%", "0%"]


def test_confusion_sums_the_folds_and_gives_shares_of_rows() -> None:
    expected = pd.DataFrame(
        {
            "actual": ["Normal", "Normal", "DoS", "DoS"],
            "predicted": ["Normal", "DoS", "Normal", "DoS"],
            "count": [6, 2, 0, 0],
            "share": [0.75, 0.25, math.nan, math.nan],
        }
    )
    pd.testing.assert_frame_equal(theme.confusion_data(confusions(), 7, CLASSES), expected)


def curves() -> pd.DataFrame:
    return pd.DataFrame(
        [(7, 1, 2, 0.2, 0.3), (7, 1, 1, 0.5, 0.4), (7, 0, 1, 0.6, 0.0), (8, 0, 1, 9.0, 9.0)],
        columns=["trial", "fold", "epoch", "training_loss", "log_loss"],
    )


def test_curves_hold_both_losses_of_each_fold() -> None:
    expected = pd.DataFrame(
        {
            "quantity": ["training loss"] * 3 + ["validation log-loss"] * 3,
            "fold": [0, 1, 1, 0, 1, 1],
            "epoch": [1, 1, 2, 1, 1, 2],
            "loss": [0.6, 0.5, 0.2, 0.0, 0.4, 0.3],
        }
    )
    pd.testing.assert_frame_equal(theme.curves_data(curves(), 7), expected)


@pytest.mark.parametrize(
    ("chart", "words"),
    [
        pytest.param(
            lambda: theme.history(theme.history_data(trials((0, "COMPLETE", 0.5)), "min"), "log_loss"),
            ["Optimization history", "log-loss (nats, logarithmic)", "complete"],
            id="history",
        ),
        pytest.param(
            lambda: theme.history(theme.history_data(trials((0, "PRUNED", 0.5)), "max"), "macro_f1"),
            ["macro-F1 (mean over folds)", "PRUNED"],
            id="history-without-a-complete-trial",
        ),
        pytest.param(
            lambda: theme.importances(theme.importances_data({"gru_dropout": 0.75, "conv_dropout": 0.25})),
            ["gru_dropout", "75%"],
            id="importances",
        ),
        pytest.param(
            lambda: theme.confusion(theme.confusion_data(confusions(), 7, CLASSES), CLASSES),
            ["actual class", "predicted class", ">6<", "share of the actual class"],
            id="confusion",
        ),
        pytest.param(
            lambda: theme.curves(theme.curves_data(curves(), 7), best_epoch=2),
            ["training loss", "validation log-loss", "chosen epoch, 2", "loss (nats, logarithmic)"],
            id="curves",
        ),
    ],
)
def test_drawings_bear_their_words_and_the_page_s_colour(chart: object, words: list[str]) -> None:
    drawn = svg(chart(), "x")  # type: ignore[operator]
    assert [word for word in words if word not in drawn] == []
    assert 'fill="currentColor"' in drawn


def test_a_drawing_of_more_rows_than_altair_allows_in_notebooks() -> None:
    table = trials(*((number, "PRUNED", 0.5) for number in range(6000)))
    assert svg(theme.history(theme.history_data(table, "min"), "log_loss"), "x").startswith("<svg")


@pytest.mark.parametrize("module", ["nids.charts.theme", "nids.report"])
def test_importing_loads_no_heavy_framework(module: str) -> None:
    code = f"import sys, {module}; print([m for m in ('ray', 'tensorflow', 'keras') if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
