from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import StratifiedKFold

from nids import datasets, job_file
from nids.config import Folds
from nids.errors import UserError
from nids.folds.build import build, full_fold
from nids.folds.encoding import Encoding
from nids.folds.fold import Fold, TrainingSet
from nids.folds.split import split
from nids.training.batches import TrainingRows

if TYPE_CHECKING:
    from nids.datasets.traffic import Traffic

METHODS = [
    pytest.param(Folds(count=3, resampling="none"), id="none"),
    pytest.param(Folds(count=3, resampling="smote"), id="smote"),
    pytest.param(Folds(count=3, resampling="smotenc"), id="smotenc"),
    pytest.param(Folds(count=3, resampling="borderline-smote"), id="borderline-smote"),
    pytest.param(Folds(count=3, resampling="adasyn", targets={"DoS": 90, "Probe": 60}), id="adasyn"),
    pytest.param(Folds(count=3, targets={"R2L": 40, "U2R": 30}), id="targets"),
    pytest.param(Folds(count=3, resampling="smote-enn", undersample={"Normal": 60}), id="undersampled smote-enn"),
]


def bits(training_set: TrainingSet, fold: Fold) -> dict[str, Any]:
    """All that a model's training part is made of, as bytes and text."""
    training = TrainingRows(training_set, fold, fold.encoding.width)
    return {
        "numbers": fold.training.tobytes(),
        "encoding": fold.encoding.to_json(),
        "synthetic": [part.tobytes() for part in (fold.synthetic.data, fold.synthetic.indices, fold.synthetic.indptr)],
        "synthetic_labels": fold.synthetic_labels.tobytes(),
        "notes": fold.notes,
        "rows": training.encoded(np.arange(len(training))).tobytes(),
        "labels": training.labels.tobytes(),
    }


def changed(traffic: Traffic, numbers: np.ndarray) -> Traffic:
    """The same rows, but with every column of some of them far from what it was, and another class."""
    features = traffic.features.copy()
    for feature in traffic.dataset.columns:
        at = features.columns.get_loc(feature.name)
        if feature.kind == "categorical":
            # Sorts first, and so moves the codes of all others.
            features.iloc[numbers, at] = "aaa-never-seen"  # type: ignore[index]
        else:
            features.iloc[numbers, at] = features.iloc[numbers, at].to_numpy() * 1e6 + 1e15  # type: ignore[index, operator]
    label = traffic.label.copy()
    label[numbers] = (label[numbers] + 1) % len(traffic.dataset.classes)
    return replace(traffic, features=features, label=label)


def with_rows(traffic: Traffic, *copies: tuple[int, str]) -> Traffic:
    """The same rows, and after them copies of some, each under a class."""
    numbers = [number for number, _ in copies]
    labels = [traffic.dataset.classes.index(name) for _, name in copies]
    return replace(
        traffic,
        features=pd.concat([traffic.features, traffic.features.iloc[numbers]], ignore_index=True),
        attack=pd.concat([traffic.attack, traffic.attack.iloc[numbers]], ignore_index=True),
        label=np.concatenate([traffic.label, np.array(labels, dtype=np.int8)]),
    )


def only(traffic: Traffic, numbers: np.ndarray) -> Traffic:
    """Some of the rows."""
    return replace(
        traffic,
        features=traffic.features.iloc[numbers].reset_index(drop=True),
        attack=traffic.attack.iloc[numbers].reset_index(drop=True),
        label=traffic.label[numbers],
    )


@pytest.mark.slow
@pytest.mark.parametrize("folds", METHODS)
@pytest.mark.parametrize("number", range(3))
def test_no_validation_row_reaches_the_training_part(traffic: Traffic, folds: Folds, number: int) -> None:
    sides = split(traffic, folds, seed=0)[number]
    before, after = TrainingSet.from_traffic(traffic), TrainingSet.from_traffic(changed(traffic, sides.validation))
    assert not np.array_equal(before.rows.numeric[sides.validation], after.rows.numeric[sides.validation])
    assert bits(before, build(before, number, sides, folds, seed=0)) == bits(
        after, build(after, number, sides, folds, seed=0)
    )


def test_no_single_validation_row_reaches_the_training_part() -> None:
    traffic = datasets.load_training("nsl-kdd-sample", rows=75, seed=1)
    folds = Folds(count=3, targets={"U2R": 20})
    sides = split(traffic, folds, seed=0)[1]
    training_set = TrainingSet.from_traffic(traffic)
    expected = bits(training_set, build(training_set, 1, sides, folds, seed=0))
    for row in sides.validation:
        other = TrainingSet.from_traffic(changed(traffic, np.array([row])))
        assert bits(other, build(other, 1, sides, folds, seed=0)) == expected, row


def test_a_training_row_does_reach_it(traffic: Traffic) -> None:
    """Shows that the comparison above is able to fail, in each of its parts that a single row decides."""
    folds = Folds(count=3)
    sides = split(traffic, folds, seed=0)[0]
    training_set = TrainingSet.from_traffic(traffic)
    other = TrainingSet.from_traffic(changed(traffic, sides.training[:1]))
    ours = bits(training_set, build(training_set, 0, sides, folds, seed=0))
    theirs = bits(other, build(other, 0, sides, folds, seed=0))
    assert [key for key in ours if ours[key] != theirs[key]] == [
        "encoding",
        "synthetic",
        "synthetic_labels",
        "rows",
        "labels",
    ]


def test_every_row_is_validated_exactly_once(traffic: Traffic) -> None:
    splits = split(traffic, Folds(count=4), seed=0)
    validated = np.sort(np.concatenate([sides.validation for sides in splits]))
    np.testing.assert_array_equal(validated, np.arange(len(traffic.label)))
    for sides in splits:
        both = np.sort(np.concatenate([sides.training, sides.validation]))
        np.testing.assert_array_equal(both, np.arange(len(traffic.label)))
        for side in (sides.training, sides.validation):
            assert side.dtype == np.int32
            assert (np.diff(side) > 0).all()


def test_classes_have_their_shares_in_every_fold(traffic: Traffic) -> None:
    whole = np.bincount(traffic.label)
    for sides in split(traffic, Folds(count=4), seed=0):
        counts = np.bincount(traffic.label[sides.validation], minlength=len(whole))
        assert (np.abs(counts - whole / 4) < 1).all()


def test_without_duplicates_the_folds_are_those_of_scikit_learn(traffic: Traffic) -> None:
    assert not traffic.features.duplicated().any()
    theirs = StratifiedKFold(3, shuffle=True, random_state=7).split(traffic.label, traffic.label)
    for ours, (training, validation) in zip(split(traffic, Folds(count=3), seed=7), theirs, strict=True):
        np.testing.assert_array_equal(ours.training, training)
        np.testing.assert_array_equal(ours.validation, validation)


def test_identical_vectors_stay_on_one_side_even_with_conflicting_labels(traffic: Traffic) -> None:
    copies = [(number, name) for number in range(60) for name in ("Normal", "R2L")]
    traffic = with_rows(traffic, *copies)
    for sides in split(traffic, Folds(count=3), seed=0):
        training = traffic.features.iloc[sides.training]
        validation = traffic.features.iloc[sides.validation]
        assert validation.merge(training.drop_duplicates(), how="inner").empty


def test_conflicting_vectors_are_drawn_under_the_rarest_of_their_classes(traffic: Traffic) -> None:
    """Three vectors of U2R that stand among Normal too go to three folds, as three vectors of U2R do."""
    keep = np.flatnonzero(traffic.label != traffic.dataset.classes.index("U2R"))
    normal = np.flatnonzero(traffic.label == 0)[:3]
    without = only(traffic, keep)
    positions = np.searchsorted(keep, normal)
    traffic = with_rows(without, *((int(position), "U2R") for position in positions))
    u2r = traffic.dataset.classes.index("U2R")
    for sides in split(traffic, Folds(count=3), seed=0):
        assert np.count_nonzero(traffic.label[sides.validation] == u2r) == 1


@pytest.mark.slow
def test_the_same_seed_gives_the_same_folds_and_another_seed_others(traffic: Traffic) -> None:
    training_set, folds = TrainingSet.from_traffic(traffic), Folds(count=3)

    def made(seed: int) -> list[dict[str, Any]]:
        splits = split(traffic, folds, seed)
        return [bits(training_set, build(training_set, i, sides, folds, seed)) for i, sides in enumerate(splits)]

    once = made(0)
    assert made(0) == once
    others = made(1)
    assert all(one["numbers"] != other["numbers"] for one, other in zip(once, others, strict=True))


def test_the_seed_and_the_number_of_the_fold_decide_the_synthetic_rows(traffic: Traffic) -> None:
    training_set, folds = TrainingSet.from_traffic(traffic), Folds(count=3)
    sides = split(traffic, folds, seed=0)[0]
    drawn = [
        build(training_set, number, sides, folds, seed).synthetic.toarray() for number, seed in [(0, 0), (1, 0), (0, 1)]
    ]
    assert not np.array_equal(drawn[0], drawn[1])
    assert not np.array_equal(drawn[0], drawn[2])


def test_a_fold_keeps_its_sides_and_its_own_rows_only(traffic: Traffic) -> None:
    training_set, folds = TrainingSet.from_traffic(traffic), Folds(count=3)
    sides = split(traffic, folds, seed=0)[2]
    fold = build(training_set, 2, sides, folds, seed=0)
    assert fold.number == 2
    assert fold.training is sides.training
    assert fold.validation is sides.validation
    assert fold.synthetic.dtype == np.float32
    assert fold.synthetic.shape == (len(fold.synthetic_labels), fold.encoding.width)
    counts = np.bincount(np.concatenate([training_set.labels[fold.training], fold.synthetic_labels]))
    assert set(counts) == {np.bincount(training_set.labels[fold.training]).max()}


def test_classes_are_balanced_by_the_largest_one_that_undersampling_leaves(traffic: Traffic) -> None:
    training_set, folds = TrainingSet.from_traffic(traffic), Folds(count=3, undersample={"Normal": 30, "U2R": 90})
    sides = split(traffic, folds, seed=0)[2]
    fold = build(training_set, 2, sides, folds, seed=0)
    assert set(fold.training) < set(sides.training)
    assert fold.validation is sides.validation
    assert fold.encoding == Encoding.fit(training_set.rows, fold.training, training_set.dataset)
    counts = np.bincount(training_set.labels[sides.training])
    left = np.bincount(training_set.labels[fold.training])
    assert left.tolist() == [30, *counts[1:]]
    both = left + np.bincount(fold.synthetic_labels, minlength=5)
    assert both.tolist() == [left.max()] * 5
    assert fold.notes[0] == (
        f"class U2R has {counts[4]} training rows in a fold: none is left out by folds.undersample.U2R, 90"
    )


def test_the_training_set_is_what_all_folds_share(traffic: Traffic) -> None:
    training_set = TrainingSet.from_traffic(traffic)
    assert len(training_set.rows) == len(traffic.label)
    assert training_set.labels.dtype == np.int8
    np.testing.assert_array_equal(training_set.labels, traffic.label)
    assert training_set.dataset is traffic.dataset


def test_a_class_with_fewer_distinct_rows_than_folds_is_refused(traffic: Traffic) -> None:
    kept = np.concatenate([np.flatnonzero(traffic.label != 4), np.flatnonzero(traffic.label == 4)[:2]])
    few = only(traffic, kept)
    few = with_rows(few, (len(kept) - 1, "U2R"), (len(kept) - 1, "U2R"))  # four rows, but two distinct ones
    with pytest.raises(UserError) as caught:
        split(few, Folds(count=3), seed=0)
    assert str(caught.value) == (
        "found 2 distinct rows of class U2R in nsl-kdd-sample (synthetic, 240 rows, seed 0), but 3 folds "
        "(folds.count) need at least 3: one for each. Use fewer folds or more rows."
    )


def test_a_class_that_does_not_occur_is_no_obstacle(traffic: Traffic) -> None:
    kept = np.flatnonzero(traffic.label != 4)
    without = only(traffic, kept)
    training_set, folds = TrainingSet.from_traffic(without), Folds(count=3)
    fold = build(training_set, 0, split(without, folds, seed=0)[0], folds, seed=0)
    assert set(fold.synthetic_labels) == {1, 2, 3}


@pytest.mark.parametrize(
    ("targets", "added"),
    [
        pytest.param({"U2R": 20, "R2L": 30}, {"U2R": 20, "R2L": 30}, id="both-unmet"),
        pytest.param({"U2R": 20, "R2L": 10}, {"U2R": 20}, id="one-met-by-all-rows"),
        pytest.param({"U2R": 11}, {}, id="all-met"),
    ],
)
def test_all_rows_are_resampled_as_a_fold_is(traffic: Traffic, targets: dict[str, int], added: dict[str, int]) -> None:
    """A target may lie between the rows of a fold's training part and those of the whole file."""
    training_set, classes = TrainingSet.from_traffic(traffic), traffic.dataset.classes
    job = job_file.make({"name": "job", "folds": {"count": 3, "targets": targets}}, source="job.toml")
    counts = np.bincount(training_set.labels, minlength=5)
    build(training_set, 0, split(traffic, job.folds, seed=0)[0], job.folds, seed=0)  # in a fold, none is met
    everything = full_fold(training_set, job)
    np.testing.assert_array_equal(everything.training, np.arange(len(training_set.rows)))
    assert len(everything.validation) == 0
    synthetic = np.bincount(everything.synthetic_labels, minlength=5)
    assert synthetic.tolist() == [max(0, added.get(name, 0) - counts[i]) for i, name in enumerate(classes)]


def test_all_rows_are_undersampled_as_a_fold_is(traffic: Traffic) -> None:
    """A target that a fold's training part does not meet may be met by what undersampling leaves of all rows."""
    training_set = TrainingSet.from_traffic(traffic)
    targets = {"Probe": 40, "U2R": 20}
    of_job = {"count": 3, "targets": targets, "undersample": {"Normal": 50, "Probe": 40}}
    job = job_file.make({"name": "job", "folds": of_job}, source="job.toml")
    fold = build(training_set, 0, split(traffic, job.folds, seed=0)[0], job.folds, seed=0)
    everything = full_fold(training_set, job)
    assert {"Normal": 50, "Probe": 40, "U2R": 20}.items() <= counts_of(training_set, fold).items()
    assert {"Normal": 50, "Probe": 40, "U2R": 20}.items() <= counts_of(training_set, everything).items()
    assert len(everything.validation) == 0


def counts_of(training_set: TrainingSet, fold: Fold) -> dict[str, int]:
    rows = np.concatenate([training_set.labels[fold.training], fold.synthetic_labels])
    return dict(zip(training_set.dataset.classes, np.bincount(rows, minlength=5).tolist(), strict=True))
