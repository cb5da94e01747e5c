"""Evaluates a detector by labelled rows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from nids.datasets.registry import other_label_maps
from nids.folds.encoding import compact
from nids.metrics.attack_types import count_by_attack
from nids.metrics.calibration import expected_calibration_error, reliability
from nids.metrics.classification import (
    accuracy,
    class_figures,
    confusion_and_log_loss,
    figures_of_classes,
    macro_f1,
)
from nids.metrics.detection import (
    Detection,
    attack_scores,
    class_pr_auc,
    class_roc_auc,
    classes_at,
    pr_auc,
    roc_auc,
    roc_points,
    share,
)
from nids.metrics.evaluation import Evaluation
from nids.metrics.judged_rows import JudgedRows
from nids.metrics.measures import figures_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from nids.datasets.labels import LabelMap
    from nids.datasets.traffic import Traffic
    from nids.folds.fold import TrainingSet

RESAMPLES = 1000
INTERVAL = (2.5, 97.5)  # percentiles


def evaluate_detector(
    probabilities: np.ndarray,
    labels: np.ndarray,
    attacks: pd.Series[str],
    *,
    classes: Sequence[str],
    benign: int,
    seen_attacks: Collection[str],
    thresholds: Mapping[str, float],
    twins: np.ndarray | None = None,
    dropped: Mapping[str, int] | None = None,
    label_maps: Sequence[LabelMap] = (),
    seed: int = 0,
) -> Evaluation:
    """Return what labelled rows say of a detector.

    Args:
        probabilities: float of shape (rows, classes).
        labels: True classes, int of shape (rows,).
        attacks: Name of each row's attack type.
        classes: Names of the classes.
        benign: The class of traffic that is no attack.
        seen_attacks: Attack types that the detector was trained on.
        thresholds: Name → threshold on the attack score.
        twins: Which rows have a twin in training, bool of shape (rows,); None if that is not asked.
        dropped: Dropped class → number of rows of it, which are none of these.
        label_maps: Other label maps of the same classes, by which types of attacks are judged as well.
        seed: Seeds the bootstrap.
    """
    names = np.asarray(attacks, dtype=str)
    predicted = probabilities.argmax(axis=1)
    confusion, loss = confusion_and_log_loss(labels, probabilities)
    scores, is_attack = attack_scores(probabilities, benign), labels != benign
    is_seen = np.isin(names, list(seen_attacks))
    precision, recall, _, _ = precision_recall_fscore_support(labels, predicted, average="macro", zero_division=0)
    by_class = _by_class(confusion, labels, probabilities, classes)
    table = reliability(labels, probabilities)
    roc = [values.tolist() for values in roc_points(scores, is_attack)]
    return Evaluation.model_validate(
        {
            "rows": len(labels),
            "figures": {
                **figures_of(JudgedRows.all_known(labels, probabilities, benign)),
                "macro_precision": precision,
                "macro_recall": recall,
                "roc_auc": roc_auc(scores, is_attack),
                "pr_auc": pr_auc(scores, is_attack),
                "macro_roc_auc": _mean_of_existing(np.array([row["roc_auc"] for row in by_class])),
                **_binary(confusion, benign),
            },
            "intervals": _intervals(confusion, benign, seed),
            "classes": by_class,
            "confusion": confusion.tolist(),
            "seen": _part(is_attack & is_seen, labels, predicted, names, len(classes), benign),
            "unseen": _part(is_attack & ~is_seen, labels, predicted, names, len(classes), benign),
            "attacks": _by_attack(names, labels, predicted, classes, benign, seen_attacks),
            "detection": {
                name: _detection(probabilities, labels, is_seen, benign, threshold)
                for name, threshold in thresholds.items()
            },
            "calibration": {
                "log_loss": loss,
                "expected_calibration_error": expected_calibration_error(table),
                **{name: values.tolist() for name, values in vars(table).items()},
            },
            "roc": dict(zip(("false_positive_rate", "detection_rate"), roc, strict=True)),
            "twins": None if twins is None else _without(twins, labels, predicted, len(classes), benign),
            "dropped": dropped or {},
            "label_maps": {
                each.name: _by_label_map(each, probabilities, names, benign, thresholds) for each in label_maps
            },
        }
    )


def evaluate_traffic(
    probabilities: np.ndarray, traffic: Traffic, training_set: TrainingSet, thresholds: Mapping[str, float]
) -> Evaluation:
    """Return what ``evaluate_detector`` says of a detector on labelled traffic that it was not trained on."""
    rows = compact(traffic.features, traffic.dataset)
    return evaluate_detector(
        probabilities,
        traffic.label,
        traffic.attack,
        classes=traffic.dataset.classes,
        benign=traffic.dataset.benign_label,
        seen_attacks=training_set.attack_types,
        thresholds=thresholds,
        twins=np.isin(rows.fingerprints, training_set.rows.fingerprints),
        dropped=traffic.dropped,
        label_maps=other_label_maps(traffic.dataset),
    )


def _by_label_map(
    label_map: LabelMap, probabilities: np.ndarray, names: np.ndarray, benign: int, thresholds: Mapping[str, float]
) -> dict[str, Any]:
    labels = pd.Series(names).map(label_map.positions).to_numpy()
    classes = probabilities.shape[1]
    return {
        **figures_of_classes(labels, probabilities.argmax(axis=1), classes),
        "detection": {
            name: figures_of_classes(labels, classes_at(probabilities, benign, threshold), classes)
            for name, threshold in thresholds.items()
        },
    }


def _binary(confusion: np.ndarray, benign: int) -> dict[str, float]:
    """Return detection rate and false-positive rate of "attack or benign" by the most probable class."""
    attacks = np.delete(confusion, benign, axis=0)
    detected = attacks.sum() - attacks[:, benign].sum()
    benign_rows = confusion[benign]
    return {
        "detection_rate": float(detected / attacks.sum()) if attacks.sum() else math.nan,
        "false_positive_rate": float(1 - benign_rows[benign] / benign_rows.sum()) if benign_rows.sum() else math.nan,
    }


def _without(twins: np.ndarray, labels: np.ndarray, predicted: np.ndarray, classes: int, benign: int) -> dict[str, Any]:
    """Return how many rows have a twin in training, and the figures of the others."""
    if twins.all():
        return {"rows": len(twins), "figures": {}}
    confusion = confusion_matrix(labels[~twins], predicted[~twins], labels=range(classes))
    figures = {"accuracy": accuracy(confusion), "macro_f1": macro_f1(confusion), **_binary(confusion, benign)}
    return {"rows": int(twins.sum()), "figures": figures}


def _intervals(confusion: np.ndarray, benign: int, seed: int) -> dict[str, list[float]]:
    """Return bootstrap intervals.

    Drawing rows with replacement draws the confusion matrix from a multinomial distribution: the same, and quick.
    """
    total = confusion.sum()
    drawn = np.random.default_rng(seed).multinomial(total, confusion.ravel() / total, RESAMPLES)
    draws: dict[str, list[float]] = {"accuracy": [], "macro_f1": [], "detection_rate": []}
    for flat in drawn:
        resampled = flat.reshape(confusion.shape)
        figures = {
            "accuracy": accuracy(resampled),
            "macro_f1": macro_f1(resampled),
            **_binary(resampled, benign),
        }
        for name, values in draws.items():
            values.append(figures[name])
    # A draw without any attack has no detection rate.
    existing = {name: [value for value in values if math.isfinite(value)] for name, values in draws.items()}
    return {
        name: np.percentile(values, INTERVAL).tolist() if values else [math.nan, math.nan]
        for name, values in existing.items()
    }


def _by_class(
    confusion: np.ndarray, labels: np.ndarray, probabilities: np.ndarray, classes: Sequence[str]
) -> list[dict[str, Any]]:
    areas = {"roc_auc": class_roc_auc(labels, probabilities), "pr_auc": class_pr_auc(labels, probabilities)}
    figures = {**vars(class_figures(confusion)), **areas}
    return [
        {"class": name, **{figure: values[i].item() for figure, values in figures.items()}}
        for i, name in enumerate(classes)
    ]


def _by_attack(
    names: np.ndarray,
    labels: np.ndarray,
    predicted: np.ndarray,
    classes: Sequence[str],
    benign: int,
    seen_attacks: Collection[str],
) -> list[dict[str, Any]]:
    types, codes = np.unique(names, return_inverse=True)
    counts = count_by_attack(codes, labels, predicted, benign)
    return [
        {
            "attack": str(types[attack]),
            "class": classes[label],
            "seen": bool(types[attack] in seen_attacks),
            "rows": int(rows),
            "detection_rate": float(detected / rows),
            "recall": float(correct / rows),
            "most_often_predicted": classes[int(np.bincount(predicted[codes == attack]).argmax())],
        }
        for attack, label, rows, detected, correct in zip(*vars(counts).values(), strict=True)
    ]


def _part(
    chosen: np.ndarray, labels: np.ndarray, predicted: np.ndarray, names: np.ndarray, classes: int, benign: int
) -> dict[str, Any]:
    attack = labels != benign
    with_benign = confusion_matrix(labels[~attack | chosen], predicted[~attack | chosen], labels=range(classes))
    return {
        "types": len(np.unique(names[chosen])),
        "rows": int(chosen.sum()),
        "detection_rate": share(predicted[chosen] != benign),
        "recall": share(predicted[chosen] == labels[chosen]),
        "accuracy": accuracy(with_benign),
        "macro_f1": macro_f1(with_benign),
    }


def _detection(
    probabilities: np.ndarray, labels: np.ndarray, is_seen: np.ndarray, benign: int, threshold: float
) -> dict[str, float]:
    scores, is_attack = attack_scores(probabilities, benign), labels != benign
    alerts = scores > threshold
    return {
        **vars(Detection.at_threshold(scores, is_attack, threshold)),
        "seen_detection_rate": share(alerts[is_attack & is_seen]),
        "unseen_detection_rate": share(alerts[is_attack & ~is_seen]),
        **figures_of_classes(labels, classes_at(probabilities, benign, threshold), probabilities.shape[1]),
    }


def _mean_of_existing(values: np.ndarray) -> float:
    existing = values[np.isfinite(values)]
    return float(existing.mean()) if len(existing) else math.nan
