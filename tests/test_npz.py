from __future__ import annotations

import io
import random
import warnings
import zipfile
from typing import TYPE_CHECKING

import numpy as np
import pytest

from nids import npz

if TYPE_CHECKING:
    from collections.abc import Callable

ARRAYS = {
    "numbers": np.arange(12, dtype=np.float32).reshape(3, 4).T,
    "flags": np.array([True, False]),
    "name": np.array("a task"),
    "none": np.empty((0, 5), np.int8),
}


def archive(members: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", method) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return sink.getvalue()


def array(header: str, content: bytes = b"", version: bytes = b"\x01\x00") -> bytes:
    size = len(header).to_bytes(2 if version == b"\x01\x00" else 4, "little")
    return b"\x93NUMPY" + version + size + header.encode("latin-1") + content


def claimed(shape: str, descr: str = "'<f4'", content: bytes = b"\0" * 16) -> bytes:
    return archive({"x.npy": array(f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}\n", content)})


def overlapping() -> bytes:
    """A thousand names of one array: the list of contents says where each begins."""
    name = "x000.npy"
    content = archive({name: array("{'descr': '|u1', 'fortran_order': False, 'shape': (90000,)}\n", b"\0" * 90_000)})
    start, end = content.index(b"PK\x01\x02"), content.index(b"PK\x05\x06")
    entries = b"".join(content[start:end].replace(b"x000", b"x%03d" % i) for i in range(1_000))
    count = (1_000).to_bytes(2, "little") * 2
    tail = content[end : end + 8] + count + len(entries).to_bytes(4, "little") + content[end + 16 :]
    return content[:start] + entries + tail


def test_what_is_written_is_read() -> None:
    read = npz.read(npz.to_bytes(ARRAYS))
    assert {name: (values.dtype, values.tolist()) for name, values in read.items()} == {
        name: (values.dtype, values.tolist()) for name, values in ARRAYS.items()
    }


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(lambda: b"", "holds no plain arrays", id="empty"),
        pytest.param(lambda: archive({"x.npy": bytes(10**6)}, zipfile.ZIP_DEFLATED), "is compressed", id="compressed"),
        pytest.param(overlapping, "claim to be larger than the file", id="overlapping"),
        pytest.param(lambda: claimed("(1099511627776,)"), "not that of its bytes", id="too long"),
        pytest.param(lambda: claimed("(-2, -2)"), "not that of its bytes", id="negative"),
        pytest.param(lambda: claimed("(3,)"), "not that of its bytes", id="too short"),
        pytest.param(lambda: claimed("(1099511627776,)", "'|S0'", b""), r"of type \|S0", id="of no size"),
        pytest.param(lambda: claimed("(2,)", "'|O'"), "of type object", id="objects"),
        pytest.param(lambda: claimed("(2,)", "[('a', '<f8')]"), "of type .*'a'", id="records"),
        pytest.param(lambda: claimed("(1.5,)"), "holds no plain arrays", id="half an element"),
        pytest.param(lambda: claimed("-" * 5_000 + "1"), "holds no plain arrays", id="deep header"),
        pytest.param(lambda: claimed("(4,)" + " " * 20_000), "holds no plain arrays", id="long header"),
        pytest.param(lambda: archive({"x.npy": array("{}", version=b"\x03\x00")}), "unknown format", id="version"),
    ],
)
def test_what_is_no_archive_of_plain_arrays_is_refused(content: Callable[[], bytes], words: str) -> None:
    with pytest.raises(npz.ArraysError, match=words):
        npz.read(content())


def test_two_arrays_of_one_name_are_refused() -> None:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(2):
            file.writestr("x.npy", b"")
    with pytest.raises(npz.ArraysError, match="the same name"):
        npz.read(sink.getvalue())


def test_any_bytes_are_arrays_or_one_error() -> None:
    rng = random.Random(0)
    whole = npz.to_bytes(ARRAYS)
    refused = 0
    for _ in range(1_000):
        content = bytearray(whole)
        for _ in range(rng.choice([1, 1, 3])):
            place = rng.randrange(len(content))
            content[place : place + rng.randrange(3)] = rng.randbytes(rng.randrange(3))
        try:
            npz.read(bytes(content))
        except npz.ArraysError:
            refused += 1
    assert refused > 500


def test_json_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    def held(text: bytes) -> np.ndarray:
        return np.frombuffer(text, np.uint8)

    assert npz.json_in(held(b'{"a": [1]}')) == {"a": [1]}
    for wrong in (held(b"{"), held(b"[" * 100_000), held(b"\xff"), np.zeros((2, 2), np.uint8), np.zeros(2)):
        with pytest.raises(npz.ArraysError):
            npz.json_in(wrong)
    monkeypatch.setattr(npz, "LARGEST_JSON", 9)
    with pytest.raises(npz.ArraysError, match="at most 9"):
        npz.json_in(held(b'{"a": [1]}'))
