"""The detector as a two-sided question: whether a row is an attack, of whatever class, or benign."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

from nids.errors import UserError

# Those that a detector has thresholds for.
FALSE_POSITIVE_RATES = (0.001, 0.005, 0.01)


@dataclass(frozen=True)
class Detection:
    """What a threshold makes of some rows: an alert is a row whose attack score is strictly above it.

    A figure without rows to take it from is NaN, since 0 would read as a result: no detection rate without attacks, no
    false-positive rate without benign rows, no precision without alerts.

    Attributes:
        threshold: The threshold on the attack score.
        detection_rate: Share of the attacks that raise an alert.
        false_positive_rate: Share of the benign rows that raise an alert.
        precision: Share of the alerts that are attacks, with as many attacks among the rows as there happen to be;
            ``precision_at`` tells what it becomes elsewhere.
    """

    threshold: float
    detection_rate: float
    false_positive_rate: float
    precision: float

    @classmethod
    def at_threshold(cls, scores: np.ndarray, is_attack: np.ndarray, threshold: float) -> Detection:
        """Return what becomes of rows at a threshold.

        Args:
            scores: Attack score of each row, float of shape (rows,).
            is_attack: Whether the row is an attack, bool of shape (rows,).
            threshold: The threshold on the attack score.
        """
        alerts = scores > threshold
        return cls(threshold, share(alerts[is_attack]), share(alerts[~is_attack]), share(is_attack[alerts]))


def attack_scores(probabilities: np.ndarray, benign: int) -> np.ndarray:
    """Return the probability that a row is any attack, float64 of shape (rows,).

    It is the sum over all classes but the benign one. 1 − p(benign) is the same quantity with fewer digits: near 0,
    where thresholds for low false-positive rates may lie, a float32 close to 1 has steps of 6e-8, and all smaller
    scores would be alike.

    Args:
        probabilities: float of shape (rows, classes).
        benign: Position of the benign class.
    """
    scores: np.ndarray = np.delete(probabilities, benign, axis=1).sum(axis=1, dtype=np.float64)
    return scores


def classes_at(probabilities: np.ndarray, benign: int, threshold: float) -> np.ndarray:
    """Return classes that go with the alerts of a threshold, int64 of shape (rows,).

    A row that raises an alert, as its attack score is above the threshold, is given its most probable attack class; any
    other one is benign.

    Args:
        probabilities: float of shape (rows, classes).
        benign: Position of the benign class.
        threshold: The threshold on the attack score.
    """
    attacks = probabilities.astype(np.float64)
    attacks[:, benign] = -np.inf
    return np.where(attack_scores(probabilities, benign) > threshold, attacks.argmax(axis=1), benign)


def threshold_at(scores_of_benign: np.ndarray, rate: float) -> float:
    """Return the lowest threshold at which at most ``rate`` of the benign rows raise an alert.

    >>> import numpy as np
    >>> from nids.metrics.detection import threshold_at
    >>> threshold_at(np.array([0.01, 0.02, 0.02, 0.9]), rate=0.25)  # only 0.9 lies above it
    0.02

    An alert is a score strictly above the threshold. The threshold is itself a score that occurs, often of many rows,
    since identical rows have identical scores: with ">=" all of these would raise an alert, and the rate would be
    whatever their number makes it. With ">" none of them does. The rate reached is therefore never above the one asked
    for, and with ties it may be well below: who has a limit on false alarms is promised the limit, not the average.

    The promise is about these rows. On others the rate varies by chance, and more than by chance if they come from
    other traffic. Rates below 1 / rows cannot be told from 0.

    Args:
        scores_of_benign: Attack scores of benign rows, float of shape (rows,).
        rate: False-positive rate, 0 <= rate < 1.

    Raises:
        UserError: There are no benign rows, a score is not finite, or the rate is out of range.
    """
    rows = len(scores_of_benign)
    if not 0 <= rate < 1:
        raise UserError(f"the false-positive rate asked for is {rate}, but must be at least 0 and below 1, as 0.01 is.")
    if rows == 0:
        raise UserError(
            "found no benign rows to take a threshold from: a false-positive rate is a share of benign rows. "
            "Use rows among which benign traffic occurs."
        )
    if strange := np.count_nonzero(~np.isfinite(scores_of_benign)):
        raise UserError(
            f"found {strange} of {rows} attack scores that are not finite, and no threshold can be taken from them: "
            "the detector's training has diverged. Train it again, with a lower learning rate."
        )
    # The product is rounded, up or down: 0.29 of 100 rows would come out as 28.
    whole = math.floor(rate * rows)
    allowed = next(alerts for alerts in (whole + 1, whole, whole - 1) if alerts / rows <= rate)
    position = rows - 1 - allowed
    return float(np.partition(scores_of_benign, position)[position])


def precision_at(detection_rate: float, false_positive_rate: float, base_rate: float) -> float:
    """Return the share of the alerts that are attacks where ``base_rate`` of the traffic is; NaN without alerts.

    This is Bayes' theorem, and the base-rate fallacy is to leave it out: with one attack in 10,000 rows, a detector
    that finds every attack and raises a false alarm for 1 % of the benign rows is right in 1 % of its alerts
    (S. Axelsson, The base-rate fallacy and the difficulty of intrusion detection, ACM TISSEC 3(3), 2000).

    Args:
        detection_rate: Share of the attacks that raise an alert.
        false_positive_rate: Share of the benign rows that raise an alert.
        base_rate: Share of attacks in the traffic.
    """
    true_alerts = detection_rate * base_rate
    alerts = true_alerts + false_positive_rate * (1 - base_rate)
    return true_alerts / alerts if alerts else math.nan


def roc_auc(scores: np.ndarray, is_positive: np.ndarray) -> float:
    """Return the area under the ROC curve, NaN unless there are rows of both sides.

    Args:
        scores: float of shape (rows,), higher for the positive side.
        is_positive: bool of shape (rows,).
    """
    return float(roc_auc_score(is_positive, scores)) if _both_sides(is_positive) else math.nan


def pr_auc(scores: np.ndarray, is_positive: np.ndarray) -> float:
    """Return the area under the precision-recall curve as average precision, without interpolation.

    It is NaN unless there are rows of both sides: without negatives, every score has an average precision of 1. Its
    level depends on the share of positives, which is what a scorer that knows nothing reaches.

    Args:
        scores: float of shape (rows,), higher for the positive side.
        is_positive: bool of shape (rows,).
    """
    return float(average_precision_score(is_positive, scores)) if _both_sides(is_positive) else math.nan


def class_roc_auc(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Return ``roc_auc`` of each class against all others, float64 of shape (classes,).

    Args:
        labels: True classes, int of shape (rows,).
        probabilities: float of shape (rows, classes).
    """
    return np.array([roc_auc(column, labels == label) for label, column in enumerate(probabilities.T)])


def class_pr_auc(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Return ``pr_auc`` of each class against all others, float64 of shape (classes,).

    Args:
        labels: True classes, int of shape (rows,).
        probabilities: float of shape (rows, classes).
    """
    return np.array([pr_auc(column, labels == label) for label, column in enumerate(probabilities.T)])


def roc_points(scores: np.ndarray, is_attack: np.ndarray, most: int = 200) -> tuple[np.ndarray, np.ndarray]:
    """Return the ROC curve, thinned for drawing: false-positive rates and detection rates, both ascending.

    The points stand at even distances along the curve, measured as false-positive rate + detection rate, which runs
    from 0 to 2: so the steep beginning, where detectors are used, keeps its points. Both ends are kept, and each point
    left out lies less than 2 / (most − 1) after one that is kept.

    Args:
        scores: Attack scores, float of shape (rows,).
        is_attack: bool of shape (rows,).
        most: Most points to return, at least 2.

    Returns:
        Two arrays, float64 of shape (points,), empty unless there are rows of both sides.
    """
    if not _both_sides(is_attack):
        return np.empty(0), np.empty(0)
    false_positive_rate, detection_rate, _ = roc_curve(is_attack, scores)
    along = false_positive_rate + detection_rate
    kept = np.unique(np.searchsorted(along, np.linspace(0, 2, most)))
    return false_positive_rate[kept], detection_rate[kept]


def _both_sides(is_positive: np.ndarray) -> bool:
    return bool(is_positive.any() and not is_positive.all())


def share(chosen: np.ndarray) -> float:
    """Return the share of True, bool of shape (rows,); NaN without rows."""
    return float(chosen.mean()) if len(chosen) else math.nan
