from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from nids.metrics.alerts import (
    Consequences,
    Predictions,
    classification_at,
    consequences,
    count,
    in_words,
    interval,
    threshold_of,
)

ATTACKS = ["normal"] * 10 + ["old"] * 4 + ["new"] * 2


@pytest.fixture
def rows() -> Predictions:
    """Ten benign rows, one of them with a high score; of four old attacks three are found, of two new ones one."""
    scores = np.array([0.9] + [0.1] * 9 + [0.8, 0.8, 0.8, 0.2] + [0.8, 0.0])
    return Predictions(scores, np.array([name != "normal" for name in ATTACKS]), np.array(ATTACKS))


def test_predictions_are_read_from_the_run_stores_table() -> None:
    table = pd.DataFrame(
        {"class": ["Normal", "DoS"], "attack": ["normal", "neptune"], "p_Normal": [0.75, 0.0], "p_DoS": [0.25, 1.0]}
    )
    found = Predictions.from_table(table, ["Normal", "DoS"], "Normal")
    assert (found.scores.tolist(), found.is_attack.tolist()) == ([0.25, 1.0], [False, True])
    assert found.attacks.tolist() == ["normal", "neptune"]


def test_figures_are_of_the_classes_that_go_with_the_alerts() -> None:
    table = pd.DataFrame(
        {
            "class": ["Normal", "DoS", "Probe", "Probe"],
            "p_Normal": [0.75, 0.5, 0.5, 0.875],
            "p_DoS": [0.125, 0.375, 0.125, 0.0],
            "p_Probe": [0.125, 0.125, 0.375, 0.125],
        }
    )
    classes = ["Normal", "DoS", "Probe"]
    # Normal, DoS, Probe, and an attack that raises no alert.
    expected = {"accuracy": 0.75, "macro_f1": pytest.approx((2 / 3 + 1 + 2 / 3) / 3)}
    assert classification_at(table, classes, "Normal", 0.25) == expected
    # An alert for each row; the most probable class of attack of the first is the first such class.
    assert classification_at(table, classes, "Normal", 0.1)["accuracy"] == 0.75
    assert classification_at(table, classes, "Normal", 1.0)["accuracy"] == 0.25


def test_the_threshold_holds_the_rate_on_the_folds_benign_rows(rows: Predictions) -> None:
    assert threshold_of(rows, 0.1) == 0.1
    assert threshold_of(rows, 0.05) == 0.9


def test_consequences_follow_from_the_rates(rows: Predictions) -> None:
    found = consequences(rows, 0.5, {"old"}, 1000, 0.1)
    # Of both rates: 4 of 6 attacks, 1 of 10 benign rows.
    low, high = (0.2227781, 0.0025286), (0.9567281, 0.4450161)
    assert found == Consequences(
        threshold=0.5,
        false_positive_rate=0.1,
        detection_rate=pytest.approx(4 / 6),  # type: ignore[arg-type]
        seen=0.75,
        unseen=0.5,
        alerts=pytest.approx(100 * 4 / 6 + 90),  # type: ignore[arg-type]
        true_alerts=pytest.approx(100 * 4 / 6),  # type: ignore[arg-type]
        precision=pytest.approx((100 * 4 / 6) / (100 * 4 / 6 + 90)),  # type: ignore[arg-type]
        missed=pytest.approx(100 / 3),  # type: ignore[arg-type]
        alerts_within=pytest.approx((100 * low[0] + 900 * low[1], 100 * high[0] + 900 * high[1])),  # type: ignore[arg-type]
        precision_within=pytest.approx(  # type: ignore[arg-type]
            (100 * low[0] / (100 * low[0] + 900 * high[1]), 100 * high[0] / (100 * high[0] + 900 * low[1]))
        ),
    )
    assert in_words(found, 1000, 0.1) == (
        "Of 1,000 connections per day, 100 of them attacks, about **160 would raise an alert** (25 to 500). **43 % of "
        "these alerts would be true** (5.3 % to 98 %), one in 2.4. It would miss 33 of the 100 attacks."
    )


def test_an_interval_is_that_of_the_beta_distribution() -> None:
    assert interval(np.array([True] * 4 + [False] * 2)) == pytest.approx((0.22278, 0.95673), abs=1e-5)
    assert interval(np.zeros(10, dtype=bool)) == pytest.approx((0, 1 - 0.025 ** (1 / 10)))
    assert np.isnan(interval(np.zeros(0, dtype=bool))).all()


def test_a_silent_detector_is_called_silent(rows: Predictions) -> None:
    found = consequences(rows, 1.0, {"old"}, 1000, 0.1)
    told = in_words(found, 1000, 0.1)
    assert "about **0 would raise an alert** (0 to 320): the detector raises no alert on these rows" in told
    assert "would miss 100 attacks per day" in told


def test_rows_without_attacks_tell_nothing() -> None:
    rows = Predictions(np.array([0.1, 0.2]), np.array([False, False]), np.array(["normal", "normal"]))
    assert "cannot be estimated" in in_words(consequences(rows, 0.15, set(), 1000, 0.1), 1000, 0.1)


@pytest.mark.parametrize(
    ("number", "text"),
    [(math.nan, "–"), (0, "0"), (0.033, "0.033"), (2.34, "2.3"), (43.6, "44"), (28_765, "29,000"), (1e6, "1,000,000")],
)
def test_counts_have_two_digits(number: float, text: str) -> None:
    assert count(number) == text
