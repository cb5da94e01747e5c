from __future__ import annotations

import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from nids import datasets
from nids.config import Data
from nids.datasets.catalog.nsl_kdd import DATASET
from nids.errors import UserError
from nids.evaluation.held_out import read_held_out, refuse_if_missing

if TYPE_CHECKING:
    from pathlib import Path

    from nids.results import HeldOutAccess

SAMPLE = datasets.get("nsl-kdd-sample")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with rows under the names of all four files; they are no copies of the real ones."""
    monkeypatch.delenv("NIDS_DATA_DIR", raising=False)
    monkeypatch.setattr("nids.datasets.locate.cache_folder", lambda dataset: tmp_path / "no-cache")
    rows = datasets.load_training("nsl-kdd-sample", rows=80, seed=3)
    for i, file in enumerate(DATASET.files):
        table = rows.features.assign(attack=rows.attack).iloc[i:]
        table.to_csv(tmp_path / file.filename, header=False, index=False)
    return tmp_path


def test_both_files_are_read_once_the_look_is_recorded(folder: Path) -> None:
    accesses: list[HeldOutAccess] = []
    before = datetime.now(UTC)
    found = read_held_out(DATASET, Data(), seed=0, purpose="to see", record=accesses.append, folder=folder)
    assert [(traffic.source, len(traffic.label)) for traffic in found] == [("KDDTest+.txt", 78), ("KDDTest-21.txt", 77)]
    (access,) = accesses
    assert before <= access.time <= datetime.now(UTC)
    assert (access.purpose, access.files) == ("to see", ("KDDTest+", "KDDTest-21"))


def test_a_look_that_cannot_be_recorded_is_not_taken(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(access: HeldOutAccess) -> None:
        raise UserError("the run cannot be written to")

    monkeypatch.setattr("nids.evaluation.held_out.load", lambda *_: pytest.fail("the file was read"))
    with pytest.raises(UserError, match="the run cannot be written to"):
        read_held_out(DATASET, Data(), seed=0, purpose="to see", record=refuse, folder=folder)


def test_the_files_are_found_beside_the_training_file(folder: Path) -> None:
    found = read_held_out(DATASET, Data(), 0, "to see", lambda access: None, folder=folder / "KDDTrain+.txt")
    assert [traffic.source for traffic in found] == ["KDDTest+.txt", "KDDTest-21.txt"]


def test_the_files_are_found_in_the_archive_of_the_training_file_or_beside_it(folder: Path) -> None:
    with zipfile.ZipFile(folder / "all.zip", "w") as every, zipfile.ZipFile(folder / "one.zip", "w") as one:
        for file in DATASET.files:
            every.write(folder / file.filename, file.filename)
        one.write(folder / "KDDTrain+.txt", "mine.csv")
    for place in ("all.zip/KDDTrain+.txt", "one.zip"):
        found = read_held_out(DATASET, Data(), 0, "to see", lambda access: None, folder=folder / place)
        assert [traffic.source for traffic in found] == ["KDDTest+.txt", "KDDTest-21.txt"]


def test_a_missing_file_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse_if_missing(DATASET, Data(), folder)
    (folder / "KDDTest-21.txt").unlink()  # KDDTest+ has no column here that tells its rows
    with pytest.raises(UserError, match=r"holds no KDDTest-21\.txt"):
        refuse_if_missing(DATASET, Data(), folder)
    (folder / "KDDTest+.txt").unlink()
    with pytest.raises(UserError, match=r"holds no KDDTest\+\.txt"):
        refuse_if_missing(DATASET, Data(), folder)
    monkeypatch.setenv("NIDS_DATA_DIR", str(folder))
    with pytest.raises(UserError, match=r"KDDTest\+\.txt is not on this machine"):
        refuse_if_missing(DATASET, Data())


def test_a_file_that_is_a_part_of_another_is_taken_from_it(folder: Path) -> None:
    (folder / "KDDTest-21.txt").unlink()
    lines = (folder / "KDDTest+.txt").read_text().splitlines()
    difficulty = [21 if i % 3 == 0 else i % 21 for i in range(len(lines))]
    (folder / "KDDTest+.txt").write_text("".join(f"{line},{n}\n" for line, n in zip(lines, difficulty, strict=True)))
    accesses: list[HeldOutAccess] = []
    whole, part = read_held_out(DATASET, Data(), 0, "to see", accesses.append, folder)
    assert accesses[0].files == ("KDDTest+", "KDDTest-21")
    assert part.source == "KDDTest-21 of KDDTest+.txt"
    assert part.dataset == whole.dataset
    hard = [n != 21 for n in difficulty]
    pd.testing.assert_frame_equal(part.features, whole.features[hard].reset_index(drop=True))
    pd.testing.assert_series_equal(part.attack, whole.attack[hard].reset_index(drop=True))
    assert part.label.tolist() == whole.label[hard].tolist()


def test_generated_rows_are_judged_by_another_draw() -> None:
    accesses: list[HeldOutAccess] = []
    data = Data(dataset="nsl-kdd-sample", rows=300)
    refuse_if_missing(SAMPLE, data)
    (found,) = read_held_out(SAMPLE, data, seed=5, purpose="to see", record=accesses.append)
    searched = datasets.load_training("nsl-kdd-sample", rows=300, seed=5)
    assert len(found.label) == 300
    assert found.sha256 != searched.sha256
    assert accesses[0].files == ("another draw of nsl-kdd-sample",)


def test_a_share_of_the_training_file_is_held_out_where_no_file_is(folder: Path) -> None:
    dataset = replace(DATASET, files=DATASET.files[:1], hold_out=0.3)
    (found,) = read_held_out(dataset, Data(), 0, "to see", lambda access: None, folder)
    assert found.source == "30 % of KDDTrain+"
    searched = datasets.load_training(dataset, folder=folder)
    assert len(found.label) + len(searched.label) == 80
    assert 10 < len(found.label) < 40
    assert not set(found.features.itertuples(index=False, name=None)) & set(
        searched.features.itertuples(index=False, name=None)
    )
    assert searched.features.index.equals(pd.RangeIndex(len(searched.label)))


def test_a_data_set_that_holds_nothing_out_cannot_be_judged(folder: Path) -> None:
    with pytest.raises(UserError, match="nsl-kdd holds no rows out, so nothing can be judged by them"):
        refuse_if_missing(replace(DATASET, files=DATASET.files[:1]), Data(), folder)
