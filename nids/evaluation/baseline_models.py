"""Classical models on exactly a run's folds and encoding: what a search has to beat."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier

from nids.analysis.baselines import MAJORITY_CLASS
from nids.evaluation.tuned_models import TUNED_MODELS, sample_weight_of
from nids.metrics.cross_validation import validation_figures
from nids.training.batches import TrainingRows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sklearn.base import ClassifierMixin

    from nids.folds.fold import Fold, TrainingSet

# Each with scikit-learn's defaults, unless a comment says why not: nobody has tuned them, and they set the bar all the
# same. Those that are tuned are in ``nids.evaluation.tuned_models``.
MODELS: dict[str, Callable[[int], ClassifierMixin]] = {
    MAJORITY_CLASS: lambda _: DummyClassifier(strategy="prior"),
    # The default of 100 iterations ends before the solver has converged on these rows.
    "logistic regression": lambda seed: LogisticRegression(max_iter=1000, random_state=seed),
    "decision tree": lambda seed: DecisionTreeClassifier(random_state=seed),
    "random forest": lambda seed: RandomForestClassifier(n_jobs=1, random_state=seed),
    # Without regularization, the default, boosting diverges on some folds whose classes have few rows: on one of the
    # sample's, log-loss 8.4 instead of 0.04. 1 is the default of XGBoost (https://xgboost.readthedocs.io, "lambda").
    "gradient boosting": lambda seed: HistGradientBoostingClassifier(l2_regularization=1.0, random_state=seed),
}


@dataclass(frozen=True)
class Baseline:
    """A model, with or without the run's resampling.

    Attributes:
        model: One of ``MODELS`` or of ``nids.evaluation.tuned_models.TUNED_MODELS``.
        resampled: Whether it is trained on all synthetic rows too.
        hyperparameters: Those of a tuned model.
    """

    model: str
    resampled: bool
    hyperparameters: Mapping[str, Any] = field(default_factory=dict, compare=False)

    def estimator(self, seed: int) -> ClassifierMixin:
        """Return the model, not yet trained."""
        if self.model in MODELS:
            return MODELS[self.model](seed)
        return TUNED_MODELS[self.model].estimator(self.hyperparameters, seed)


@dataclass(frozen=True, eq=False)
class FittedBaseline:
    """A baseline trained on the training part of a fold.

    Attributes:
        baseline: Which one.
        fold: Number of the fold.
        figures: As ``nids.metrics.cross_validation.validation_figures`` gives them; of a fold without validation rows,
            nothing.
        probabilities: Of the validation rows, or of the other rows that were asked for, float32 of shape
            (rows, classes).
        seconds: Time that training took.
    """

    baseline: Baseline
    fold: int
    figures: dict[str, Any]
    probabilities: np.ndarray
    seconds: float


def baselines_of(resampling: str) -> list[Baseline]:
    """Return all baselines for a run, of which ``resampling`` is ``folds.resampling``."""
    resampled = [False] if resampling == "none" else [False, True]
    # What no row's features enter is not changed by more rows.
    return [Baseline(name, on) for name in MODELS for on in resampled if not (on and name == MAJORITY_CLASS)]


def fit(
    baseline: Baseline, training_set: TrainingSet, fold: Fold, seed: int, others: np.ndarray | None = None
) -> FittedBaseline:
    """Train a baseline on the training part of a fold, and judge it by the validation part.

    Args:
        baseline: The model.
        training_set: What the folds share.
        fold: The fold.
        seed: Seeds the model.
        others: Encoded rows to predict instead of the validation part, float32 of shape (rows, width).
    """
    rows = TrainingRows(training_set, fold, fold.encoding.width, resampling_ratio=1.0 if baseline.resampled else 0.0)
    started = time.perf_counter()
    # Not all models take labels that leave out a number.
    classes, labels = np.unique(rows.labels, return_inverse=True)
    weights = sample_weight_of(baseline.hyperparameters, rows)
    model = baseline.estimator(seed).fit(rows.encoded(np.arange(len(rows))), labels, sample_weight=weights)
    seconds = time.perf_counter() - started
    encoded = fold.encoding.transform(training_set.rows, fold.validation) if others is None else others
    probabilities = np.zeros((len(encoded), len(training_set.dataset.classes)), dtype=np.float32)
    probabilities[:, classes] = model.predict_proba(encoded)
    figures = validation_figures(training_set, fold, probabilities) if others is None else {}
    return FittedBaseline(baseline, fold.number, figures, probabilities, seconds)
