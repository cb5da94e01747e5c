from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from nids import datasets
from nids.config import Data, Folds
from nids.datasets.labels import LabelMap
from nids.datasets.schema import DatasetSpec
from nids.datasets.small_classes import in_words, reclassified, told, without_small_classes
from nids.datasets.source_file import SourceFile
from nids.datasets.traffic import only
from nids.errors import UserError
from nids.evaluation.held_out import read_held_out
from nids.folds import cache
from tests import timed_flows

if TYPE_CHECKING:
    from pathlib import Path

    from nids.datasets.traffic import Traffic

MERGE = Data(dataset="nsl-kdd-sample", rows=240, small_classes="merge", smallest_class=20)
DROP = MERGE.model_copy(update={"small_classes": "drop"})


def counts(traffic: Traffic) -> dict[str, int]:
    of_class = np.bincount(traffic.label, minlength=len(traffic.dataset.classes))
    return dict(zip(traffic.dataset.classes, of_class.tolist(), strict=True))


def test_small_classes_are_kept_unless_asked(traffic: Traffic) -> None:
    assert without_small_classes(traffic, Data()) is traffic


def test_small_classes_are_merged_into_one(traffic: Traffic) -> None:
    before = counts(traffic)
    assert [name for name, count in before.items() if count < 20] == ["R2L", "U2R"]
    other = without_small_classes(traffic, MERGE)
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


def test_small_classes_are_dropped_with_their_rows(traffic: Traffic) -> None:
    before, label_map = counts(traffic), traffic.dataset.label_maps[0]
    left = without_small_classes(traffic, DROP)
    assert counts(left) == {name: before[name] for name in ("Normal", "DoS", "Probe")}
    small = {label: name for label, name in label_map.class_of_label.items() if name in ("R2L", "U2R")}
    assert left.dataset.label_maps[0].dropped == small
    assert left.dropped == {"R2L": before["R2L"], "U2R": before["U2R"]}
    large = ~traffic.attack.isin(small)
    pd.testing.assert_frame_equal(left.features, traffic.features[large].reset_index(drop=True))
    assert left.attack.tolist() == traffic.attack[large].tolist()
    assert left.label.tolist() == [left.dataset.label_maps[0].positions[attack] for attack in left.attack]
    assert told(traffic.dataset, left, DROP) == f"fewer than 20 rows, so dropped: {in_words(left.dropped)}"
    assert cache.key(left, Folds(), 0) != cache.key(traffic, Folds(), 0)
    assert DatasetSpec.from_json(left.dataset.to_json()) == left.dataset


def test_a_class_without_a_row_is_dropped_too(traffic: Traffic) -> None:
    others = only(traffic, traffic.label != traffic.dataset.classes.index("U2R"))
    left = without_small_classes(others, DROP)
    count = counts(traffic)["R2L"]
    assert told(traffic.dataset, left, DROP) == f"fewer than 20 rows, so dropped: R2L ({count} rows), U2R (0 rows)"


def test_dropping_leaves_a_class_of_attacks(traffic: Traffic) -> None:
    with pytest.raises(UserError, match=r"no class of attacks has as many as 1,000 rows, so data.small_classes = "):
        without_small_classes(traffic, Data(small_classes="drop", smallest_class=1000))


def test_rows_of_any_file_are_dropped_after_what_is_held_out_is_taken_from_it(tmp_path: Path) -> None:
    """Or the last rows in time, say, would be others in a search than in its evaluation."""
    rows = timed_flows.table()
    changes = ('group_column = "host"', 'hold_out = 0.3\nhold_out_by = "time"'), ('"time", "host"', '"time"')
    dataset = datasets.get(timed_flows.described(tmp_path, *changes, rows=rows))
    data = Data(dataset=str(tmp_path / "mine.toml"), small_classes="drop", smallest_class=5)
    searched = datasets.load_for(data, 0, tmp_path)
    assert (searched.dataset.classes, searched.dropped) == (("ok", "flood"), {})  # scans are among the last alone
    (judged,) = read_held_out(searched.dataset, data, 0, "to see", lambda access: None, tmp_path, searched.sha256)
    (all_of_them,) = read_held_out(dataset, data, 0, "to see", lambda access: None, tmp_path)
    assert judged.dropped == {"scan": int((rows["label"] == "scan").sum())}
    assert judged.attack.tolist() == [attack for attack in all_of_them.attack if attack != "scan"]
    again = datasets.load_for(data, 0, tmp_path, searched.dataset)
    assert cache.key(again, Folds(), 0) == cache.key(searched, Folds(), 0)


def test_a_held_out_file_needs_rows_that_can_be_judged(tmp_path: Path, traffic: Traffic) -> None:
    dropped = without_small_classes(traffic, DROP).dataset
    path = tmp_path / "u2r.csv"
    rows = traffic.features.assign(attack=traffic.attack)[traffic.label == traffic.dataset.classes.index("U2R")]
    rows.to_csv(path, index=False)
    dataset = replace(dropped, name="mine", files=(SourceFile("rest", "u2r.csv", role="held-out"),))
    with pytest.raises(UserError, match=r"all rows are of classes that the search dropped, U2R \(\d+ rows\), so none"):
        read_held_out(dataset, Data(), 0, "to see", lambda access: None, tmp_path)


@pytest.mark.parametrize("job", [MERGE, DROP])
def test_rows_that_are_so_classified_already_stay_as_they_are(traffic: Traffic, job: Data) -> None:
    """A run is reopened with the classes that it was begun with, whatever is small among them."""
    once = without_small_classes(traffic, job)
    again = datasets.load_for(job, 0, dataset=once.dataset)
    assert (again.dataset, again.dropped) == (once.dataset, once.dropped)
    np.testing.assert_array_equal(again.label, once.label)
    # So is the file that describes its rows compared with it.
    assert reclassified(traffic.dataset, job, once.dataset.classes) == once.dataset


def test_a_job_finds_its_rows_merged(traffic: Traffic) -> None:
    loaded = datasets.load_for(MERGE, 0)
    assert loaded.dataset == without_small_classes(traffic, MERGE).dataset


def test_benign_rows_are_never_merged(traffic: Traffic) -> None:
    other = without_small_classes(traffic, Data(small_classes="merge", smallest_class=1000))
    assert other.dataset.classes == ("Normal", "Other attacks")


def test_large_classes_are_left_alone(traffic: Traffic) -> None:
    assert without_small_classes(traffic, Data(small_classes="merge", smallest_class=12)) is traffic


@pytest.mark.parametrize("class_of", [None, {"a": "A", "b": "B", "0": "Benign", "x": "Other attacks"}])
def test_a_class_of_that_name_takes_the_others_in(traffic: Traffic, class_of: dict[str, str] | None) -> None:
    own = LabelMap("own", ("Other attacks", "A", "Benign", "B"), "Benign", class_of)
    label_map = reclassified(replace(traffic.dataset, label_maps=(own,)), MERGE, ["B"]).label_maps[0]
    assert label_map.classes == ("Other attacks", "Benign", "B")
    expected = {"A": "Other attacks", "B": "B", "Benign": "Benign", "Other attacks": "Other attacks"}
    if class_of:
        expected = {"a": "Other attacks", "b": "B", "0": "Benign", "x": "Other attacks"}
    assert label_map.class_of_label == expected
