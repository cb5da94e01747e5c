from __future__ import annotations

import struct
import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from nids.datasets.io.archive import container_of, data_path, is_archive, is_member, is_single
from nids.datasets.locate import is_data_file, locate
from nids.datasets.source_file import SourceFile
from nids.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

    from nids.datasets.schema import DatasetSpec


def archive(path: Path, *members: str) -> Path:
    with zipfile.ZipFile(path, "w") as opened:
        for member in members:
            opened.writestr(member, member)
    return path


def content_of(path: Path, dataset: DatasetSpec | None = None) -> str:
    return data_path(path, dataset).read_text(encoding="utf-8")


def test_an_archive_stands_for_its_only_file(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", "in/x.csv", "in/.hidden", "__MACOSX/in/._x.csv")
    assert content_of(path) == "in/x.csv"
    assert is_data_file(path)
    assert container_of(path) == tmp_path


def test_an_archive_stands_for_the_file_that_the_data_set_names(flows: DatasetSpec, tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", "readme.txt", "in/X.csv.zst", "other.csv")
    named = replace(flows, files=(SourceFile("x", "x.csv"), SourceFile("y", "y.csv", role="held-out")))
    assert content_of(path, named) == "in/X.csv.zst"
    assert not is_data_file(path)
    with pytest.raises(UserError) as refusal:
        data_path(path, flows)
    assert str(refusal.value) == (
        f"{path}: holds 3 files: readme.txt, in/X.csv.zst, other.csv. Name one of them, such as {path}/readme.txt."
    )
    with pytest.raises(UserError, match=r"holds no y\.csv"):
        locate(named, named.files[1], path)


def test_a_file_inside_an_archive_can_be_named(flows: DatasetSpec, tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", "x.csv", "in/y.csv")
    assert is_member(path / "in" / "y.csv")
    assert content_of(path / "in" / "y.csv") == "in/y.csv"
    assert is_data_file(path / "in" / "y.csv")
    assert container_of(path / "in" / "y.csv") == path
    with pytest.raises(UserError) as refusal:
        data_path(path / "y.csv", flows)
    assert str(refusal.value) == f"{path}: holds no y.csv, but x.csv, in/y.csv. Name one."


@pytest.mark.parametrize(
    ("members", "message"),
    [
        pytest.param(("[Content_Types].xml", "xl/workbook.xml"), "is a document of an office program", id="workbook"),
        pytest.param(("folder/",), "is a zip archive without files", id="empty"),
    ],
)
def test_an_archive_without_data_is_refused(members: tuple[str, ...], message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=message):
        data_path(archive(tmp_path / "a.zip", *members))


def test_other_paths_are_left_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("PK", encoding="utf-8")
    for path in (tmp_path / "x.csv", tmp_path / "missing.csv", tmp_path):
        assert data_path(path) == path


def test_a_member_that_asks_for_much_memory_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "flows.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as opened:
        opened.writestr("flows.csv", "flows")
    assert content_of(path) == "flows"
    monkeypatch.setattr("nids.datasets.io.archive.LARGEST_WINDOW", (1 << 23) - 1)  # it looks back 8 MiB
    with pytest.raises(UserError, match=r"flows\.zip: is damaged: flows\.csv takes more than 7 MiB to unpack"):
        data_path(path)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        pytest.param(b"PK\x01\x02\x14\x03\x14", b"PK\x01\x02\x14\x03\xef", "zip file version 23.9", id="version"),
        pytest.param("é".encode(), b"\xff\xff", "'utf-8' codec can't decode", id="name"),
        # A locator of ZIP64 that tells of two disks (APPNOTE.TXT 4.3.15).
        pytest.param(
            b"PK\x05\x06", struct.pack("<4sIQI4s", b"PK\x06\x07", 0, 0, 2, b"PK\x05\x06"), "disks", id="parts"
        ),
    ],
)
def test_an_archive_that_cannot_be_opened_is_damaged(tmp_path: Path, old: bytes, new: bytes, reason: str) -> None:
    path = archive(tmp_path / "a.zip", "é.csv")
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new))
    for named in (path, path / "é.csv"):
        with pytest.raises(UserError, match=rf"a\.zip.*: is damaged: .*{reason}.*\. Copy or download it again\."):
            data_path(named)
    assert is_archive(path)
    assert is_member(path / "é.csv")
    assert not is_single(path)
