"""Trained models as one detector: the mean of their probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from nids import models
from nids.folds.encoding import compact
from nids.training.trainer import VALIDATION_BATCH

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import keras
    import pandas as pd

    from nids.datasets.schema import DatasetSpec
    from nids.folds.encoding import Encoding
    from nids.models.base import ModelSpec
    from nids.models.hyperparameters import TrainingHyperparameters

# By their path in the model.
Weights = dict[str, np.ndarray]


class Member(Protocol):
    """A model that is ready to score."""

    def probabilities(self, encoded: np.ndarray) -> np.ndarray:
        """Return class probabilities, float32 of shape (rows, classes), of rows float32 of shape (rows, width)."""


@dataclass(frozen=True, eq=False)
class Network:
    """A trained network.

    Attributes:
        spec: What it is.
        model: It.
    """

    spec: ModelSpec
    model: keras.Model

    @classmethod
    def from_weights(
        cls, width: int, classes: int, hp: TrainingHyperparameters, weights: Mapping[str, np.ndarray]
    ) -> Network:
        """Return a network of some hyperparameters with the weights that it has learned."""
        spec = models.of(hp)
        model = spec.build(width, classes, spec.architecture_of(hp), seed=0)
        for weight in model.weights:
            weight.assign(weights[weight.path])
        return cls(spec, model)

    def probabilities(self, encoded: np.ndarray) -> np.ndarray:
        """Return class probabilities, as ``Member`` says."""
        return self.model.predict_on_batch(self.spec.shape(encoded))


@dataclass(frozen=True, eq=False)
class Ensemble:
    """Models that score together.

    Attributes:
        dataset: The data set whose columns they read.
        encoding: The step from a row's features to their input.
        members: The models.
        weights: Share of each in the probabilities; they add up to 1.
    """

    dataset: DatasetSpec
    encoding: Encoding
    members: tuple[Member, ...]
    weights: tuple[float, ...]

    @classmethod
    def of_networks(
        cls,
        dataset: DatasetSpec,
        encoding: Encoding,
        hp: TrainingHyperparameters,
        weights: Sequence[Mapping[str, np.ndarray]],
    ) -> Ensemble:
        """Return networks of some hyperparameters, each with what it has learned, that count alike."""
        classes = len(dataset.classes)
        members = tuple(Network.from_weights(encoding.width, classes, hp, values) for values in weights)
        return cls(dataset, encoding, members, (1 / len(members),) * len(members))

    def probabilities(self, features: pd.DataFrame) -> np.ndarray:
        """Return the weighted mean of the members' class probabilities, float32 of shape (rows, classes).

        Args:
            features: Table with the data set's columns, as ``nids.datasets.traffic.Traffic`` has it.
        """
        return weighted_mean(self.by_member(features), self.weights)

    def by_member(self, features: pd.DataFrame) -> np.ndarray:
        """Return each member's class probabilities, float32 of shape (members, rows, classes)."""
        rows = compact(features, self.dataset)
        result = np.empty((len(self.members), len(rows), len(self.dataset.classes)), dtype=np.float32)
        for start in range(0, len(rows), VALIDATION_BATCH):
            numbers = np.arange(start, min(start + VALIDATION_BATCH, len(rows)))
            # One shape for all: another would be traced anew.
            batch = np.zeros((VALIDATION_BATCH, self.encoding.width), dtype=np.float32)
            batch[: len(numbers)] = self.encoding.transform(rows, numbers)
            for i, member in enumerate(self.members):
                result[i, numbers] = member.probabilities(batch)[: len(numbers)]
        return result


def weighted_mean(probabilities: np.ndarray, weights: Sequence[float]) -> np.ndarray:
    """Return the mean of models' probabilities, float32 of shape (rows, classes).

    Args:
        probabilities: float32 of shape (models, rows, classes).
        weights: Share of each model; they add up to 1.
    """
    if len({*weights}) == 1:  # to the last bit what a mean is
        return probabilities.mean(axis=0)
    return np.tensordot(np.asarray(weights, dtype=np.float32), probabilities, axes=1)
