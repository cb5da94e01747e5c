from __future__ import annotations

import numpy as np

from nids.folds.knots import UNUSED, column_knots, knots_of


def test_knots_of_few_values_are_these() -> None:
    values = np.array([0.5, 0, 0.25, 0.5, 1], dtype=np.float32)
    assert knots_of(values, 4).tolist() == [0, 0.25, 0.5, 1]


def test_knots_of_many_values_are_quantiles_spaced_and_frequent_ones() -> None:
    chance = np.random.default_rng(0)
    values = np.concatenate([chance.random(1000) ** 4, np.full(300, 0.3125), [0, 1]]).astype(np.float32)
    knots = knots_of(values, 12)
    assert len(knots) <= 12
    assert (np.diff(knots) > 0).all()
    assert {0.0, 0.3125, 1.0} <= {*knots.tolist()}
    assert {*knots.tolist()} <= {*values.tolist()}
    assert (knots < np.median(values)).sum() >= 4  # where the rows are


def test_each_column_has_knots_of_its_own() -> None:
    numeric = np.array([[0.0, 0.5], [0.25, 0.5], [1.0, 0.5]], dtype=np.float32)
    knots = column_knots(numeric, width=3, most=4)
    assert knots.dtype == np.float32
    # Three values, one value alone, and a column of a category.
    np.testing.assert_array_equal(
        knots,
        np.array([[0, 0.25, 1, UNUSED], [0.5, UNUSED, UNUSED, UNUSED], [0, 1, UNUSED, UNUSED]], dtype=np.float32),
    )
