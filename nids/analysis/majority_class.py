"""What is reached without looking at a single feature."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def majority_class(class_counts: Mapping[str, int]) -> dict[str, float]:
    """Return the measures of the classifier that answers every row with the shares p of the classes.

    Its class is always the largest one, of share q. So its accuracy is q, that class has precision q, recall 1 and
    F1 2q / (1 + q), the others have 0 of each, and its log-loss is the entropy −Σ p ln p, in nats. As everywhere here,
    macro-F1 is the mean over the classes that occur. Taking every row for benign, it detects nothing and raises no
    alarm.
    """
    rows = sum(class_counts.values())
    if rows == 0:
        return {}
    shares = [count / rows for count in class_counts.values() if count > 0]
    q = max(shares)
    f1 = 2 * q / (1 + q)
    return {
        "accuracy": q,
        "macro_f1": f1 / len(shares),
        "log_loss": -sum(p * math.log(p) for p in shares),
        "weighted_precision": q * q,
        "weighted_recall": q,
        "weighted_f1": q * f1,
        "unseen_detection_rate": 0.0,
        "unseen_recall": 0.0,
        "false_alarm_rate": 0.0,
    }
