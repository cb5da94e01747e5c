"""What a finalized trial says of rows that it was not trained on: the source of its thresholds and its calibration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from nids.detector.manifest import Calibration, Networks
from nids.metrics.calibration import fit_temperature, training_priors
from nids.metrics.detection import FALSE_POSITIVE_RATES, attack_scores, threshold_at
from nids.training.trial import FoldOfTrial

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nids.detector.manifest import Component
    from nids.folds.fold import Fold, TrainingSet


def out_of_fold(training_set: TrainingSet, folds: Sequence[Fold], probabilities: Sequence[np.ndarray]) -> pd.DataFrame:
    """Return the predictions for the rows that each fold's models were not trained on.

    Args:
        training_set: What the folds share.
        folds: The folds.
        probabilities: Of the validation rows of each fold, float32 of shape (rows, classes).

    Returns:
        Columns row (its number), fold, class and attack (names), unseen (whether the fold withheld the attack type),
        and p_<class> for each class, float32; sorted by row and fold.
    """
    classes = training_set.dataset.classes
    tables = []
    for fold, of_fold in zip(folds, probabilities, strict=True):
        attacks = np.array(training_set.attack_types)[training_set.attacks[fold.validation]]
        tables.append(
            pd.DataFrame(
                {
                    "row": fold.validation,
                    "fold": np.int32(fold.number),
                    "class": np.array(classes)[training_set.labels[fold.validation]],
                    "attack": attacks,
                    "unseen": np.isin(attacks, fold.withheld),
                    **probability_columns(of_fold, classes),
                }
            )
        )
    return pd.concat(tables, ignore_index=True).sort_values(["row", "fold"], ignore_index=True)


def known_rows(predictions: pd.DataFrame, classes: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return labels, int8, and probabilities, float32, of the rows whose attack type the fold's models had seen."""
    known = predictions[~predictions["unseen"]]
    labels = pd.Categorical(known["class"], list(classes)).codes.astype(np.int8)
    return labels, known[[f"p_{name}" for name in classes]].to_numpy()


def thresholds_of(predictions: pd.DataFrame, training_set: TrainingSet) -> dict[float, float]:
    """Return the threshold on the attack score for each of ``FALSE_POSITIVE_RATES``."""
    labels, probabilities = known_rows(predictions, training_set.dataset.classes)
    benign = training_set.dataset.benign_label
    scores = attack_scores(probabilities[labels == benign], benign)
    return {rate: threshold_at(scores, rate) for rate in FALSE_POSITIVE_RATES}


def calibration_of(
    predictions: pd.DataFrame, training_set: TrainingSet, all_rows: Fold, components: Sequence[Component]
) -> Calibration:
    """Return what the folds say of the probabilities of a detector that is trained on all rows.

    Args:
        predictions: As ``out_of_fold`` returns them.
        training_set: What the folds share.
        all_rows: The fold that the detector is trained on.
        components: What it consists of. The hyperparameters of networks decide how rows are resampled and weighed;
            boosted trees are trained on the rows as they are.
    """
    classes = training_set.dataset.classes
    natural = training_priors(np.bincount(training_set.labels, minlength=len(classes)))
    trained_on = np.zeros(len(classes))
    for component in components:
        shares = natural
        if isinstance(component, Networks):
            rows = FoldOfTrial.from_fold(training_set, all_rows, all_rows.encoding.width, component.hyperparameters)
            shares = training_priors(np.bincount(rows.training.labels, rows.weights, minlength=len(classes)))
        trained_on += component.weight * shares
    return Calibration(
        temperature=fit_temperature(*known_rows(predictions, classes)),
        trained_on=tuple(trained_on.tolist()),
        natural=tuple(natural.tolist()),
    )


def probability_columns(probabilities: np.ndarray, classes: Sequence[str]) -> dict[str, np.ndarray]:
    """Return the columns p_<class> of a table."""
    return {f"p_{name}": probabilities[:, i] for i, name in enumerate(classes)}
