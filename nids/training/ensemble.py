"""Trained networks of one architecture as one detector: the mean of their probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

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


@dataclass(frozen=True, eq=False)
class Ensemble:
    """Networks that are ready to score.

    Attributes:
        model: What they are.
        dataset: The data set whose columns they read.
        encoding: The step from a row's features to their input.
        members: The networks.
    """

    model: ModelSpec
    dataset: DatasetSpec
    encoding: Encoding
    members: tuple[keras.Model, ...]

    @classmethod
    def from_weights(
        cls,
        dataset: DatasetSpec,
        encoding: Encoding,
        hp: TrainingHyperparameters,
        weights: Sequence[Mapping[str, np.ndarray]],
    ) -> Ensemble:
        """Return networks of some hyperparameters with the weights of each."""
        model = models.of(hp)
        members = []
        for values in weights:
            member = model.build(encoding.width, len(dataset.classes), model.architecture_of(hp), seed=0)
            for weight in member.weights:
                weight.assign(values[weight.path])
            members.append(member)
        return cls(model, dataset, encoding, tuple(members))

    def probabilities(self, features: pd.DataFrame) -> np.ndarray:
        """Return the mean of the members' class probabilities, float32 of shape (rows, classes).

        Args:
            features: Table with the data set's columns, as ``nids.datasets.traffic.Traffic`` has it.
        """
        return self.by_member(features).mean(axis=0)

    def by_member(self, features: pd.DataFrame) -> np.ndarray:
        """Return each member's class probabilities, float32 of shape (members, rows, classes)."""
        rows = compact(features, self.dataset)
        result = np.empty((len(self.members), len(rows), len(self.dataset.classes)), dtype=np.float32)
        for start in range(0, len(rows), VALIDATION_BATCH):
            numbers = np.arange(start, min(start + VALIDATION_BATCH, len(rows)))
            # One shape for all: another would be traced anew.
            batch = np.zeros((VALIDATION_BATCH, self.encoding.width), dtype=np.float32)
            batch[: len(numbers)] = self.encoding.transform(rows, numbers)
            inputs = self.model.shape(batch)
            for i, member in enumerate(self.members):
                result[i, numbers] = member.predict_on_batch(inputs)[: len(numbers)]
        return result
