from __future__ import annotations

import bz2
import gzip
import hashlib
import lzma
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from nids.datasets.io import compression
from nids.datasets.io.compression import unpacked
from nids.datasets.io.content import has_size, opened, sha256_of
from nids.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CONTENT = b"some rows\n" * 3_000


def zstd(content: bytes) -> bytes:
    packed: bytes = pa.compress(content, codec="zstd", asbytes=True)
    return packed


@pytest.mark.parametrize("compress", [bytes, gzip.compress, bz2.compress, lzma.compress, zstd])
def test_the_content_tells_how_it_is_compressed(compress: Callable[[bytes], bytes], tmp_path: Path) -> None:
    path = tmp_path / "rows"
    path.write_bytes(compress(CONTENT))
    with opened(path) as file, unpacked(file) as content:
        assert content.peek(4)[:4] == CONTENT[:4]
        assert content.read() == CONTENT
    assert sha256_of(path) == hashlib.sha256(CONTENT).hexdigest()
    assert [has_size(path, size) for size in (29_999, 30_000, 30_001)] == [False, True, False]


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress, zstd])
def test_several_in_a_row_are_one_content(compress: Callable[[bytes], bytes], tmp_path: Path) -> None:
    path = tmp_path / "rows"
    path.write_bytes(compress(CONTENT) + compress(CONTENT))
    with opened(path) as file, unpacked(file) as content:
        assert content.read() == 2 * CONTENT


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress, zstd])
def test_what_is_cut_off_or_spoilt_is_damaged(compress: Callable[[bytes], bytes], tmp_path: Path) -> None:
    path = tmp_path / "rows"
    packed = compress(CONTENT)
    for content in (packed[:-3], packed[:6] + b"\xff" * 20):
        path.write_bytes(content)
        with pytest.raises(UserError, match=r"rows: is damaged: .+ Copy or download it again\."):
            sha256_of(path)


def test_zeros_may_stand_between_compressed_files_and_after_them(tmp_path: Path) -> None:
    path = tmp_path / "rows"
    path.write_bytes((lzma.compress(CONTENT) + bytes(70_000)) * 2)
    with opened(path) as file, unpacked(file) as content:
        assert content.read() == 2 * CONTENT


def test_a_file_that_asks_for_much_memory_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "rows"
    path.write_bytes(lzma.compress(CONTENT, preset=9))  # which looks back 64 MiB
    assert sha256_of(path) == hashlib.sha256(CONTENT).hexdigest()
    monkeypatch.setattr(compression, "LARGEST_WINDOW", 1 << 25)
    with pytest.raises(UserError, match=r"rows: is damaged: it takes more than 32 MiB to unpack"):
        sha256_of(path)
