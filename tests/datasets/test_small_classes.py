from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from nids import datasets
from nids.config import Data, Folds
from nids.datasets.labels import LabelMap
from nids.datasets.small_classes import merged, with_small_classes_merged
from nids.folds import cache

if TYPE_CHECKING:
    from nids.datasets.traffic import Traffic

MERGE = Data(dataset="nsl-kdd-sample", rows=240, small_classes="merge", smallest_class=20)


def counts(traffic: Traffic) -> dict[str, int]:
    of_class = np.bincount(traffic.label, minlength=len(traffic.dataset.classes))
    return dict(zip(traffic.dataset.classes, of_class.tolist(), strict=True))


def test_small_classes_are_kept_unless_asked(traffic: Traffic) -> None:
    assert with_small_classes_merged(traffic, Data()) is traffic


def test_small_classes_are_merged_into_one(traffic: Traffic) -> None:
    before = counts(traffic)
    assert [name for name, count in before.items() if count < 20] == ["R2L", "U2R"]
    other = with_small_classes_merged(traffic, MERGE)
    assert counts(other) == {
        **{name: before[name] for name in ("Normal", "DoS", "Probe")},
        "Other attacks": before["R2L"] + before["U2R"],
    }
    label_map = other.dataset.label_maps[0]
    assert (label_map.name, label_map.benign) == (traffic.dataset.label_maps[0].name, "Normal")
    # Also of the attack types that no row has: held-out rows may.
    assert {label for label, name in label_map.class_of_label.items() if name == "Other attacks"} == {
        label for label, name in traffic.dataset.label_maps[0].class_of_label.items() if name in ("R2L", "U2R")
    }
    assert other.label.tolist() == [label_map.positions[attack] for attack in traffic.attack]
    assert other.features is traffic.features
    assert cache.key(other, Folds(), 0) != cache.key(traffic, Folds(), 0)


def test_what_is_merged_already_stays_as_it_is(traffic: Traffic) -> None:
    """A run is reopened with the classes that it was begun with, whatever is small among them."""
    once = with_small_classes_merged(traffic, MERGE)
    again = datasets.load_for(MERGE, 0, dataset=once.dataset)
    assert again.dataset == once.dataset
    np.testing.assert_array_equal(again.label, once.label)
    # So is the file that describes its rows compared with it.
    assert merged(traffic.dataset, once.dataset.classes) == once.dataset


def test_a_job_finds_its_rows_merged(traffic: Traffic) -> None:
    loaded = datasets.load_for(MERGE, 0)
    assert loaded.dataset == with_small_classes_merged(traffic, MERGE).dataset


def test_benign_rows_are_never_merged(traffic: Traffic) -> None:
    other = with_small_classes_merged(traffic, Data(small_classes="merge", smallest_class=1000))
    assert other.dataset.classes == ("Normal", "Other attacks")


def test_large_classes_are_left_alone(traffic: Traffic) -> None:
    assert with_small_classes_merged(traffic, Data(small_classes="merge", smallest_class=12)) is traffic


@pytest.mark.parametrize("class_of", [None, {"a": "A", "b": "B", "0": "Benign", "x": "Other attacks"}])
def test_a_class_of_that_name_takes_the_others_in(traffic: Traffic, class_of: dict[str, str] | None) -> None:
    own = LabelMap("own", ("Other attacks", "A", "Benign", "B"), "Benign", class_of)
    label_map = merged(replace(traffic.dataset, label_maps=(own,)), ["B"]).label_maps[0]
    assert label_map.classes == ("Other attacks", "Benign", "B")
    expected = {"A": "Other attacks", "B": "B", "Benign": "Benign", "Other attacks": "Other attacks"}
    if class_of:
        expected = {"a": "Other attacks", "b": "B", "0": "Benign", "x": "Other attacks"}
    assert label_map.class_of_label == expected
