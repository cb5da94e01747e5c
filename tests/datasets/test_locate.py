from __future__ import annotations

import bz2
import gzip
import hashlib
import os
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from nids.datasets.catalog.nsl_kdd import DATASET
from nids.datasets.fingerprints import combined, fingerprints
from nids.datasets.io.compression import unpacked
from nids.datasets.io.content import opened
from nids.datasets.io.stream import stream
from nids.datasets.locate import cache_folder, find, locate, not_found
from nids.errors import UserError

TRAIN = DATASET.file("KDDTrain+")


def archive(path, *members):
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as opened:
        for member in members:
            opened.writestr(member, member)


@pytest.mark.parametrize("name", ["KDDTrain+.txt", "KDDTrain+.txt.gz", "KDDTrain+.txt.zst", "nsl-kdd/KDDTrain+.TXT"])
def test_a_file_in_a_folder(tmp_path, name):
    (tmp_path / "nsl-kdd").mkdir()
    (tmp_path / name).touch()
    assert find(DATASET, TRAIN, tmp_path) == tmp_path / name


@pytest.mark.parametrize("name", ["NSL_KDD.zip", "nsl-kdd/NSL_KDD.ZIP"])
@pytest.mark.parametrize("member", ["KDDTrain+.txt", "NSL/deep/KDDTrain+.txt", "../../KDDTrain+.txt"])
def test_a_file_in_an_archive_in_a_folder(tmp_path, name, member):
    (tmp_path / "broken.zip").write_text("no archive")
    archive(tmp_path / name, "KDDTest+.txt", f"__MACOSX/._{TRAIN.filename}", member)
    before = set(tmp_path.parent.rglob("*"))
    assert find(DATASET, TRAIN, tmp_path).read_text() == member
    assert find(DATASET, TRAIN, tmp_path / name).read_text() == member
    assert set(tmp_path.parent.rglob("*")) == before, "an archive is read in place, nothing is unpacked"


def test_a_file_comes_before_an_archive(tmp_path):
    archive(tmp_path / "a.zip", "KDDTrain+.txt")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "KDDTrain+.txt").touch()
    assert find(DATASET, TRAIN, tmp_path) == tmp_path / "sub" / "KDDTrain+.txt"


@pytest.mark.parametrize("place", ["train.csv", "sub/train.csv.gz", "train.csv.bz2", "rows.zip"])
def test_a_published_file_is_found_by_its_content(tmp_path, place):
    content = b"some rows\n"
    file = replace(TRAIN, sha256=hashlib.sha256(content).hexdigest(), size=len(content))
    (tmp_path / "sub").mkdir()
    for name in ("another.csv", "sub/another.csv"):
        (tmp_path / name).write_text("else rows\n")
    (tmp_path / "damaged.csv.gz").write_bytes(gzip.compress(content)[:5] + len(content).to_bytes(4, "little"))
    assert find(DATASET, file, tmp_path) is None
    assert find(DATASET, replace(file, size=None), tmp_path) is None
    if place.endswith(".zip"):
        archive(tmp_path / place, content.decode())
    else:
        packed = {"gz": gzip.compress(content), "bz2": bz2.compress(content)}
        (tmp_path / place).write_bytes(packed.get(place.rpartition(".")[2], content))
    path = find(DATASET, file, tmp_path)
    assert path is not None
    with opened(path) as stored, unpacked(stored) as found:
        assert found.read() == content


def test_a_published_file_is_found_by_its_rows_in_another_form(tmp_path, line):
    rows = [line(count=str(i)) for i in range(5)]
    (tmp_path / "KDDTest+.txt").write_text("\n".join(rows))
    hashes = np.concatenate([fingerprints(chunk.table) for chunk in stream(tmp_path / "KDDTest+.txt", DATASET)])
    file = replace(TRAIN, rows=5, size=len("\n".join(rows)), features=combined(hashes))
    header = ",".join([*(column.name for column in DATASET.columns), "class", "level"])
    (tmp_path / "four.csv").write_text("\n".join([header, *rows[:4]]))
    (tmp_path / "else.csv").write_text("\n".join([header, *rows[:4], line(count="9")]))
    assert find(DATASET, file, tmp_path) is None, "nor one that is named as another published file"
    (tmp_path / "rows.csv").write_text("\n".join([header, *reversed(rows)]))
    assert find(DATASET, file, tmp_path) == tmp_path / "rows.csv"
    assert find(DATASET, file, tmp_path, any_form=False) is None
    assert find(DATASET, replace(file, features=""), tmp_path) is None


def test_a_folder_without_the_file(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "KDDTrain+.txt").touch()
    (tmp_path / "KDDTrain+_20Percent.txt").touch()
    assert find(DATASET, TRAIN, tmp_path) is None


def test_given_data_come_before_the_folder_of_the_environment_and_the_cache(tmp_path, monkeypatch):
    for folder in (cache_folder(DATASET), tmp_path / "environment", tmp_path / "given"):
        folder.mkdir(parents=True)
        (folder / "KDDTrain+.txt").touch()
    (tmp_path / "own.csv").touch()
    assert locate(DATASET, TRAIN) == cache_folder(DATASET) / "KDDTrain+.txt"
    monkeypatch.setenv("NIDS_DATA_DIR", str(tmp_path / "environment"))
    assert locate(DATASET, TRAIN) == tmp_path / "environment" / "KDDTrain+.txt"
    assert locate(DATASET, TRAIN, tmp_path / "given") == tmp_path / "given" / "KDDTrain+.txt"
    assert locate(DATASET, TRAIN, tmp_path / "own.csv") == tmp_path / "own.csv"


def test_the_cache_is_asked_for_what_the_folder_of_the_environment_lacks(tmp_path, monkeypatch):
    monkeypatch.setenv("NIDS_DATA_DIR", str(tmp_path))
    assert locate(DATASET, TRAIN) is None
    cache_folder(DATASET).mkdir(parents=True)
    (cache_folder(DATASET) / "KDDTrain+.txt").touch()
    assert locate(DATASET, TRAIN) == cache_folder(DATASET) / "KDDTrain+.txt"


def test_a_wrong_place_is_refused(tmp_path, monkeypatch):
    (tmp_path / "text.zip").write_text("no archive")
    remedy = "Give a data file, or a folder or zip archive that holds data files."
    with pytest.raises(UserError) as refusal:
        find(DATASET, TRAIN, tmp_path / "text.zip")
    assert str(refusal.value) == f"{tmp_path / 'text.zip'}: is not a zip archive. {remedy}"
    with pytest.raises(UserError) as refusal:
        locate(DATASET, TRAIN, tmp_path / "missing")
    assert str(refusal.value) == f"{tmp_path / 'missing'}: does not exist. {remedy}"
    with pytest.raises(UserError) as refusal:
        locate(DATASET, TRAIN, tmp_path)
    assert str(refusal.value) == (
        f"{tmp_path}: holds no KDDTrain+.txt. Give the data file itself, or a folder or zip with it."
    )
    monkeypatch.setenv("NIDS_DATA_DIR", str(tmp_path / "missing"))
    with pytest.raises(UserError, match="does not exist"):
        locate(DATASET, TRAIN)


def test_the_message_says_where_was_looked(tmp_path, monkeypatch):
    monkeypatch.setenv("NIDS_DATA_DIR", str(tmp_path))
    assert str(not_found(DATASET, TRAIN)) == (
        f"KDDTrain+.txt is not on this machine: looked in {tmp_path} and {cache_folder(DATASET)}. "
        "Run `nids data fetch nsl-kdd`, or set NIDS_DATA_DIR to a folder that holds the file."
    )


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="needs a folder that this user cannot read")
def test_a_folder_that_cannot_be_read(tmp_path):
    (tmp_path / "closed").mkdir(mode=0)
    with pytest.raises(UserError, match="cannot be read"):
        find(DATASET, TRAIN, tmp_path / "closed")
