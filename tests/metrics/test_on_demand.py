from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score, matthews_corrcoef, recall_score, roc_auc_score

from nids.metrics.attack_types import false_alarm_rate, unseen_macro_f1, unseen_share
from nids.metrics.judged_rows import JudgedRows
from nids.metrics.measures import described
from nids.metrics.on_demand import class_in, figures_on_demand, is_on_demand, rate_in

CLASSES = ("Normal", "DoS", "Other attacks")


@pytest.fixture
def rows() -> JudgedRows:
    chance = np.random.default_rng(0)
    labels = chance.integers(0, 3, size=500)
    probabilities = chance.dirichlet([1, 1, 1], size=500)
    probabilities[np.arange(500), labels] += 0.3
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    unseen = chance.random(500) < 0.1
    unseen &= labels != 0
    return JudgedRows(labels, probabilities, 0, np.zeros(500, dtype=int), unseen)


def test_figures_are_those_of_scikit_learn(rows: JudgedRows) -> None:
    asked = ("recall.DoS", "f1.Other attacks", "mcc", "roc_auc", "pr_auc", "false_alarm_rate", "parameters")
    found = figures_on_demand(asked, rows, CLASSES)
    known = ~rows.unseen
    labels, predicted, scores = rows.labels[known], rows.predicted[known], 1 - rows.probabilities[known, 0]
    expected = {
        "recall.DoS": recall_score(labels, predicted, labels=[1], average="macro"),
        "f1.Other attacks": f1_score(labels, predicted, labels=[2], average="macro"),
        "mcc": matthews_corrcoef(labels, predicted),
        "roc_auc": roc_auc_score(labels != 0, scores),
        "pr_auc": average_precision_score(labels != 0, scores),
        "false_alarm_rate": np.mean(predicted[labels == 0] != 0),
    }
    assert found == pytest.approx(expected)


def test_the_detection_rate_is_that_at_the_threshold_of_the_rate(rows: JudgedRows) -> None:
    (found,) = figures_on_demand(["detection_rate@0.05"], rows, CLASSES).values()
    known = ~rows.unseen
    scores, is_attack = 1 - rows.probabilities[known, 0], rows.labels[known] != 0
    alarms = np.sort(scores[~is_attack])[::-1]
    threshold = alarms[int(0.05 * len(alarms))]
    assert found == np.mean(scores[is_attack] > threshold)
    none_benign = JudgedRows(rows.labels + (rows.labels == 0), rows.probabilities, 0, rows.attacks, rows.unseen)
    assert np.isnan(figures_on_demand(["detection_rate@0.05"], none_benign, CLASSES)["detection_rate@0.05"])


def test_what_is_taken_for_an_attack_at_a_rate_has_its_most_probable_attack_class(rows: JudgedRows) -> None:
    names = ["unseen_detection_rate@0.05", "unseen_macro_f1@0.05"]
    found = figures_on_demand(names, rows, CLASSES)
    scores, benign = 1 - rows.probabilities[:, 0], rows.labels == 0
    alarms = np.sort(scores[benign])[::-1]
    flagged = scores > alarms[int(0.05 * len(alarms))]
    decided = np.where(flagged, 1 + rows.probabilities[:, 1:].argmax(axis=1), 0)
    same = JudgedRows(rows.labels, np.eye(rows.probabilities.shape[1])[decided], 0, rows.attacks, rows.unseen)
    assert list(found.values()) == pytest.approx([unseen_share(same, "detected"), unseen_macro_f1(same)])
    assert false_alarm_rate(same) <= 0.05
    none_benign = JudgedRows(rows.labels + benign, rows.probabilities, 0, rows.attacks, rows.unseen)
    assert np.isnan(list(figures_on_demand(names, none_benign, CLASSES).values())).all()


@pytest.mark.parametrize(
    ("name", "label", "direction", "unit"),
    [
        ("recall.Other attacks", "recall of Other attacks", "max", "share"),
        ("false_positive_rate.DoS", "false-positive rate of DoS", "min", "share"),
        ("detection_rate@0.001", "detection rate at 0.1 % false positives", "max", "share"),
        ("unseen_macro_f1@0.01", "macro-F1 with unseen attacks at 1 % false positives", "max", "share"),
        ("mcc", "Matthews' correlation coefficient", "max", "area"),
        ("parameters", "parameters", "min", "count"),
        ("scoring_seconds", "seconds to score a million rows", "min", "seconds"),
    ],
)
def test_they_are_described_by_their_names(name: str, label: str, direction: str, unit: str) -> None:
    assert is_on_demand(name)
    measure = described(name)
    assert (measure.name, measure.label, measure.direction, measure.unit) == (name, label, direction, unit)


@pytest.mark.parametrize(
    "name", ["recall", "recall.", "support.DoS", "detection_rate@0", "detection_rate@2", "accuracy"]
)
def test_other_names_are_none_of_them(name: str) -> None:
    assert (is_on_demand(name), class_in(name), rate_in(name)) == (False, None, None)


def test_of_a_class_without_rows_there_is_no_recall(rows: JudgedRows) -> None:
    label = int(rows.labels[0])
    left = rows.labels != label
    without = JudgedRows(rows.labels[left], rows.probabilities[left], 0, rows.attacks[left], rows.unseen[left])
    names = [f"{figure}.{CLASSES[label]}" for figure in ("recall", "precision", "f1", "false_positive_rate")]
    found = figures_on_demand(names, without, CLASSES)
    assert [np.isnan(found[name]) for name in names] == [True, True, True, False]
