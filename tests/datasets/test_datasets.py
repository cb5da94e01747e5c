"""Training rows in one file, in several, in a folder, or more of them than are wanted."""

from __future__ import annotations

import gzip
import re
import shutil
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
    from collections.abc import Callable
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


class TestHeldOutFiles:
    """Held-out files that a description names, which nothing but their place and content tells from training files."""

    @pytest.fixture
    def described(self, tmp_path: Path) -> Callable[[str], Path]:
        rows = table()
        for name, some in {"mon/conn": rows[:300], "fri/conn": rows[300:500], "all/a": rows[500:600]}.items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            some.to_csv(tmp_path / f"{name}.csv", index=False)
        proposed = propose([tmp_path / "mon"], "own", folder=tmp_path).text
        without = "".join(line for line in proposed.splitlines(keepends=True) if not line.startswith("hold_out = "))

        def write(files: str) -> Path:
            path = tmp_path / "own.toml"
            path.write_text(re.sub(r'training = \["mon"\]', files, without))
            return path

        return write

    @pytest.mark.parametrize("order", [0, 1])
    def test_files_of_one_name_are_told_apart_by_their_folders(
        self, order: int, described: Callable[[str], Path], tmp_path: Path
    ) -> None:
        lines = ['training = ["mon/conn.csv"]', 'held-out = ["fri/conn.csv"]']
        description = described("\n".join(lines[:: -1 if order else 1]))
        assert len(_rows(description).label) == 300
        assert len(_held_out(description).label) == 200
        (tmp_path / "fri" / "conn.csv").unlink()
        with pytest.raises(UserError, match=r"holds no fri/conn\.csv"):
            _held_out(description)

    @pytest.mark.parametrize("held_out", ["fri", "fri/conn.csv"])
    def test_a_held_out_folder_or_file_inside_a_training_folder_is_refused(
        self, held_out: str, described: Callable[[str], Path], tmp_path: Path
    ) -> None:
        (tmp_path / "all" / "fri").mkdir()
        (tmp_path / "fri" / "conn.csv").rename(tmp_path / "all" / "fri" / "conn.csv")
        description = described(f'training = ["all"]\nheld-out = ["all/{held_out}"]')
        with pytest.raises(UserError, match=f"^all/{held_out} is held out"):
            _rows(description)
        assert len(_held_out(description).label) == 200

    def test_a_copy_of_a_held_out_file_is_refused_wherever_it_is(
        self, described: Callable[[str], Path], tmp_path: Path
    ) -> None:
        shutil.copy(tmp_path / "fri" / "conn.csv", tmp_path / "all" / "copy.csv")
        for training in ("all", "all/copy.csv"):
            with pytest.raises(UserError, match=r"^fri is held out"):
                _rows(described(f'training = ["{training}"]\nheld-out = ["fri"]'))

    def test_the_same_content_does_not_count_twice(self, described: Callable[[str], Path], tmp_path: Path) -> None:
        with (tmp_path / "all" / "a.csv").open("rb") as file, gzip.open(tmp_path / "all" / "b.csv.gz", "wb") as packed:
            shutil.copyfileobj(file, packed)
        with pytest.raises(UserError, match=r"b\.csv\.gz: has the content of .*a\.csv, whose rows would count twice"):
            _rows(described('training = ["all"]'))
        (tmp_path / "all" / "b.csv.gz").unlink()
        assert len(_rows(described('training = ["all", "all/a.csv"]')).label) == 100


def test_the_last_rows_of_other_files_are_not_those_held_out(days: Path) -> None:
    description = _described(days / "a.csv", days / "b.csv.gz")
    description.write_text(description.read_text().replace("hold_out = 0.2", 'hold_out = 0.2\nhold_out_by = "time"'))
    spec, data = datasets.get(str(description)), Data(dataset=str(description))
    searched = _rows(description)

    def held_out(folder: Path | None) -> Traffic:
        (rows,) = read_held_out(spec, data, SEED, "to judge", lambda _: None, folder, searched.sha256)
        return rows

    assert len(held_out(None).label) == 100
    with pytest.raises(UserError, match="the files at hand are not those that were searched on"):
        held_out(days / "a.csv")
    with pytest.raises(UserError, match="one of 2 files of a, but hold_out_by"):
        datasets.load_for(Data(dataset=str(description), file="a.csv"), SEED)


def test_times_of_one_form_in_each_file_but_two_in_all_have_no_order(days: Path) -> None:
    rows = table()
    description = _described(days / "a.csv", days / "b.csv.gz")
    rows[300:500].assign(**{" Timestamp": np.arange(200)}).to_csv(days / "b.csv.gz", index=False)
    with pytest.raises(UserError, match=r"b\.csv\.gz has numbers in column Timestamp and a\.csv has dates"):
        _rows(description)
