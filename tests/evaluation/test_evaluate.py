from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as sk

from nids.config import Data
from nids.datasets.labels import LabelMap
from nids.datasets.small_classes import without_small_classes
from nids.evaluation.evaluate import evaluate_detector, evaluate_traffic
from nids.folds.fold import TrainingSet
from nids.metrics.evaluation import TwinResult

if TYPE_CHECKING:
    from nids.datasets.traffic import Traffic

CLASSES = ("Normal", "DoS", "Probe")
# Types: neptune and satan were trained on, mailbomb and mscan were not.
ATTACKS = pd.Series(["normal"] * 60 + ["neptune"] * 20 + ["mailbomb"] * 10 + ["satan"] * 6 + ["mscan"] * 4)
LABELS = np.array([0] * 60 + [1] * 30 + [2] * 10, dtype=np.int8)
SEEN = {"normal", "neptune", "satan"}
OF_DATASET: dict[str, Any] = {"classes": CLASSES, "benign": 0, "seen_attacks": SEEN}


def probabilities() -> np.ndarray:
    random = np.random.default_rng(1)
    drawn = random.dirichlet(np.ones(3), len(LABELS))
    drawn[np.arange(len(LABELS)), LABELS] += 0.6
    return drawn / drawn.sum(axis=1, keepdims=True)


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    thresholds = {"0.01": 0.6, "0.1": 0.3}
    return evaluate_detector(probabilities(), LABELS, ATTACKS, **OF_DATASET, thresholds=thresholds).model_dump(
        mode="json"
    )


def test_the_figures_are_those_of_scikit_learn(found: dict[str, Any]) -> None:
    predicted, scores = probabilities().argmax(axis=1), 1 - probabilities()[:, 0]
    for average in ("macro", "weighted"):
        precision, recall, f1, _ = sk.precision_recall_fscore_support(LABELS, predicted, average=average)
        expected = {f"{average}_precision": precision, f"{average}_recall": recall, f"{average}_f1": f1}
        assert {name: found["figures"][name] for name in expected} == pytest.approx(expected)
    assert found["rows"] == 100
    assert found["figures"]["accuracy"] == sk.accuracy_score(LABELS, predicted)
    assert found["figures"]["log_loss"] == pytest.approx(sk.log_loss(LABELS, probabilities()))
    assert found["figures"]["roc_auc"] == pytest.approx(sk.roc_auc_score(LABELS != 0, scores))
    assert found["figures"]["pr_auc"] == pytest.approx(sk.average_precision_score(LABELS != 0, scores))
    areas = [sk.roc_auc_score(np.equal(LABELS, i), probabilities()[:, i]) for i in range(3)]
    assert found["figures"]["macro_roc_auc"] == pytest.approx(np.mean(areas))
    assert found["figures"]["detection_rate"] == pytest.approx(sk.recall_score(LABELS != 0, predicted != 0))
    assert found["figures"]["false_positive_rate"] == pytest.approx(np.mean(predicted[:60] != 0))
    assert found["confusion"] == sk.confusion_matrix(LABELS, predicted).tolist()
    report = sk.classification_report(LABELS, predicted, target_names=CLASSES, output_dict=True)
    for i, row in enumerate(found["classes"]):
        name = row["class"]
        assert (row["precision"], row["recall"]) == pytest.approx((report[name]["precision"], report[name]["recall"]))
        assert (row["f1"], row["support"]) == pytest.approx((report[name]["f1-score"], report[name]["support"]))
        of_class = np.equal(LABELS, i)
        assert row["false_positive_rate"] == pytest.approx(np.mean(predicted[~of_class] == i))
        assert row["roc_auc"] == pytest.approx(sk.roc_auc_score(of_class, probabilities()[:, i]))
        assert row["pr_auc"] == pytest.approx(sk.average_precision_score(of_class, probabilities()[:, i]))


def test_seen_and_unseen_attacks_stand_apart(found: dict[str, Any]) -> None:
    predicted = probabilities().argmax(axis=1)
    for part, types in (("seen", ["neptune", "satan"]), ("unseen", ["mailbomb", "mscan"])):
        chosen = ATTACKS.isin(types).to_numpy()
        beside = chosen | ~LABELS.astype(bool)
        assert found[part] == {
            "types": 2,
            "rows": chosen.sum(),
            "detection_rate": pytest.approx(np.mean(predicted[chosen] != 0)),
            "recall": pytest.approx(np.mean(predicted[chosen] == LABELS[chosen])),
            "accuracy": pytest.approx(np.mean(predicted[beside] == LABELS[beside])),
            "macro_f1": pytest.approx(sk.f1_score(LABELS[beside], predicted[beside], average="macro")),
        }
    assert [(row["attack"], row["class"], row["seen"], row["rows"]) for row in found["attacks"]] == [
        ("mailbomb", "DoS", False, 10),
        ("mscan", "Probe", False, 4),
        ("neptune", "DoS", True, 20),
        ("normal", "Normal", True, 60),
        ("satan", "Probe", True, 6),
    ]
    mailbomb = predicted[80:90]
    assert found["attacks"][0]["detection_rate"] == pytest.approx(np.mean(mailbomb != 0))
    assert found["attacks"][0]["most_often_predicted"] == CLASSES[np.bincount(mailbomb).argmax()]
    assert found["attacks"][0]["recall"] == pytest.approx(np.mean(mailbomb == 1))


def test_alerts_are_rows_above_a_threshold(found: dict[str, Any]) -> None:
    scores = 1 - probabilities()[:, 0]
    unseen = ATTACKS.isin(["mailbomb", "mscan"]).to_numpy()
    for name, threshold in (("0.01", 0.6), ("0.1", 0.3)):
        alerts = scores > threshold
        decided = np.where(alerts, 1 + probabilities()[:, 1:].argmax(axis=1), 0)
        assert found["detection"][name] == pytest.approx(
            {
                "threshold": threshold,
                "detection_rate": alerts[60:].mean(),
                "false_positive_rate": alerts[:60].mean(),
                "precision": np.mean(LABELS[alerts] != 0),
                "accuracy": np.mean(decided == LABELS),
                "macro_f1": sk.f1_score(LABELS, decided, average="macro"),
                "seen_detection_rate": alerts[60:][~unseen[60:]].mean(),
                "unseen_detection_rate": alerts[unseen].mean(),
            }
        )


@pytest.mark.slow
def test_intervals_are_those_of_drawing_rows_again(found: dict[str, Any]) -> None:
    predicted = probabilities().argmax(axis=1)
    random = np.random.default_rng(5)
    drawn = [random.integers(0, 100, 100) for _ in range(3000)]
    attacks = [rows[LABELS[rows] != 0] for rows in drawn]
    expected = {
        "accuracy": [np.mean(LABELS[rows] == predicted[rows]) for rows in drawn],
        "macro_f1": [sk.f1_score(LABELS[rows], predicted[rows], average="macro") for rows in drawn[:300]],
        "detection_rate": [np.mean(predicted[rows] != 0) for rows in attacks],
    }
    for name, values in expected.items():
        assert found["intervals"][name] == pytest.approx(np.percentile(values, [2.5, 97.5]), abs=0.03)
        assert found["intervals"][name][0] < found["figures"][name] < found["intervals"][name][1]


def test_all_of_it_is_plain_json(found: dict[str, Any]) -> None:
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["roc"]["false_positive_rate"][0] == found["roc"]["detection_rate"][0] == 0
    assert found["roc"]["false_positive_rate"][-1] == found["roc"]["detection_rate"][-1] == 1
    calibration = found["calibration"]
    filled = [
        (c, a, n) for c, a, n in zip(*(calibration[k] for k in ("confidence", "accuracy", "rows")), strict=True) if n
    ]
    assert calibration["expected_calibration_error"] == pytest.approx(sum(n * abs(c - a) for c, a, n in filled) / 100)


def test_few_attacks_have_an_interval_all_the_same() -> None:
    few = [*range(50), 60, 61]  # a draw in seven has neither attack
    found = evaluate_detector(
        probabilities()[few],
        LABELS[few],
        ATTACKS[few],
        classes=CLASSES,
        benign=0,
        seen_attacks=SEEN,
        thresholds={},
    ).model_dump(mode="json")
    low, high = found["intervals"]["detection_rate"]
    assert 0 <= low <= high <= 1


def test_rows_without_an_attack_have_no_detection_rate() -> None:
    calm = evaluate_detector(
        probabilities()[:60],
        LABELS[:60],
        ATTACKS[:60],
        classes=CLASSES,
        benign=0,
        seen_attacks=SEEN,
        thresholds={"x": 0.5},
    ).model_dump(mode="json")
    assert calm["figures"]["detection_rate"] is None
    assert calm["intervals"]["detection_rate"] == [None, None]
    assert calm["unseen"] == {"types": 0, "rows": 0, "detection_rate": None, "recall": None} | {
        name: calm["figures"][name] for name in ("accuracy", "macro_f1")
    }
    assert calm["detection"]["x"]["detection_rate"] is None
    assert calm["classes"][1]["roc_auc"] is None


def test_the_rows_without_a_twin_in_training_are_judged_alone() -> None:
    twins = np.arange(len(LABELS)) % 3 == 0
    arguments: dict[str, Any] = {**OF_DATASET, "thresholds": {}}
    found = evaluate_detector(probabilities(), LABELS, ATTACKS, **arguments, twins=twins).twins
    alone = evaluate_detector(probabilities()[~twins], LABELS[~twins], ATTACKS[~twins], **arguments)
    assert found is not None
    assert found.rows == 34
    names = ("accuracy", "macro_f1", "detection_rate", "false_positive_rate")
    assert found.figures == {name: alone.figures[name] for name in names}
    assert alone.twins is None
    of_none = evaluate_detector(probabilities(), LABELS, ATTACKS, **arguments, twins=np.ones(100, dtype=bool)).twins
    assert of_none == TwinResult(rows=100, figures={})


def test_other_label_maps_of_the_same_classes_judge_too() -> None:
    class_of = {"normal": "Normal", "neptune": "DoS", "mailbomb": "Probe", "satan": "Probe", "mscan": "Probe"}
    variant = LabelMap("variant", CLASSES, "Normal", class_of)
    found = evaluate_detector(
        probabilities(), LABELS, ATTACKS, **OF_DATASET, thresholds={"0.01": 0.6}, label_maps=[variant]
    )
    labels = np.array([0] * 60 + [1] * 20 + [2] * 20)
    predicted, scores = probabilities().argmax(axis=1), 1 - probabilities()[:, 0]
    alerts = np.where(scores > 0.6, 1 + probabilities()[:, 1:].argmax(axis=1), 0)
    assert found.label_maps["variant"].model_dump() == {
        "accuracy": sk.accuracy_score(labels, predicted),
        "macro_f1": pytest.approx(sk.f1_score(labels, predicted, average="macro")),
        "detection": {
            "0.01": {
                "accuracy": sk.accuracy_score(labels, alerts),
                "macro_f1": pytest.approx(sk.f1_score(labels, alerts, average="macro")),
            }
        },
    }
    assert found.figures["accuracy"] != found.label_maps["variant"].accuracy


def test_rows_of_dropped_classes_are_counted_and_not_judged(traffic: Traffic) -> None:
    left = without_small_classes(traffic, Data(small_classes="drop", smallest_class=20))
    probabilities = np.eye(3)[left.label]
    found = evaluate_traffic(probabilities, left, TrainingSet.from_traffic(left), {})
    rows = np.bincount(traffic.label)
    assert found.dropped == {"R2L": rows[3], "U2R": rows[4]}
    assert found.rows == rows[:3].sum()
    assert [each.class_name for each in found.classes] == ["Normal", "DoS", "Probe"]
    assert found.figures["accuracy"] == 1
