from __future__ import annotations

import numpy as np
import pytest

from nids.errors import UserError
from nids.folds.undersampling import undersample

CLASSES = ("Normal", "DoS", "U2R")
TRAINING = np.arange(3, 303, 3, dtype=np.int32)
LABELS = np.repeat(np.array([0, 1, 0, 2], dtype=np.int8), [40, 30, 25, 5])


def test_named_classes_are_cut_down_and_the_others_left_alone() -> None:
    left, notes = undersample(TRAINING, LABELS, CLASSES, {"Normal": 20, "DoS": 7}, seed=1)
    of_left = LABELS[np.searchsorted(TRAINING, left)]
    assert np.bincount(of_left).tolist() == [20, 7, 5]
    assert (left.dtype, notes) == (np.int32, ())
    assert (np.diff(left) > 0).all()
    assert set(left) < set(TRAINING)
    # From all over the class, not its first rows.
    assert 0 < np.count_nonzero(left[of_left == 0] > TRAINING[70]) < 20


def test_the_seed_decides_which_rows_are_left() -> None:
    drawn = [undersample(TRAINING, LABELS, CLASSES, {"Normal": 20}, seed)[0].tolist() for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]


def test_a_class_with_fewer_rows_stays_as_it_is_and_a_note_says_so() -> None:
    left, notes = undersample(TRAINING, LABELS, CLASSES, {"U2R": 5}, seed=1)
    assert left is TRAINING
    assert notes == ("class U2R has 5 training rows in a fold: none is left out by folds.undersample.U2R, 5",)


def test_a_limit_for_an_unknown_class_is_refused() -> None:
    with pytest.raises(UserError) as caught:
        undersample(TRAINING, LABELS, CLASSES, {"normal": 20}, seed=1)
    assert str(caught.value) == "folds.undersample.normal: there is no such class; the classes are Normal, DoS, U2R."
