"""What the folds and held-out files say of a detector."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from nids.detector.out_of_fold import known_rows, probability_columns
from nids.evaluation.evaluate import evaluate_traffic
from nids.metrics.calibration import expected_calibration_error, reliability
from nids.metrics.cross_validation import over_folds, validation_figures
from nids.metrics.judged_rows import JudgedRows
from nids.metrics.measures import figures_of
from nids.results.evaluation import ComponentEvaluation, CrossValidation, DetectorEvaluation, OutOfFold
from nids.training.ensemble import weighted_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nids.datasets.traffic import Traffic
    from nids.detector.bundle import Bundle
    from nids.folds.fold import Fold, TrainingSet
    from nids.metrics.evaluation import Figures


def judge(detector: Bundle, traffic: Traffic, training_set: TrainingSet) -> tuple[DetectorEvaluation, pd.DataFrame]:
    """Return the evaluation of a detector on held-out rows, and its predictions."""
    by_member = detector.ensemble.by_member(traffic.features)
    mean = weighted_mean(by_member, detector.ensemble.weights)
    table = pd.DataFrame(
        {
            "row": np.arange(len(mean), dtype=np.int32),
            "class": np.array(detector.classes)[traffic.label],
            "attack": traffic.attack.to_numpy(),
            **probability_columns(mean, detector.classes),
        }
    )
    thresholds = {str(rate): threshold for rate, threshold in detector.thresholds.items()}
    evaluation = evaluate_traffic(mean, traffic, training_set, thresholds)
    of_detector = DetectorEvaluation.model_validate(
        {
            **evaluation.model_dump(),
            "sha256": traffic.sha256,
            "members": [_figures(detector, traffic.label, member) for member in by_member],
            "calibrated": _calibrated(detector, traffic.label, mean),
        }
    )
    return of_detector, table


def judge_out_of_fold(detector: Bundle, predictions: pd.DataFrame) -> OutOfFold:
    """Return what the rows that a fold's models were not trained on say of the detector's calibration."""
    labels, probabilities = known_rows(predictions, detector.classes)
    return OutOfFold(rows=len(labels), calibrated=_calibrated(detector, labels, probabilities))


def judge_folds(
    training_set: TrainingSet, folds: Sequence[Fold], probabilities: Sequence[np.ndarray]
) -> CrossValidation:
    """Return the detector's figures by cross-validation: means over the folds, their spread, and each fold's own."""
    by_fold = [
        validation_figures(training_set, fold, of_fold) for fold, of_fold in zip(folds, probabilities, strict=True)
    ]
    return CrossValidation.model_validate(
        {
            "figures": over_folds(by_fold),
            "by_fold": [
                {
                    "fold": fold.number,
                    "confusion": result.pop("confusion"),
                    "attacks": result.pop("attacks"),
                    "figures": result,
                }
                for fold, result in zip(folds, by_fold, strict=True)
            ],
        }
    )


def judge_components(
    names: Sequence[str], weights: Sequence[float], by_fold: Sequence[Sequence[JudgedRows]]
) -> tuple[ComponentEvaluation, ...]:
    """Return what the folds say of each candidate alone.

    Args:
        names: What the candidates are called.
        weights: The share of each in the detector.
        by_fold: For each fold, what each of them makes of the validation rows.
    """
    return tuple(
        ComponentEvaluation(
            name=name, weight=weight, figures={**over_folds([figures_of(candidates[i]) for candidates in by_fold])}
        )
        for i, (name, weight) in enumerate(zip(names, weights, strict=True))
    )


def _calibrated(detector: Bundle, labels: np.ndarray, probabilities: np.ndarray) -> dict[str, Figures]:
    """Return the figures of probabilities as they are, and as each calibration makes them."""
    return {
        "as trained": _quality(detector, labels, probabilities),
        "temperature": _quality(detector, labels, detector.calibrated(probabilities)),
        "natural priors": _quality(detector, labels, detector.with_natural_priors(probabilities)),
    }


def _quality(detector: Bundle, labels: np.ndarray, probabilities: np.ndarray) -> Figures:
    table = reliability(labels, probabilities)
    return {
        **_figures(detector, labels, probabilities),
        "expected_calibration_error": expected_calibration_error(table),
    }


def _figures(detector: Bundle, labels: np.ndarray, probabilities: np.ndarray) -> Figures:
    return {**figures_of(JudgedRows.all_known(labels, probabilities, detector.benign))}
