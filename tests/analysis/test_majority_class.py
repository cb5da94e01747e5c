from __future__ import annotations

import math

import pytest

from nids.analysis.majority_class import majority_class


def test_majority_class_is_that_of_the_class_shares() -> None:
    f1 = 2 * 0.75 / 1.75
    assert majority_class({"Normal": 75, "DoS": 25, "U2R": 0}) == pytest.approx(
        {
            "accuracy": 0.75,
            "macro_f1": f1 / 2,
            "log_loss": -(0.75 * math.log(0.75) + 0.25 * math.log(0.25)),
            "weighted_precision": 0.75**2,
            "weighted_recall": 0.75,
            "weighted_f1": 0.75 * f1,
            "unseen_detection_rate": 0.0,
            "unseen_recall": 0.0,
            "false_alarm_rate": 0.0,
        }
    )


def test_majority_class_of_no_rows() -> None:
    assert majority_class({"Normal": 0}) == {}
