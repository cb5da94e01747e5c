from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from nids import npz
from nids.config import Folds
from nids.folds import kept
from nids.folds.build import build
from nids.folds.fold import Fold, TrainingSet
from nids.folds.split import split

if TYPE_CHECKING:
    from collections.abc import Callable

    from nids.datasets.traffic import Traffic

    Arrays = dict[str, np.ndarray]


@pytest.fixture(scope="module")
def training_set(traffic: Traffic) -> TrainingSet:
    return TrainingSet.from_traffic(traffic)


@pytest.fixture(scope="module")
def fold(traffic: Traffic, training_set: TrainingSet) -> Fold:
    folds = Folds(count=2, targets={"R2L": 30, "U2R": 20})
    return build(training_set, 0, split(traffic, folds, seed=0)[0], folds, seed=0)


def put(name: str, place: Any, value: float) -> Callable[[Arrays], None]:
    def change(arrays: Arrays) -> None:
        arrays[name] = arrays[name].copy()
        arrays[name][place] = value

    return change


def make(name: str, how: Callable[[np.ndarray], np.ndarray]) -> Callable[[Arrays], None]:
    return lambda arrays: arrays.update({name: how(arrays[name])})


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(put("synthetic_indices", 0, 2**30), id="column far outside"),
        pytest.param(put("synthetic_indices", 3, 2**7), id="column outside"),
        pytest.param(put("synthetic_indices", 0, -1), id="column below 0"),
        pytest.param(put("synthetic_indptr", 1, 2**30), id="row outside"),
        pytest.param(put("synthetic_indptr", 1, -5), id="row below 0"),
        pytest.param(put("synthetic_indptr", 0, 1), id="first row"),
        pytest.param(put("synthetic_indptr", -1, 0), id="last row"),
        pytest.param(make("synthetic_indptr", lambda each: each[:0]), id="no rows"),
        pytest.param(make("synthetic_indices", lambda each: each[:-1]), id="fewer columns"),
        pytest.param(make("synthetic_indices", lambda each: each.astype(np.int16)), id="type of columns"),
        pytest.param(make("synthetic_data", lambda each: each.astype(np.float64)), id="type of values"),
        pytest.param(put("synthetic_data", 0, np.nan), id="no number"),
        pytest.param(put("synthetic_labels", -1, 5), id="class outside"),
        pytest.param(put("synthetic_labels", 0, -1), id="class below 0"),
        pytest.param(make("synthetic_labels", lambda each: each[::-1]), id="order of classes"),
        pytest.param(put("training", -1, 240), id="training row outside"),
        pytest.param(put("training", 0, -1), id="training row below 0"),
        pytest.param(put("training", 0, 2**31 - 1), id="order of rows"),
        pytest.param(make("validation", lambda each: each.reshape(1, -1)), id="shape of rows"),
        pytest.param(make("validation", lambda each: each.astype(np.int64)), id="type of rows"),
        pytest.param(lambda arrays: arrays.pop("validation"), id="an array is missing"),
    ],
)
def test_a_fold_that_leads_elsewhere_is_refused(
    change: Callable[[Arrays], object], training_set: TrainingSet, fold: Fold
) -> None:
    arrays, about = kept.fold_arrays(fold), kept.about_fold(fold)
    assert len(kept.fold_from(kept.to_bytes(arrays, about), 0, training_set).synthetic_labels) > 5
    change(arrays)
    with pytest.raises((ValueError, KeyError)):
        kept.fold_from(kept.to_bytes(arrays, about), 0, training_set)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"encoding": {}}, id="no encoding"),
        pytest.param({"encoding": []}, id="encoding of another type"),
        pytest.param({"notes": "a note"}, id="notes"),
        pytest.param({"withheld": ["other"]}, id="withheld"),
    ],
)
def test_what_a_fold_tells_of_itself_is_checked(changes: dict[str, Any], training_set: TrainingSet, fold: Fold) -> None:
    about = {**kept.about_fold(fold), **changes}
    with pytest.raises(ValueError, match="is not"):
        kept.fold_from(kept.to_bytes(kept.fold_arrays(fold), about), 0, training_set)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(put("codes", (0, 0), 2**30), id="category outside"),
        pytest.param(put("codes", (0, 1), -1), id="category below 0"),
        pytest.param(make("codes", lambda each: each[:, :2]), id="fewer categories"),
        pytest.param(make("codes", lambda each: each.astype(np.int64)), id="type of categories"),
        pytest.param(put("labels", 0, 5), id="class outside"),
        pytest.param(put("labels", 0, -1), id="class below 0"),
        pytest.param(make("labels", lambda each: each[:-1]), id="fewer rows"),
        pytest.param(put("attacks", 0, 2**10), id="attack outside"),
        pytest.param(make("attacks", lambda each: each[:-1]), id="fewer attacks"),
        pytest.param(put("numeric", (0, 0), np.inf), id="infinite"),
        pytest.param(put("numeric", (0, 0), np.nan), id="missing"),
        pytest.param(make("numeric", lambda each: each[:, 1:]), id="fewer numbers"),
    ],
)
def test_rows_that_lead_elsewhere_are_refused(change: Callable[[Arrays], object], training_set: TrainingSet) -> None:
    arrays, about = kept.training_set_arrays(training_set), kept.about_training_set(training_set, 2)
    same, folds = kept.training_set_from(kept.to_bytes(arrays, about), training_set.dataset)
    assert (len(same.labels), folds) == (240, 2)
    change(arrays)
    with pytest.raises(ValueError, match="is not what a fold has"):
        kept.training_set_from(kept.to_bytes(arrays, about), training_set.dataset)


@pytest.mark.parametrize("changes", [{"folds": 0}, {"folds": 1.5}, {"vocabularies": []}, {"attack_types": [1]}])
def test_what_the_rows_tell_of_themselves_is_checked(changes: dict[str, Any], training_set: TrainingSet) -> None:
    about = {**kept.about_training_set(training_set, 2), **changes}
    with pytest.raises(ValueError, match="is not"):
        kept.training_set_from(kept.to_bytes(kept.training_set_arrays(training_set), about), training_set.dataset)


def test_a_missing_number_is_sound_where_the_data_set_may_lack_it(training_set: TrainingSet) -> None:
    dataset = training_set.dataset
    first = dataset.numeric[0]
    columns = tuple(replace(each, missing=("",)) if each == first else each for each in dataset.columns)
    arrays = kept.training_set_arrays(training_set)
    numeric = np.column_stack([arrays["numeric"], np.zeros(240, np.float32)])
    numeric[7, [0, -1]] = np.nan, 1
    content = kept.to_bytes({**arrays, "numeric": numeric}, kept.about_training_set(training_set, 2))
    assert np.isnan(kept.training_set_from(content, replace(dataset, columns=columns))[0].rows.numeric[7, 0])
    numeric[7, -1] = 2
    content = kept.to_bytes({**arrays, "numeric": numeric}, kept.about_training_set(training_set, 2))
    with pytest.raises(ValueError, match="numeric is not"):
        kept.training_set_from(content, replace(dataset, columns=columns))


def test_other_bytes_are_refused(training_set: TrainingSet) -> None:
    with pytest.raises(npz.ArraysError):
        kept.training_set_from(b"PK", training_set.dataset)
