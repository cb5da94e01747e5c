"""Strong models of tables and the spaces that they are tuned in: what a network has to beat."""

from __future__ import annotations

import importlib.util
import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from nids import foreign_json
from nids.search_space import holds
from nids.training.row_weights import WEIGHT_POWERS, row_weights

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np
    from sklearn.base import ClassifierMixin

    from nids.search_space import Space
    from nids.training.batches import TrainingRows

# The extra of this package that brings those which are not scikit-learn's.
FROM_EXTRA = "the extra 'boosting', which `make boosting` installs."


@dataclass(frozen=True, eq=False)
class TunedModel:
    """A model with hyperparameters to tune.

    Attributes:
        name: What it is called.
        package: Which package it comes from, by the name that it is imported by.
        space: What is tuned.
        start: The point that the tuning begins with.
        build: Returns an estimator of some of the package's hyperparameters, with a seed, that computes on one CPU.
    """

    name: str
    package: str
    space: Space
    start: Mapping[str, Any]
    build: Callable[[Mapping[str, Any], int], ClassifierMixin]

    @property
    def is_installed(self) -> bool:
        """Whether its package is."""
        return importlib.util.find_spec(self.package) is not None

    def weighted_like(self, space: Space) -> TunedModel:
        """Return the model with what a search's space has of the weights of rows to tune, in the same ranges."""
        powers = {name: domain for name, domain in space.items() if name in WEIGHT_POWERS}
        alike = {name: 0.0 for name, domain in powers.items() if holds(domain, 0.0)}
        return replace(self, space={**self.space, **powers}, start={**self.start, **alike})

    def estimator(self, hyperparameters: Mapping[str, Any], seed: int) -> ClassifierMixin:
        """Return an estimator, not yet trained, without the weights of rows that ``sample_weight_of`` is for."""
        return self.build({name: value for name, value in hyperparameters.items() if name not in WEIGHT_POWERS}, seed)

    def point_in(self, text: str) -> dict[str, Any] | None:
        """Return the point that JSON, which may be anybody's, describes; None if it is no point of the space.

        Without weights of rows, it is one at which all weigh alike.
        """
        try:
            point = foreign_json.parsed(text.encode())
        except ValueError:
            return None
        if not isinstance(point, dict):
            return None
        point = {**{name: 0.0 for name in WEIGHT_POWERS if name in self.space}, **point}
        if point.keys() != self.space.keys():
            return None
        return point if all(holds(self.space[name], value) for name, value in point.items()) else None


def sample_weight_of(hyperparameters: Mapping[str, Any], rows: TrainingRows) -> np.ndarray | None:
    """Return the weight of each training row, float32 of shape (rows,); None if hyperparameters ask for none."""
    powers = [hyperparameters.get(name, 0.0) for name in WEIGHT_POWERS]
    return row_weights(rows.labels, rows.types, *powers) if any(powers) else None


def _xgboost(hyperparameters: Mapping[str, Any], seed: int) -> ClassifierMixin:
    from xgboost import XGBClassifier

    return XGBClassifier(**hyperparameters, n_jobs=1, random_state=seed)


def _lightgbm(hyperparameters: Mapping[str, Any], seed: int) -> ClassifierMixin:
    from lightgbm import LGBMClassifier

    # Without a frequency, the share of rows has no effect.
    return LGBMClassifier(**hyperparameters, subsample_freq=1, n_jobs=1, random_state=seed, verbose=-1)


def _catboost(hyperparameters: Mapping[str, Any], seed: int) -> ClassifierMixin:
    from catboost import CatBoostClassifier

    return CatBoostClassifier(
        **hyperparameters, thread_count=1, random_seed=seed, verbose=False, allow_writing_files=False
    )


class _Perceptron(MLPClassifier):
    """scikit-learn's, whose number of epochs and batch size, as hyperparameters, are no limits to warn of."""

    def fit(self, rows: np.ndarray, labels: np.ndarray, sample_weight: np.ndarray | None = None) -> _Perceptron:
        self.set_params(batch_size=min(self.get_params()["batch_size"], len(rows)))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            super().fit(rows, labels, sample_weight)
        return self


def _perceptron(hyperparameters: Mapping[str, Any], seed: int) -> ClassifierMixin:
    options = dict(hyperparameters)
    layers = (options.pop("units"),) * options.pop("layers")
    return _Perceptron(hidden_layer_sizes=layers, **options, random_state=seed)


# Hyperparameters have the names that the package gives them. The ranges are around what the package's guide to tuning
# begins with; the starting points are what is known to be strong on traffic.

# What XGBoost and LightGBM call alike.
_OF_TREES: Space = {
    "n_estimators": IntDistribution(100, 600),
    # LightGBM's default of 0.001 lets a leaf with a few rows of a rare class have any output: training diverges.
    "min_child_weight": FloatDistribution(0.1, 10.0, log=True),
    "subsample": FloatDistribution(0.6, 1.0),
    "colsample_bytree": FloatDistribution(0.4, 1.0),
    "reg_lambda": FloatDistribution(0.1, 10.0, log=True),
}
_START_OF_TREES = {"min_child_weight": 1.0, "subsample": 1.0, "colsample_bytree": 1.0, "reg_lambda": 1.0}

TUNED_MODELS = {
    model.name: model
    for model in (
        TunedModel(
            "tuned XGBoost",
            "xgboost",
            {
                **_OF_TREES,
                "max_depth": IntDistribution(4, 10),
                "learning_rate": FloatDistribution(0.03, 0.3, log=True),
            },
            {**_START_OF_TREES, "n_estimators": 400, "max_depth": 8, "learning_rate": 0.1},
            _xgboost,
        ),
        TunedModel(
            "tuned LightGBM",
            "lightgbm",
            {
                **_OF_TREES,
                "num_leaves": IntDistribution(15, 127, log=True),
                "learning_rate": FloatDistribution(0.03, 0.2, log=True),
            },
            {**_START_OF_TREES, "n_estimators": 300, "num_leaves": 31, "learning_rate": 0.1},
            _lightgbm,
        ),
        TunedModel(
            "tuned CatBoost",
            "catboost",
            {
                "iterations": IntDistribution(300, 1000),
                "depth": IntDistribution(4, 8),
                "learning_rate": FloatDistribution(0.05, 0.3, log=True),
                "l2_leaf_reg": FloatDistribution(1.0, 10.0, log=True),
                "random_strength": FloatDistribution(0.1, 10.0, log=True),
            },
            # CatBoost's defaults; it chooses the learning rate by the number of rows and iterations, such as 0.11.
            {"iterations": 1000, "depth": 6, "learning_rate": 0.11, "l2_leaf_reg": 3.0, "random_strength": 1.0},
            _catboost,
        ),
        TunedModel(
            "tuned perceptron",
            "sklearn",
            {
                "layers": IntDistribution(1, 3),
                "units": CategoricalDistribution([64, 128, 256]),
                "learning_rate_init": FloatDistribution(2e-4, 1e-2, log=True),
                "batch_size": CategoricalDistribution([128, 256, 512]),
                "alpha": FloatDistribution(1e-6, 1e-2, log=True),
                "max_iter": IntDistribution(10, 40),
            },
            {
                "layers": 2,
                "units": 128,
                "learning_rate_init": 1e-3,
                "batch_size": 256,
                "alpha": 1e-4,
                "max_iter": 20,
            },
            _perceptron,
        ),
    )
}
