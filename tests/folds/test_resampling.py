from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from imblearn.over_sampling import ADASYN, SMOTE, BorderlineSMOTE

from nids.config import Folds
from nids.errors import UserError
from nids.folds.encoding import Encoding
from nids.folds.fold import TrainingSet
from nids.folds.resampling import synthesize

if TYPE_CHECKING:
    from nids.datasets.traffic import Traffic

SEED = 11
CLASSES = ("Normal", "DoS", "Probe", "R2L", "U2R")


class Part:
    """The first rows of the sample as a training part."""

    def __init__(self, traffic: Traffic, rows: int = 200, **limits: int) -> None:
        training_set = TrainingSet.from_traffic(traffic)
        chosen = np.arange(rows)
        for name, limit in limits.items():
            of_class = np.flatnonzero(training_set.labels[chosen] == CLASSES.index(name))
            chosen = np.delete(chosen, of_class[limit:])
        self.training = chosen.astype(np.int32)
        self.labels = training_set.labels[self.training]
        self.rows = training_set.rows
        self.encoding = Encoding.fit(training_set.rows, self.training, training_set.dataset)
        self.encoded = self.encoding.transform(training_set.rows, self.training)

    @property
    def counts(self) -> np.ndarray:
        return np.bincount(self.labels, minlength=len(CLASSES))

    def resampled(self, **folds: Any) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
        return synthesize(self.rows, self.encoding, self.training, self.labels, CLASSES, Folds(**folds), SEED)


@pytest.fixture(scope="module")
def part(traffic: Traffic) -> Part:
    return Part(traffic)


@pytest.mark.parametrize(
    ("method", "sampler"),
    [
        pytest.param("smote", SMOTE(k_neighbors=4, random_state=SEED), id="smote"),
        pytest.param("borderline-smote", BorderlineSMOTE(k_neighbors=4, random_state=SEED), id="borderline-smote"),
        pytest.param("adasyn", ADASYN(sampling_strategy={1: 95, 2: 60}, n_neighbors=4, random_state=SEED), id="adasyn"),
    ],
)
def test_rows_are_those_of_imbalanced_learn(part: Part, method: str, sampler: Any) -> None:
    targets = {"DoS": 95, "Probe": 60} if method == "adasyn" else {}
    expected, expected_labels = sampler.fit_resample(part.encoded, part.labels)
    expected, expected_labels = expected[len(part.training) :], expected_labels[len(part.training) :]
    order = np.argsort(expected_labels, kind="stable")

    synthetic, labels, notes = part.resampled(resampling=method, k_neighbors=4, targets=targets)

    assert len(labels) > 0
    np.testing.assert_array_equal(labels, expected_labels[order])
    if method == "adasyn":  # its rows are mixed within each class
        assert not np.array_equal(synthetic, expected[order])
        synthetic, expected = (rows[np.lexsort((*rows.T, labels))] for rows in (synthetic, expected[order]))
        order = np.arange(len(labels))
    np.testing.assert_array_equal(synthetic, expected[order])
    assert (synthetic.dtype, labels.dtype, notes) == (np.float32, np.int8, ())


@pytest.mark.parametrize("method", ["smote", "smotenc"])
def test_without_targets_every_class_is_brought_to_the_largest_one(part: Part, method: str) -> None:
    _, labels, _ = part.resampled(resampling=method)
    np.testing.assert_array_equal(part.counts + np.bincount(labels, minlength=5), [part.counts.max()] * 5)


@pytest.mark.parametrize("method", ["smote", "smotenc"])
def test_targets_are_met_and_other_classes_left_alone(part: Part, method: str) -> None:
    _, labels, _ = part.resampled(resampling=method, targets={"U2R": 33, "R2L": 20, "Probe": int(part.counts[2])})
    expected = part.counts.copy()
    expected[[3, 4]] = [20, 33]
    np.testing.assert_array_equal(part.counts + np.bincount(labels, minlength=5), expected)


def test_smotenc_gives_whole_categories_and_numbers_within_the_training_range(part: Part) -> None:
    synthetic, labels, _ = part.resampled(resampling="smotenc")
    numeric = len(part.encoding.numeric)
    start = numeric
    for values in part.encoding.categories:
        columns = synthetic[:, start : start + len(values) + 1]
        assert set(np.unique(columns)) <= {0, 1}
        np.testing.assert_array_equal(columns.sum(axis=1), 1)
        start += len(values) + 1
    assert start == part.encoding.width
    for label in np.unique(labels):
        real = part.encoded[part.labels == label, :numeric]
        drawn = synthetic[labels == label, :numeric]
        assert (drawn >= real.min(axis=0) - 1e-6).all()
        assert (drawn <= real.max(axis=0) + 1e-6).all()


@pytest.mark.parametrize("method", ["smote", "smotenc", "borderline-smote"])
def test_the_same_seed_draws_the_same_rows(part: Part, method: str) -> None:
    first, again = (part.resampled(resampling=method)[0] for _ in range(2))
    assert first.tobytes() == again.tobytes()


def test_none_adds_nothing(part: Part) -> None:
    synthetic, labels, notes = part.resampled(resampling="none")
    assert (synthetic.shape, labels.shape, notes) == ((0, part.encoding.width), (0,), ())
    assert (synthetic.dtype, labels.dtype) == (np.float32, np.int8)


@pytest.mark.parametrize("method", ["smote", "smotenc", "borderline-smote"])
def test_a_class_with_fewer_rows_than_neighbours_is_resampled_with_fewer(traffic: Traffic, method: str) -> None:
    part = Part(traffic, U2R=4)
    synthetic, _, notes = part.resampled(resampling=method, k_neighbors=6, targets={"U2R": 12, "Probe": 60})
    assert len(synthetic) > 0
    assert notes == (
        "class U2R has 4 training rows in a fold: resampled with 3 neighbours instead of 6 (folds.k_neighbors)",
    )


def test_a_class_with_a_single_row_is_refused(traffic: Traffic) -> None:
    with pytest.raises(UserError) as caught:
        Part(traffic, U2R=1).resampled(resampling="smote")
    assert str(caught.value) == (
        "found 1 training row of class U2R in a fold, but resampling needs at least 2 to interpolate between. "
        "Use more rows, fewer folds (folds.count), folds.targets without this class, or no resampling."
    )


def test_a_class_with_a_single_row_is_no_obstacle_where_it_is_not_resampled(traffic: Traffic) -> None:
    _, labels, _ = Part(traffic, U2R=1).resampled(resampling="smote", targets={"R2L": 30})
    assert set(labels) == {3}


def test_a_target_below_the_present_size_is_refused(part: Part) -> None:
    with pytest.raises(UserError) as caught:
        part.resampled(resampling="smote", targets={"DoS": 5})
    assert str(caught.value) == (
        f"folds.targets.DoS is 5, but a fold's training part already has {part.counts[1]} rows of that class: "
        "resampling only adds rows, so the target must be at least that."
    )


def test_a_target_for_an_unknown_class_is_refused(part: Part) -> None:
    with pytest.raises(UserError) as caught:
        part.resampled(resampling="smote", targets={"R2L": 300, "u2r": 500})
    assert str(caught.value) == (
        "folds.targets.u2r: there is no such class; the classes are Normal, DoS, Probe, R2L, U2R. Without it: --set "
        "'folds.targets={\"R2L\" = 300}'."
    )


def test_rows_that_adasyn_cannot_resample_are_refused_with_a_way_out(traffic: Traffic) -> None:
    """A class that lies far from all others has no neighbour of another class."""
    part = Part(traffic)
    far = np.flatnonzero(part.labels == 4)
    part.rows.numeric[part.training[far]] += np.float32(100)
    part.encoding = Encoding.fit(part.rows, part.training, traffic.dataset)
    with pytest.raises(UserError, match=r'^folds.resampling = "adasyn" cannot resample these rows \(') as caught:
        part.resampled(resampling="adasyn", targets={"U2R": 40}, k_neighbors=2)
    assert 'Use "smote", which needs no neighbours of other classes.' in str(caught.value)


@pytest.mark.parametrize("scheme", ["time", "group"])
@pytest.mark.parametrize("targets", [{}, {"DoS": 10, "R2L": 30, "U2R": 30}])
def test_what_parts_by_time_or_group_lack_is_no_fault(traffic: Traffic, scheme: str, targets: dict[str, int]) -> None:
    part = Part(traffic, R2L=1, U2R=7 if not targets else 0)
    _, labels, notes = part.resampled(scheme=scheme, targets=targets, k_neighbors=4)
    expected = part.counts.copy()
    if not targets:
        expected[[1, 2, 4]] = part.counts.max()
    np.testing.assert_array_equal(part.counts + np.bincount(labels, minlength=5), expected)
    words = "in a fold: not resampled, as that takes at least 2"
    of_r2l, of_u2r = f"class R2L has 1 training row {words}", f"class U2R has 0 training rows {words}"
    assert notes == ((of_r2l, of_u2r) if targets else (of_r2l,))
