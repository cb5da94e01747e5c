"""What trials are trained and validated on: the rows that all folds share, and what is of one fold alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from nids.folds.encoding import compact

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from nids.datasets.schema import DatasetSpec
    from nids.datasets.traffic import Traffic
    from nids.folds.encoding import CompactRows, Encoding


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """What all folds share, stored once.

    Attributes:
        rows: All rows of the training file, compact.
        labels: Their classes, int8 of shape (rows,): positions in ``dataset.classes``.
        attacks: Their attack types, int16 of shape (rows,): positions in ``attack_types``.
        attack_types: Names of the attack types, sorted; benign traffic has one too.
        dataset: The data set, with the one label map by which its rows are labelled.
    """

    rows: CompactRows
    labels: np.ndarray
    attacks: np.ndarray
    attack_types: tuple[str, ...]
    dataset: DatasetSpec

    @classmethod
    def from_traffic(cls, traffic: Traffic) -> TrainingSet:
        """Return the training set of labelled rows."""
        attack = pd.Categorical(traffic.attack)
        return cls(
            compact(traffic.features, traffic.dataset),
            traffic.label.astype(np.int8),
            attack.codes.astype(np.int16),
            tuple(map(str, attack.categories)),
            traffic.dataset,
        )


@dataclass(frozen=True, eq=False)
class Fold:
    """One fold: everything of it that is not shared with the others.

    Attributes:
        number: Position among the folds, from 0.
        training: Row numbers of the training part, int32, ascending; without those that undersampling or cleaning has
            removed.
        validation: Row numbers of the validation part, int32, ascending; it is never resampled.
        encoding: Fitted on the training part, after undersampling and before cleaning.
        synthetic: Encoded synthetic rows of the training part, float32 of shape (synthetic, width), sparse: most
            features of a row are 0. Within a class they stand in the order in which they were drawn, so that the
            first so many of them are a valid smaller sample.
        synthetic_labels: Their classes, int8 of shape (synthetic,), ascending.
        notes: What had to be adapted to small classes, and what the sides share or lack.
        withheld: Attack types that were kept out of the training part on purpose; all of their rows are validated on.
    """

    number: int
    training: np.ndarray
    validation: np.ndarray
    encoding: Encoding
    synthetic: csr_matrix
    synthetic_labels: np.ndarray
    notes: tuple[str, ...]
    withheld: tuple[str, ...] = ()
