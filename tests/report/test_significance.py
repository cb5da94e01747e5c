from __future__ import annotations

import math
from typing import Any

import pandas as pd
import pytest

from nids.analysis.comparisons import contest
from nids.metrics.significance import Comparison
from nids.report import significance

NAN = math.nan
NAMES = ("the best trial", "the best baseline, “a tree”")


@pytest.mark.parametrize(
    ("test", "metric", "sentence"),
    [
        pytest.param(
            Comparison(5, 0.0213, 4.0, 4, 0.016, 0.0065, 0.0361),
            "macro_f1",
            "The best trial is significantly better than the best baseline, “a tree” in macro-F1: 2.13 points higher "
            "(95 % confidence interval +0.65 to +3.61 points, p = 0.016, n = 5 folds).",
            id="better",
        ),
        pytest.param(
            Comparison(5, 0.0213, 40.0, 4, 2e-6, 0.0203, 0.0223),
            "log_loss",
            "The best trial is significantly worse than the best baseline, “a tree” in log-loss: 0.0213 higher (95 % "
            "confidence interval +0.0203 to +0.0223, p < 0.001, n = 5 folds).",
            id="worse, as less is better",
        ),
        pytest.param(
            Comparison(3, -0.01, -1.0, 2, 0.4226, -0.053, 0.033),
            "log_loss",
            "No significant difference in log-loss between the best trial and the best baseline, “a tree”: 0.01 lower "
            "(95 % confidence interval −0.053 to +0.033, p = 0.42, n = 3 folds).",
            id="not significant",
        ),
        pytest.param(
            Comparison(4, -0.1, -math.inf, 3, 0.0, -0.1, -0.1),
            "macro_f1",
            "The best trial is significantly worse than the best baseline, “a tree” in macro-F1: 10 points lower (95 % "
            "confidence interval −10 to −10 points, p < 0.001, n = 4 folds).",
            id="constant",
        ),
        pytest.param(
            Comparison(1, 0.02, NAN, 0, NAN, NAN, NAN),
            "macro_f1",
            "The macro-F1 of the best trial is 2 points higher than that of the best baseline, “a tree” on the only "
            "fold; one fold allows no test.",
            id="one fold",
        ),
        pytest.param(
            Comparison(1, 0.0, NAN, 0, NAN, NAN, NAN),
            "macro_f1",
            "The best trial and the best baseline, “a tree” have the same macro-F1 on the only fold.",
            id="one fold, equal",
        ),
        pytest.param(
            Comparison(5, 0.0, 0.0, 4, 1.0, 0.0, 0.0),
            "macro_f1",
            "The best trial and the best baseline, “a tree” have the same macro-F1 on each of 5 folds.",
            id="identical",
        ),
        pytest.param(
            Comparison(2, 0.0, 0.0, 1, 1.0, -0.5, 0.5),
            "log_loss",
            "The best trial and the best baseline, “a tree” have the same mean log-loss (95 % confidence interval −0.5 "
            "to +0.5, n = 2 folds).",
            id="equal on average",
        ),
        pytest.param(
            Comparison(3, NAN, NAN, 2, NAN, NAN, NAN),
            "macro_f1",
            "The best trial and the best baseline, “a tree” cannot be compared in macro-F1: not every "
            "fold has a value.",
            id="no value",
        ),
    ],
)
def test_of_test(test: Comparison, metric: str, sentence: str) -> None:
    assert significance.of_test(test, NAMES, metric) == sentence


@pytest.mark.parametrize(
    ("theirs", "text"),
    [
        pytest.param(
            pd.Series([], dtype=float), "There are no results of b by fold, so no test is possible.", id="no results"
        ),
        pytest.param(
            pd.Series([0.5, 0.52], index=[2, 3]),
            "A and b were not validated on the same folds, so no test is possible.",
            id="other folds",
        ),
        pytest.param(
            pd.Series([0.8, 0.82]),
            "A is significantly better than b in accuracy: 10 points higher (95 % confidence interval +10 to +10 "
            "points, p < 0.001, n = 2 folds).",
            id="the same folds",
        ),
    ],
)
def test_sentence(theirs: pd.Series, text: str) -> None:
    compared = contest("accuracy", ("a", "b"), pd.Series([0.9, 0.92]), theirs, [200, 200], [100, 100])
    assert significance.sentence(compared) == text


BY_FOLD = [
    ("best trial", True, 0, 0.90, 0.5),
    ("best trial", True, 1, 0.92, 0.7),
    ("finalized trial 9 (mean of 3 seeds)", True, 0, 0.99, 0.9),
    ("finalized trial 9 (mean of 3 seeds)", True, 1, 0.99, 0.9),
    ("tree", False, 0, 0.80, 0.3),
    ("tree", False, 1, 0.82, 0.4),
    ("forest", False, 0, 0.70, 0.4),
    ("forest", False, 1, 0.90, 0.6),
]


@pytest.mark.parametrize(
    ("rows", "unseen", "expected"),
    [
        pytest.param(
            BY_FOLD,
            False,
            "On the same folds, the best baseline by accuracy is “tree”, with 81.0 ± 1.4 %.",
            id="accuracy",
        ),
        pytest.param(
            BY_FOLD,
            True,
            "On the same folds, the best baseline by macro-F1 with unseen attacks is “forest”, with 50 ± 14 %; the "
            "best trial has 60 ± 14 %.",
            id="unseen",
        ),
        pytest.param(
            BY_FOLD[4:6],
            True,
            "On the same folds, the best baseline by macro-F1 with unseen attacks is “tree”, with 35 ± 7 %.",
            id="without-ours",
        ),
        pytest.param(BY_FOLD[:4], False, "", id="without-others"),
    ],
)
def test_best_baseline(rows: list[tuple[Any, ...]], unseen: bool, expected: str) -> None:
    figures = pd.DataFrame(rows, columns=["method", "ours", "fold", "accuracy", "unseen_macro_f1"])
    figures = figures if unseen else figures.assign(unseen_macro_f1=float("nan"))
    assert significance.best_baseline(figures) == expected


def test_each_tuned_baseline_is_told_in_one_sentence() -> None:
    def rows(method: str, ours: bool, log_loss: tuple[float, ...], accuracy: tuple[float, ...]) -> pd.DataFrame:
        figures = {"log_loss": log_loss, "accuracy": accuracy, "macro_f1": (0.9, 0.92, 0.94)}
        columns = {"unseen_macro_f1": NAN, "training_rows": 200, "validation_rows": 100, "known_rows": 100}
        return pd.DataFrame({"method": method, "ours": ours, "fold": range(3), **figures, **columns})

    figures = pd.concat(
        [
            rows("finalized ensemble (4 models)", True, (0.010, 0.011, 0.012), (0.99, 0.97, 0.99)),
            rows("a tree", False, (0.5, 0.5, 0.6), (0.5, 0.5, 0.5)),
            rows("tuned XGBoost", False, (0.020, 0.0211, 0.0219), (0.98, 0.99, 0.99)),
        ],
        ignore_index=True,
    )
    sentences = significance.against_baselines(figures, best=3)
    assert sentences[3:] == [
        "The finalized ensemble (4 models) against tuned XGBoost: no significant difference in accuracy (0.333 points "
        "lower, p = 0.83); the same mean macro-F1; significantly better in log-loss (0.01 lower, p < 0.001).",
        significance.MEANING,
        "The trial and its number of epochs were chosen on these same folds, the untuned baselines were not: this "
        "favours the trial. The held-out files show by how much.",
        "The tuned baselines were chosen on these folds too.",
    ]
