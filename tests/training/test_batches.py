from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from nids.config import Folds
from nids.folds.build import build
from nids.folds.encoding import CompactRows
from nids.folds.fold import Fold, TrainingSet
from nids.folds.knots import column_knots
from nids.folds.split import split
from nids.training.batches import TrainingRows, ValidationRows
from nids.training.row_weights import NO_TYPE

if TYPE_CHECKING:
    from nids.datasets.traffic import Traffic

TARGETS = {"R2L": 18, "U2R": 13}


@pytest.fixture(scope="module")
def training_set(traffic: Traffic) -> TrainingSet:
    """With read-only arrays, as they come from shared memory."""
    training_set = TrainingSet.from_traffic(traffic)
    training_set.labels.flags.writeable = False
    training_set.rows.numeric.flags.writeable = False
    training_set.rows.codes.flags.writeable = False
    return training_set


@pytest.fixture(scope="module")
def fold(training_set: TrainingSet, traffic: Traffic) -> Fold:
    folds = Folds(count=3, targets=TARGETS)
    fold = build(training_set, 0, split(traffic, folds, seed=0)[0], folds, seed=0)
    for array in (fold.training, fold.validation, fold.synthetic_labels, fold.synthetic.data, fold.synthetic.indices):
        array.flags.writeable = False
    return fold


def test_training_rows_are_the_real_ones_and_then_the_synthetic_ones(training_set: TrainingSet, fold: Fold) -> None:
    rows = TrainingRows(training_set, fold, fold.encoding.width)
    real = fold.encoding.transform(training_set.rows, fold.training)
    np.testing.assert_array_equal(rows.encoded(np.arange(len(rows))), np.vstack([real, fold.synthetic.toarray()]))
    np.testing.assert_array_equal(
        rows.labels, np.concatenate([training_set.labels[fold.training], fold.synthetic_labels])
    )
    np.testing.assert_array_equal(
        rows.types, np.concatenate([training_set.attacks[fold.training], np.full(len(fold.synthetic_labels), NO_TYPE)])
    )
    assert len(rows) == len(rows.labels) == len(fold.training) + len(fold.synthetic_labels)
    assert rows.labels.dtype == np.int8


def test_rows_come_in_the_order_asked_for(training_set: TrainingSet, fold: Fold) -> None:
    rows = TrainingRows(training_set, fold, fold.encoding.width)
    everything = rows.encoded(np.arange(len(rows)))
    positions = np.random.default_rng(0).permutation(len(rows))[:50]
    np.testing.assert_array_equal(rows.encoded(positions), everything[positions])


@pytest.mark.parametrize(
    ("ratio", "r2l", "u2r"),
    [
        pytest.param(0.0, 0, 0, id="none"),
        pytest.param(0.5, 5, 2, id="half, rounded to even"),
        pytest.param(0.9, 9, 4, id="most"),
        pytest.param(1.0, 10, 5, id="all"),
    ],
)
def test_the_ratio_takes_the_first_rows_of_each_class(
    training_set: TrainingSet, fold: Fold, ratio: float, r2l: int, u2r: int
) -> None:
    assert np.bincount(fold.synthetic_labels).tolist() == [0, 0, 0, 10, 5]
    rows = TrainingRows(training_set, fold, fold.encoding.width, ratio)
    real = len(fold.training)
    np.testing.assert_array_equal(rows.labels[real:], [3] * r2l + [4] * u2r)
    expected = np.vstack([fold.synthetic[:r2l].toarray(), fold.synthetic[10 : 10 + u2r].toarray()])
    np.testing.assert_array_equal(rows.encoded(np.arange(real, len(rows))), expected)


def test_an_epoch_is_a_shuffle_in_batches_of_one_shape(training_set: TrainingSet, fold: Fold) -> None:
    rows = TrainingRows(training_set, fold, fold.encoding.width)
    batches = list(rows.batches(32, seed=5))
    assert len(batches) == len(rows) // 32
    assert {batch.shape for batch, _ in batches} == {(32, fold.encoding.width)}
    assert {batch.dtype.name for batch, _ in batches} == {"float32"}
    assert (rows.labels.dtype.name, rows.types.dtype.name) == ("int8", "int16")

    order = np.random.default_rng(5).permutation(len(rows))[: 32 * len(batches)]
    np.testing.assert_array_equal(np.concatenate([batch for batch, _ in batches]), rows.encoded(order))
    np.testing.assert_array_equal(np.concatenate([positions for _, positions in batches]), order)


def test_the_seed_decides_the_order(training_set: TrainingSet, fold: Fold) -> None:
    rows = TrainingRows(training_set, fold, fold.encoding.width)
    first, again, other = (next(rows.batches(64, seed))[0] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_batch_is_no_larger_than_the_fold(training_set: TrainingSet, fold: Fold) -> None:
    rows = TrainingRows(training_set, fold, fold.encoding.width)
    ((batch, positions),) = rows.batches(10_000, seed=0)
    assert batch.shape == (len(rows), fold.encoding.width)
    assert sorted(positions) == [*range(len(rows))]


def test_a_wider_model_sees_zeros_after_the_features_of_the_fold(training_set: TrainingSet, fold: Fold) -> None:
    width = fold.encoding.width
    rows = TrainingRows(training_set, fold, width + 3)
    encoded = rows.encoded(np.arange(len(rows)))
    np.testing.assert_array_equal(
        encoded[:, :width], TrainingRows(training_set, fold, width).encoded(np.arange(len(rows)))
    )
    assert not encoded[:, width:].any()
    batch, _ = next(ValidationRows(training_set, fold, width + 3).batches(10))
    assert batch.shape == (10, width + 3)
    assert not batch[:, width:].any()


@pytest.mark.parametrize("size", [7, 40, 80, 1000])
def test_validation_rows_come_in_order_as_batches_of_one_shape(
    training_set: TrainingSet, fold: Fold, size: int
) -> None:
    rows = ValidationRows(training_set, fold, fold.encoding.width)
    assert len(rows) == len(fold.validation) == 80
    batches = list(rows.batches(size))
    assert {batch.shape for batch, _ in batches} == {(min(size, 80), fold.encoding.width)}
    expected = fold.encoding.transform(training_set.rows, fold.validation)
    np.testing.assert_array_equal(np.concatenate([batch[:count] for batch, count in batches]), expected)
    assert not any(batch[count:].any() for batch, count in batches)
    np.testing.assert_array_equal(rows.labels, training_set.labels[fold.validation])


def test_knots_are_where_the_real_training_rows_have_their_values(training_set: TrainingSet, fold: Fold) -> None:
    width = fold.encoding.width
    knots = TrainingRows(training_set, fold, width).knots(16)
    numeric = fold.encoding.scale(training_set.rows, fold.training)
    np.testing.assert_array_equal(knots, column_knots(numeric, width, 16))
    # Neither what is validated on nor a synthetic row has a part in them.
    spoilt = training_set.rows.numeric.copy()
    spoilt[fold.validation] = 0.123
    rows = CompactRows(spoilt, training_set.rows.codes, training_set.rows.vocabularies)
    without = replace(fold, synthetic=fold.synthetic[:0], synthetic_labels=fold.synthetic_labels[:0])
    others = TrainingRows(replace(training_set, rows=rows), without, width).knots(16)
    np.testing.assert_array_equal(others, knots)
