"""Removes training rows that lie among rows of other classes, once synthetic ones have been added."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nids.errors import UserError
from nids.folds.neighbors import NeighborsByCategory

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nids.config import Resampling

METHODS: tuple[Resampling, ...] = ("smote-tomek", "smote-enn")

# As in imbalanced-learn's SMOTEENN.
NEIGHBORS_OF_ENN = 3


def kept(
    real: np.ndarray,
    synthetic: np.ndarray,
    labels: np.ndarray,
    synthetic_labels: np.ndarray,
    classes: Sequence[str],
    numeric: int,
    method: Resampling,
) -> tuple[np.ndarray, np.ndarray]:
    """Return which rows of a training part are left, as imbalanced-learn's SMOTETomek and SMOTEENN clean.

    "smote-tomek" removes both rows of each Tomek link: two rows of different classes, each the nearest one of the
    other. "smote-enn" removes the rows of which one of the three nearest neighbours is of another class.

    Args:
        real: Encoded real rows, float of shape (real, width).
        synthetic: Encoded synthetic rows, float of shape (synthetic, width).
        labels: Classes of the real rows, int of shape (real,): positions in ``classes``.
        synthetic_labels: Classes of the synthetic rows, int of shape (synthetic,).
        classes: Names of the classes.
        numeric: Number of numeric columns; the others are one-hot.
        method: One of ``METHODS``.

    Returns:
        bool of shape (real,), and bool of shape (synthetic,).

    Raises:
        UserError: No real row of a class would be left.
    """
    rows, of_rows = np.vstack([real, synthetic]), np.concatenate([labels, synthetic_labels])
    left = (
        _outside_tomek_links(rows, of_rows, numeric) if method == "smote-tomek" else _among_own(rows, of_rows, numeric)
    )
    left_real, left_synthetic = np.split(left, [len(real)])
    if gone := sorted(set(labels.tolist()) - set(labels[left_real].tolist())):
        name, count = classes[gone[0]], np.count_nonzero(labels == gone[0])
        raise UserError(
            f'folds.resampling = "{method}" would remove all training rows of class {name} in a fold ({count}): each '
            'lies among rows of other classes. Use "smote", which removes none, or a larger folds.targets for it.'
        )
    return left_real, left_synthetic


def _outside_tomek_links(rows: np.ndarray, labels: np.ndarray, numeric: int) -> np.ndarray:
    from imblearn.under_sampling import TomekLinks  # a second to import, which trials need not wait for

    # The sampler itself compares every row with every other. A row is its own nearest neighbour, hence two.
    _, nearest = NeighborsByCategory(numeric=numeric).fit(rows).kneighbors(rows, 2)
    links: np.ndarray = TomekLinks.is_tomek(labels, nearest[:, 1], np.unique(labels))
    return ~links


def _among_own(rows: np.ndarray, labels: np.ndarray, numeric: int) -> np.ndarray:
    from imblearn.under_sampling import EditedNearestNeighbours

    nearest = NeighborsByCategory(numeric=numeric, n_neighbors=NEIGHBORS_OF_ENN + 1)
    sampler = EditedNearestNeighbours(sampling_strategy="all", n_neighbors=nearest)
    sampler.fit_resample(rows, labels)
    left = np.zeros(len(rows), dtype=bool)
    left[sampler.sample_indices_] = True
    return left
