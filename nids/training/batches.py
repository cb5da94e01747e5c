"""A fold's rows as the batches that a model reads, gathered from shared memory when they are needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nids.folds.knots import column_knots
from nids.training.row_weights import NO_TYPE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nids.folds.fold import Fold, TrainingSet


class TrainingRows:
    """The training part of a fold, with as many of its synthetic rows as a trial asks for.

    Reading a batch copies that batch and no more: the fold itself stays in the one copy that a node holds.

    Args:
        width: Encoded features of a row as the model expects them; where the fold has fewer, zeros follow.

    Attributes:
        labels: Classes of all training rows, real ones first, int8 of shape (rows,).
        types: Their attack types, int16 of shape (rows,); synthetic rows have none.
    """

    def __init__(self, training_set: TrainingSet, fold: Fold, width: int, resampling_ratio: float = 1.0) -> None:
        self._training_set = training_set
        self._fold = fold
        self._width = width
        self._chosen = _first_of_each_class(fold.synthetic_labels, resampling_ratio)
        self.labels: np.ndarray = np.concatenate(
            [training_set.labels[fold.training], fold.synthetic_labels[self._chosen]]
        )
        without_type = np.full(len(self._chosen), NO_TYPE, np.int16)
        self.types: np.ndarray = np.concatenate([training_set.attacks[fold.training], without_type])

    def __len__(self) -> int:
        return len(self.labels)

    def encoded(self, positions: np.ndarray) -> np.ndarray:
        """Return the rows at some positions, float32 of shape (len(positions), width)."""
        real = positions < len(self._fold.training)
        rows = np.zeros((len(positions), self._width), dtype=np.float32)
        numbers = self._fold.training[positions[real]]
        filled = self._fold.encoding.width
        rows[real, :filled] = self._fold.encoding.transform(self._training_set.rows, numbers)
        synthetic = self._chosen[positions[~real] - len(self._fold.training)]
        rows[~real, :filled] = self._fold.synthetic[synthetic].toarray()
        return rows

    def knots(self, most: int) -> np.ndarray:
        """Return ``nids.folds.knots.column_knots`` of the real rows, at most so many a column."""
        numeric = self._fold.encoding.scale(self._training_set.rows, self._fold.training)
        return column_knots(numeric, self._width, most)

    def batches(self, size: int, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield one epoch of shuffled batches: rows, float32 of shape (size, width), and their positions.

        All batches have the same size, since another shape would be traced anew: the rows that do not fill a last
        batch are left out of this epoch, other ones each time.
        """
        size = min(size, len(self))
        order = np.random.default_rng(seed).permutation(len(self))
        for start in range(0, len(order) - size + 1, size):
            positions = order[start : start + size]
            yield self.encoded(positions), positions


class ValidationRows:
    """The validation part of a fold: real rows only.

    Args:
        width: As for ``TrainingRows``.

    Attributes:
        labels: Their classes, int8 of shape (rows,).
    """

    def __init__(self, training_set: TrainingSet, fold: Fold, width: int) -> None:
        self._training_set = training_set
        self._fold = fold
        self._width = width
        self.labels: np.ndarray = training_set.labels[fold.validation]

    def __len__(self) -> int:
        return len(self.labels)

    def batches(self, size: int) -> Iterator[tuple[np.ndarray, int]]:
        """Yield the rows in order, as batches of one shape: float32 of (size, width), and how many of them count.

        The last batch is filled up with zeros.
        """
        size = min(size, len(self))
        for start in range(0, len(self), size):
            numbers = self._fold.validation[start : start + size]
            rows = np.zeros((size, self._width), dtype=np.float32)
            encoded = self._fold.encoding.transform(self._training_set.rows, numbers)
            rows[: len(encoded), : encoded.shape[1]] = encoded
            yield rows, len(numbers)


def _first_of_each_class(labels: np.ndarray, ratio: float) -> np.ndarray:
    """Return the positions of the first ``ratio`` of each class's rows; ``labels`` are ascending."""
    _, starts, counts = np.unique(labels, return_index=True, return_counts=True)
    kept = np.rint(counts * ratio).astype(np.int64)
    parts = [np.arange(start, start + count) for start, count in zip(starts, kept, strict=True)]
    return np.concatenate([np.empty(0, np.int64), *parts])
