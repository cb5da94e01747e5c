from __future__ import annotations

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from nids.folds.encoding import Encoding
from nids.folds.fold import TrainingSet
from nids.folds.neighbors import NeighborsByCategory


def rows_of(generator: np.random.Generator, count: int, categories: int) -> np.ndarray:
    """Return encoded rows: three numeric columns and one categorical feature."""
    one_hot = np.eye(categories, dtype=np.float32)[generator.integers(0, categories, count)]
    return np.hstack([generator.random((count, 3), dtype=np.float32), one_hot])


@pytest.mark.parametrize(
    ("count", "categories"),
    [
        pytest.param(200, 1, id="one category"),
        pytest.param(200, 4, id="neighbours among the own kind"),
        pytest.param(60, 40, id="kinds too small to hold the neighbours"),
    ],
)
def test_neighbours_are_as_near_as_those_of_the_full_search(count: int, categories: int) -> None:
    rows = rows_of(np.random.default_rng(0), count, categories)
    distances, positions = NeighborsByCategory(numeric=3, n_neighbors=6).fit(rows).kneighbors(rows)
    expected, _ = NearestNeighbors(n_neighbors=6, algorithm="brute").fit(rows).kneighbors(rows)
    np.testing.assert_allclose(distances, expected, atol=1e-6)
    real = np.linalg.norm(rows[:, None] - rows[positions], axis=2)
    np.testing.assert_allclose(real, expected, atol=1e-6)
    assert positions[:, 0].tolist() == list(range(count))
    assert all(len(set(found)) == 6 for found in positions.tolist())


def test_a_neighbour_of_another_kind_counts_where_the_own_kind_is_further_away() -> None:
    """Numeric columns alone can be further apart than a category."""
    rows = np.array([[0, 0, 0, 1, 0], [1, 1, 1, 1, 0], [0, 0, 0, 0, 1]], dtype=np.float32)
    found = NeighborsByCategory(numeric=3, n_neighbors=2).fit(rows).kneighbors(rows, return_distance=False)
    assert found.tolist() == [[0, 2], [1, 0], [2, 0]]


@pytest.mark.parametrize("asked", ["all", "interpolated"])
def test_interpolated_rows_have_neighbours_of_both_their_kinds(asked: str) -> None:
    """As SMOTE draws them: they are between two categories, and may be as near to a row as those of its own kind."""
    generator = np.random.default_rng(2)
    rows = np.hstack([rows_of(generator, 150, 4), rows_of(generator, 150, 3)[:, 3:]])
    share = generator.random((60, 1), dtype=np.float32)
    between = rows[:60] + share * (rows[60:120] - rows[:60])
    fitted = rows if asked == "interpolated" else np.vstack([rows, between])
    wanted = between if asked == "interpolated" else fitted
    distances, positions = NeighborsByCategory(numeric=3, n_neighbors=5).fit(fitted).kneighbors(wanted)
    expected, _ = NearestNeighbors(n_neighbors=5, algorithm="brute").fit(fitted).kneighbors(wanted)
    np.testing.assert_allclose(distances, expected, atol=1e-6)
    real = np.linalg.norm(wanted[:, None] - fitted[positions], axis=2)
    np.testing.assert_allclose(real, expected, atol=1e-6)


def test_other_rows_than_the_fitted_ones_can_be_asked_for() -> None:
    generator = np.random.default_rng(1)
    rows, asked = rows_of(generator, 100, 3), rows_of(generator, 7, 5)[:, :6]
    found = NeighborsByCategory(numeric=3).fit(rows).kneighbors(asked, 4, return_distance=False)
    expected = NearestNeighbors(algorithm="brute").fit(rows).kneighbors(asked, 4, return_distance=False)
    assert found.tolist() == expected.tolist()


def test_on_traffic(traffic: object) -> None:
    training_set = TrainingSet.from_traffic(traffic)  # type: ignore[arg-type]
    numbers = np.arange(len(training_set.rows))
    encoding = Encoding.fit(training_set.rows, numbers, training_set.dataset)
    rows = encoding.transform(training_set.rows, numbers)
    distances, _ = NeighborsByCategory(numeric=len(encoding.numeric), n_neighbors=6).fit(rows).kneighbors(rows)
    expected, _ = NearestNeighbors(n_neighbors=6, algorithm="brute").fit(rows).kneighbors(rows)
    np.testing.assert_allclose(distances, expected, atol=1e-6)
