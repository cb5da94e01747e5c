from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.metrics import f1_score

from nids.metrics.attack_types import AttackCounts, count_by_attack, weight_of_type
from nids.metrics.judged_rows import JudgedRows
from nids.metrics.measures import MEASURES, ON_FOLDS

BENIGN, DOS, PROBE = 0, 1, 2
# Types: 0 normal, 1 neptune, 2 land (withheld), 3 satan, 4 nmap (withheld).
ATTACKS = np.array([0] * 6 + [1] * 4 + [2] * 5 + [3] * 2 + [4] * 15)
LABELS = np.array([BENIGN] * 6 + [DOS] * 9 + [PROBE] * 17)
PREDICTED = np.array(
    [BENIGN] * 4 + [DOS, PROBE] + [DOS] * 3 + [BENIGN] + [DOS] * 2 + [PROBE] + [BENIGN] * 2 + [PROBE] * 2
    + [PROBE] * 6 + [DOS] * 3 + [BENIGN] * 6
)  # fmt: skip
UNSEEN = np.isin(ATTACKS, [2, 4])
ALL = np.ones(len(ATTACKS), dtype=bool)


def unseen_figures(predicted: np.ndarray, rows: np.ndarray = ALL) -> dict[str, float]:
    """The measures of unseen attacks of some of the rows."""
    judged = JudgedRows(LABELS[rows], np.eye(3)[predicted[rows]], BENIGN, ATTACKS[rows], UNSEEN[rows])
    computes = {name: MEASURES[name].compute for name in ON_FOLDS if MEASURES[name].needs_unseen}
    return {name: compute(judged) for name, compute in computes.items() if compute}


def test_what_becomes_of_each_type_is_counted() -> None:
    found = count_by_attack(ATTACKS, LABELS, PREDICTED, BENIGN)
    expected = AttackCounts(
        attacks=np.array([0, 1, 2, 3, 4]),
        labels=np.array([BENIGN, DOS, DOS, PROBE, PROBE]),
        rows=np.array([6, 4, 5, 2, 15]),
        detected=np.array([2, 3, 3, 2, 9]),
        correct=np.array([4, 3, 2, 2, 6]),
    )
    for name, values in vars(expected).items():
        np.testing.assert_array_equal(getattr(found, name), values, err_msg=name)


def test_a_type_of_few_rows_weighs_less() -> None:
    np.testing.assert_allclose(weight_of_type(np.array([5, 15, 0])), [0.5, 0.75, 0])


def test_the_figures_of_unseen_types() -> None:
    found = unseen_figures(PREDICTED)
    # Five rows of land weigh half as much as the four of neptune, fifteen of nmap three quarters of the two of satan.
    weights = np.where(ATTACKS == 2, 0.5 * 4 / 5, np.where(ATTACKS == 4, 0.75 * 2 / 15, 1))
    assert found == {
        "unseen_macro_f1": pytest.approx(f1_score(LABELS, PREDICTED, average="macro", sample_weight=weights)),
        "unseen_detection_rate": pytest.approx((0.5 * 3 / 5 + 0.75 * 9 / 15) / 1.25),
        "unseen_recall": pytest.approx((0.5 * 2 / 5 + 0.75 * 6 / 15) / 1.25),
        "false_alarm_rate": pytest.approx(2 / 6),
    }


def test_who_flags_everything_does_not_win() -> None:
    careful = np.where(UNSEEN, BENIGN, LABELS)  # knows what it knows, and flags nothing else
    everything = np.where(LABELS == BENIGN, DOS, LABELS)
    flagged = [unseen_figures(predicted) for predicted in (careful, everything)]
    assert [figures["unseen_detection_rate"] for figures in flagged] == [0, 1]
    assert flagged[0]["unseen_macro_f1"] > flagged[1]["unseen_macro_f1"]


def test_without_unseen_types_there_is_nothing_to_say_of_them() -> None:
    known = ~UNSEEN
    found = unseen_figures(PREDICTED, known)
    assert math.isnan(found["unseen_detection_rate"])
    assert math.isnan(found["unseen_recall"])
    assert found["unseen_macro_f1"] == pytest.approx(f1_score(LABELS[known], PREDICTED[known], average="macro"))
