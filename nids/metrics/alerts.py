"""What a detector would do on a network: alerts per day, and how many of them are true."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from nids.metrics.classification import figures_of_classes
from nids.metrics.detection import Detection, attack_scores, classes_at, precision_at, share, threshold_at

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence


@dataclass(frozen=True)
class Predictions:
    """Attack scores of labelled rows.

    Attributes:
        scores: Probability of any attack, float64 of shape (rows,).
        is_attack: bool of shape (rows,).
        attacks: Attack types, text of shape (rows,).
    """

    scores: np.ndarray
    is_attack: np.ndarray
    attacks: np.ndarray

    @classmethod
    def from_table(cls, table: pd.DataFrame, classes: Sequence[str], benign: str) -> Predictions:
        """Return those in a table of the run store's ``final``: class, attack, and p_… of each class."""
        probabilities = table[[f"p_{name}" for name in classes]].to_numpy()
        return cls(
            attack_scores(probabilities, list(classes).index(benign)),
            (table["class"] != benign).to_numpy(),
            table["attack"].to_numpy(dtype=str),
        )


Interval = tuple[float, float]


@dataclass(frozen=True)
class Consequences:
    """What a threshold does, measured on held-out rows and scaled to a day's traffic. Rates are fractions, NaN if none.

    Intervals hold what chance allows for, as if rows were drawn one by one: they follow from the 95 % intervals of both
    rates (C. J. Clopper, E. S. Pearson, The use of confidence or fiducial limits illustrated in the case of the
    binomial, Biometrika 26(4), 1934), both at their worst and both at their best.

    Attributes:
        threshold: On the attack score.
        false_positive_rate: Share of the benign rows that raise an alert.
        detection_rate: Share of the attacks that do.
        seen: Share of the attacks of types that training had.
        unseen: Share of those of other types.
        alerts: Alerts a day.
        true_alerts: Those of them that are attacks.
        precision: Share of the alerts that are attacks.
        missed: Attacks a day without an alert.
        alerts_within: Interval of the alerts a day.
        precision_within: Interval of the precision.
    """

    threshold: float
    false_positive_rate: float
    detection_rate: float
    seen: float
    unseen: float
    alerts: float
    true_alerts: float
    precision: float
    missed: float
    alerts_within: Interval
    precision_within: Interval


def threshold_of(out_of_fold: Predictions, rate: float) -> float:
    """Return the threshold at which at most ``rate`` of the folds' benign rows raise an alert."""
    return threshold_at(out_of_fold.scores[~out_of_fold.is_attack], rate)


def consequences(
    held_out: Predictions, threshold: float, seen: Collection[str], connections: int, base_rate: float
) -> Consequences:
    """Return what a threshold would do.

    Args:
        held_out: Rows that neither training nor the threshold has seen.
        threshold: On the attack score.
        seen: Attack types that training had.
        connections: Connections a day.
        base_rate: Share of them that are attacks, 0 to 1.
    """
    detection = Detection.at_threshold(held_out.scores, held_out.is_attack, threshold)
    alerts = held_out.scores > threshold
    known = np.isin(held_out.attacks, list(seen))
    attacks = connections * base_rate
    true_alerts = detection.detection_rate * attacks
    detected, mistaken = (interval(alerts[side]) for side in (held_out.is_attack, ~held_out.is_attack))
    low, high = (
        flagged * attacks + wrong * (connections - attacks) for flagged, wrong in zip(detected, mistaken, strict=True)
    )
    return Consequences(
        threshold,
        detection.false_positive_rate,
        detection.detection_rate,
        share(alerts[held_out.is_attack & known]),
        share(alerts[held_out.is_attack & ~known]),
        true_alerts + detection.false_positive_rate * (connections - attacks),
        true_alerts,
        precision_at(detection.detection_rate, detection.false_positive_rate, base_rate),
        attacks - true_alerts,
        (low, high),
        (precision_at(detected[0], mistaken[1], base_rate), precision_at(detected[1], mistaken[0], base_rate)),
    )


def classification_at(table: pd.DataFrame, classes: Sequence[str], benign: str, threshold: float) -> dict[str, float]:
    """Return ``accuracy`` and ``macro_f1`` of the classes that go with the alerts, as fractions.

    Args:
        table: As for ``Predictions.from_table``. Each row is of one of the classes.
        classes: Names of the classes.
        benign: That of the benign one.
        threshold: On the attack score, 0 to 1; ``nids.metrics.detection.classes_at`` says what it decides.
    """
    probabilities = table[[f"p_{name}" for name in classes]].to_numpy()
    decided = classes_at(probabilities, list(classes).index(benign), threshold)
    labels = pd.Categorical(table["class"], categories=list(classes)).codes
    return figures_of_classes(labels, decided, len(classes))


def interval(chosen: np.ndarray) -> Interval:
    """Return the 95 % interval of Clopper and Pearson of the share of True, bool of shape (rows,); NaN without rows."""
    if not len(chosen):
        return (np.nan, np.nan)
    bounds = binomtest(int(chosen.sum()), len(chosen)).proportion_ci(0.95, method="exact")
    return (float(bounds.low), float(bounds.high))


def in_words(result: Consequences, connections: int, base_rate: float) -> str:
    """Return what a threshold would do, in Markdown."""
    attacks = connections * base_rate
    if not np.isfinite(result.alerts):
        return "These rows have no attacks or no benign traffic, so the effect of a threshold cannot be estimated."
    sentence = (
        f"Of {count(connections)} connections per day, {count(attacks)} of them attacks, about "
        f"**{count(result.alerts)} would raise an alert** ({' to '.join(map(count, result.alerts_within))})"
    )
    if result.alerts < 0.5:
        return (
            f"{sentence}: the detector raises no alert on these rows, and would miss {count(result.missed)} attacks "
            "per day. The most suspicious benign rows of the folds set the threshold, and hardly any row here exceeds "
            "it. (The ROC curve below takes its thresholds from these rows themselves, which nobody can do in advance.)"
        )
    one_in = f", one in {count(1 / result.precision)}" if 0 < result.precision < 0.5 else ""
    within = " to ".join(map(percent, result.precision_within))
    return (
        f"{sentence}. **{percent(result.precision)} of these alerts would be true** ({within}){one_in}. It would miss "
        f"{count(result.missed)} of the {count(attacks)} attacks."
    )


def count(number: float) -> str:
    """Return a number of things to two digits."""
    if not np.isfinite(number):
        return "–"
    if abs(number) < 100:
        return f"{number:.0f}" if number >= 10 or number == int(number) else f"{number:.2g}"
    digits = int(np.floor(np.log10(abs(number))))
    return f"{round(number, 1 - digits):,.0f}"


def percent(fraction: float) -> str:
    """Return a fraction in per cent, with two digits."""
    return f"{100 * fraction:.2g} %" if np.isfinite(fraction) and fraction < 0.995 else f"{100 * fraction:.3g} %"
