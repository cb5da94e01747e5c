"""Training rows in one file, in several, in a folder, or more of them than are wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from nids import datasets
from nids.config import Data
from nids.datasets.io import load
from nids.datasets.proposal import propose
from nids.datasets.sampling import ClassSample
from nids.datasets.traffic import only
from nids.errors import UserError
from nids.evaluation.held_out import read_held_out
from tests.own_flows import CLASSES, ROWS, table

if TYPE_CHECKING:
    from pathlib import Path

    from nids.datasets.traffic import Traffic

SEED = 5


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    """Return the description of all rows in one file."""
    table().to_csv(tmp_path / "flows.csv", index=False)
    return _described(tmp_path / "flows.csv")


@pytest.fixture
def days(tmp_path: Path) -> Path:
    """Return a folder with the same rows in files of three forms, and another file."""
    folder = tmp_path / "days"
    (folder / "later").mkdir(parents=True)
    rows = table()
    rows[:300].to_csv(folder / "a.csv", index=False)
    rows[300:500].to_csv(folder / "b.csv.gz", index=False)
    # In another order of the columns, and with numbers as numbers.
    later = rows[500:][[*reversed(rows.columns)]].astype({"Bytes/s ": float})
    later.to_parquet(folder / "later" / "c.parquet", index=False)
    (folder / "README.md").write_text("What these are.")
    return folder


def _described(*paths: Path) -> Path:
    description = paths[0].parent / f"{paths[0].stem}.toml"
    description.write_text(propose(paths, description.stem, folder=description.parent).text, encoding="utf-8")
    return description


def _rows(description: Path, rows_per_class: int | None = None, seed: int = SEED) -> Traffic:
    return datasets.load_for(Data(dataset=str(description), rows_per_class=rows_per_class), seed)


def _held_out(description: Path) -> Traffic:
    spec = datasets.get(str(description))
    (rows,) = read_held_out(spec, Data(dataset=str(description)), SEED, "to judge", lambda _: None)
    return rows


def test_a_folder_is_one_data_set(whole: Path, days: Path) -> None:
    description = _described(days)
    described = datasets.get(str(description))
    assert [file.filename for file in described.files] == ["days"]
    kinds = [(column.name, column.kind) for column in described.columns]
    assert kinds == [(column.name, column.kind) for column in datasets.get(str(whole)).columns]
    rows, expected = _rows(description), _rows(whole)
    pd.testing.assert_frame_equal(rows.features, expected.features)
    pd.testing.assert_series_equal(rows.attack, expected.attack)
    np.testing.assert_array_equal(rows.label, expected.label)
    assert (rows.source, expected.source) == ("days (3 files)", "flows.csv")
    assert rows.sha256 != expected.sha256
    assert datasets.available(Data(dataset=str(description)))
    held_out, same = _held_out(description), _held_out(whole)
    assert (held_out.source, same.source) == ("20 % of days", "20 % of flows.csv")
    pd.testing.assert_frame_equal(held_out.features, same.features)
    assert len(held_out.label) + len(rows.label) == ROWS


def test_files_that_are_named_are_one_data_set_or_one_of_them_is(days: Path) -> None:
    description = _described(days / "a.csv", days / "later" / "c.parquet")
    assert [file.filename for file in datasets.get(str(description)).files] == ["a.csv", "later/c.parquet"]
    both, one = _rows(description), datasets.load_for(Data(dataset=str(description), file="a.csv"), SEED)
    assert (both.source, one.source) == ("a (2 files)", "a.csv")
    assert _held_out(description).source == "20 % of a.csv, later/c.parquet"
    pd.testing.assert_frame_equal(both.features[: len(one.label)], one.features)
    description.write_text("parts = false\n" + description.read_text())
    assert _rows(description).source == "a.csv"


def test_a_fault_in_one_of_many_files_is_told_with_its_place(days: Path) -> None:
    description = _described(days)
    (days / "later" / "d.csv").write_text((days / "a.csv").read_text().replace("tcp", "tcp", 1) + "short,row\n")
    with pytest.raises(UserError, match=r"^d\.csv, line 302: found 2 columns, but line 1 has 11"):
        _rows(description)
    (days / "later" / "d.csv").unlink()
    for file in days.rglob("*.*"):
        file.unlink()
    with pytest.raises(UserError, match="holds no data files, whose names end in"):
        _rows(description)


def test_files_of_other_columns_are_not_described_together(days: Path) -> None:
    table().drop(columns="Share").to_csv(days / "d.csv", index=False)
    with pytest.raises(UserError, match=r"d\.csv: has no column Share, but .*a\.csv has\. Describe files of other"):
        _described(days)
    table().to_csv(days / "d.csv", index=False, sep=";")
    with pytest.raises(UserError, match=r"d\.csv: its values are separated by ';', but those of .*a\.csv by ','"):
        _described(days)


@pytest.mark.parametrize("most", [2, 50, ROWS])
def test_at_most_so_many_rows_of_each_class(most: int, whole: Path, days: Path) -> None:
    everything = _rows(whole)
    counts = np.bincount(everything.label)
    rows = _rows(whole, rows_per_class=most)
    assert np.bincount(rows.label).tolist() == np.minimum(counts, most).tolist()
    assert rows.source == f"flows.csv, at most {most} rows of a class"
    assert rows.sha256 not in (everything.sha256, _rows(whole, most, SEED + 1).sha256)
    # In the order of the file, and whatever the rows come in.
    merged = everything.features.reset_index().merge(rows.features, how="right")
    assert merged["index"].is_monotonic_increasing
    pd.testing.assert_frame_equal(_rows(_described(days), rows_per_class=most).features, rows.features)


def test_a_large_file_is_read_in_parts(whole: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at_once = _rows(whole), _rows(whole, rows_per_class=40), _held_out(whole)
    monkeypatch.setattr(load, "LARGEST_WHOLE", 1_000)
    monkeypatch.setattr("nids.datasets.io.stream.stream.__defaults__", (64,))
    for rows, expected in zip((_rows(whole), _rows(whole, rows_per_class=40), _held_out(whole)), at_once, strict=True):
        pd.testing.assert_frame_equal(rows.features, expected.features)
        np.testing.assert_array_equal(rows.label, expected.label)
        assert (rows.source, rows.sha256) == (expected.source, expected.sha256)


def test_each_row_is_as_likely_to_be_drawn(whole: Path) -> None:
    everything = _rows(whole)
    parts = [only(everything, np.arange(len(everything.label)) // 100 == i) for i in range(6)]
    drawn = np.zeros(len(everything.label))
    draws, most = 150, 20
    row_of = {share: i for i, share in enumerate(everything.features["Share"])}  # a different one in each row
    for seed in range(draws):
        sample = ClassSample(most, seed)
        for part in parts:
            sample.add(part)
        drawn[[row_of[share] for share in sample.traffic().features["Share"]]] += 1
    for label in range(len(CLASSES)):
        of_class = drawn[everything.label == label]
        expected = draws * most / len(of_class)
        # Of a binomial distribution, five standard deviations.
        assert np.abs(of_class - expected).max() < 5 * np.sqrt(expected * (1 - most / len(of_class)))
