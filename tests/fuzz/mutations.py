"""Inputs made from others: bytes are changed anywhere, and documents within their form, so that readers get further."""

from __future__ import annotations

import io
import json
import tomllib
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import tomli_w

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    Bytes = Callable[[bytes], bytes]

SEPARATOR = b"\0"  # after the name of the file that a content is for, where an input is one file of several
DEPTH = 2000  # more than the interpreter's stack holds
DEEPEST = 40  # of a change inside a document
TEXTS = (
    "",
    " ",
    "0",
    "-1",
    "nan",
    "1e400",
    "0x10",
    "\x1c0",
    "٣",
    "a" * 5000,
    "..",
    "../../x",
    "/etc/passwd",
    "C:\\x",
    "s3://bucket/x",
    "con\0trol",
    "\x1b]0;title\x07",
    "\x9b31m",
    "\u202eright to left",
    "\ud800",
    "[red]",
    "[/x]",
    "=1+1",
    "{}",
    "%s",
    "\r\n",
    "Infinity",
)
NUMBERS = (0, 1, -1, 2, 255, 256, 2**31 - 1, 2**31, 2**63 - 1, 2**63, 10**40, -(2**63), 0.5, 1e308, 1e-320)
SPECIAL = (float("nan"), float("inf"), float("-inf"))
TOKENS = (
    b"\0",
    b"\x1c",
    b"\x1d",
    b"\xa0",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\r",
    b"\n",
    b'"',
    b'""',
    b"'",
    b",",
    b";",
    b"\t",
    b"|",
    b"1e999",
    b"-0",
    b"1_0",
    b"nan",
    b"inf",
    b"{",
    b"[",
    b"]",
    b"}",
    b"@data",
    b"@attribute",
    b"#fields",
    b"#separator \\x09",
    b"PAR1",
    b"PK\x03\x04",
    b"\x1f\x8b\x08",
    b"BZh9",
    b"\xfd7zXZ\x00",
    b"\x28\xb5\x2f\xfd",
    b"\x93NUMPY",
    b"True",
    b"null",
)
TYPES: tuple[tuple[pa.DataType, Any], ...] = (
    (pa.int64(), 7),
    (pa.int8(), -1),
    (pa.uint64(), 2**64 - 1),
    (pa.float64(), float("nan")),
    (pa.float16(), np.float16(1)),
    (pa.bool_(), True),
    (pa.string(), "tcp"),
    (pa.large_string(), "\x1b[2J"),
    (pa.binary(), b"\xff\x00"),
    (pa.timestamp("ns"), 2**62),
    (pa.date32(), 10**6),
    (pa.duration("s"), 5),
    (pa.null(), None),
    (pa.list_(pa.int64()), [1]),
    (pa.struct([("a", pa.int64())]), {"a": 1}),
    (pa.dictionary(pa.int8(), pa.string()), "x"),
    (pa.decimal128(38, 2), None),
    (pa.map_(pa.string(), pa.int64()), [("a", 1)]),
)


def mutated(content: bytes, chance: random.Random, change_bytes: Bytes | None = None) -> bytes:
    """Return a content that differs.

    Args:
        content: Any; of JSON, TOML, Parquet and NumPy's arrays the form is seen, and mostly kept.
        chance: Decides.
        change_bytes: Changes bytes without a thought of their form; by default, ``changed_bytes`` does.
    """
    by_bytes = change_bytes or (lambda old: changed_bytes(old, chance))
    if chance.random() < 0.3:
        return by_bytes(content)
    for change in (_json, _toml, _parquet, _npy):
        try:
            changed = change(content, chance)
        except Exception:  # it is of another form, or the form cannot hold what was to go in
            continue
        if changed is not None:
            return changed
    return by_bytes(content)


def changed_bytes(content: bytes, chance: random.Random) -> bytes:
    """Return bytes with a few of them changed, left out, doubled, or with some that mean something between them."""
    changed = bytearray(content)
    for _ in range(chance.choice((1, 1, 2, 4))):
        at = chance.randrange(len(changed) + 1)
        end = min(len(changed), at + chance.choice((1, 1, 4, 64)))
        match chance.randrange(5):
            case 0:
                changed[at:end] = chance.randbytes(end - at)
            case 1:
                del changed[at:end]
            case 2:
                changed[at:at] = changed[at:end]
            case 3:
                changed[at:at] = chance.choice(TOKENS)
            case 4:
                changed[at:end] = chance.choice(TOKENS)
    return bytes(changed)


def changed_value(value: Any, chance: random.Random, depth: int = 0) -> Any:
    """Return a document in which something is of another value or type, is missing, or is new."""
    if isinstance(value, dict) and value and chance.random() < 0.9 and depth < DEEPEST:
        changed, key = dict(value), chance.choice([*value])
        match chance.randrange(12):
            case 0:
                del changed[key]
            case 1:
                changed[chance.choice(TEXTS)] = changed[key]
            case 2:
                changed[key] = chance.choice([*value.values()])
            case _:
                changed[key] = changed_value(value[key], chance, depth + 1)
        return changed
    if isinstance(value, list) and value and chance.random() < 0.9 and depth < DEEPEST:
        changed_list, at = [*value], chance.randrange(len(value))
        match chance.randrange(8):
            case 0:
                del changed_list[at]
            case 1:
                changed_list *= 2
            case 2:
                return []
            case _:
                changed_list[at] = changed_value(value[at], chance, depth + 1)
        return changed_list
    return _new_value(value, chance)


def _new_value(value: Any, chance: random.Random) -> Any:
    match chance.randrange(9):
        case 0:
            return None
        case 1:
            return chance.choice((True, False))
        case 2 | 3:
            return chance.choice(NUMBERS)
        case 4:
            return chance.choice(SPECIAL)
        case 5 | 6:
            return chance.choice(TEXTS)
        case 7:
            return chance.choice(([], {}, [value], {"": value}, [[[]]], {"a": {"a": 1}}))
        case _:
            return f"{value}{chance.choice(TEXTS)}"


def _json(content: bytes, chance: random.Random) -> bytes | None:
    value = json.loads(content)
    if chance.random() < 0.02:
        return b"[" * DEPTH + content + b"]" * DEPTH
    return json.dumps(changed_value(value, chance)).encode("utf-8", "surrogatepass")


def _toml(content: bytes, chance: random.Random) -> bytes | None:
    value = tomllib.loads(content.decode())
    if not value:
        return None
    if chance.random() < 0.02:
        return content + b"\nx = " + b"[" * DEPTH + b"]" * DEPTH
    return tomli_w.dumps(changed_value(value, chance)).encode()


def _parquet(content: bytes, chance: random.Random) -> bytes | None:
    if not content.startswith(b"PAR1"):
        return None
    table = pq.read_table(io.BytesIO(content)).slice(0, chance.choice((0, 1, 2, 300)))
    at = chance.randrange(table.num_columns)
    name = table.column_names[at]
    match chance.randrange(6):
        case 0:
            table = table.drop_columns(name)
        case 1:
            table = table.append_column(chance.choice((name, *TEXTS[:12])), table.column(at))
        case 2:
            type_ = table.column(at).type
            changed = [changed_value(each, chance) for each in table.column(at).to_pylist()]
            table = table.set_column(at, name, pa.array(changed, type_))
        case _:
            type_, value = chance.choice(TYPES)
            table = table.set_column(at, name, pa.array([value] * len(table), type_))
    sink = io.BytesIO()
    pq.write_table(table, sink, compression=chance.choice(("none", "snappy", "zstd")))
    return sink.getvalue()


def _npy(content: bytes, chance: random.Random) -> bytes | None:
    if not content.startswith(b"\x93NUMPY"):
        return None
    array = np.load(io.BytesIO(content), allow_pickle=False)
    match chance.randrange(6):
        case 0:
            array = array.astype(chance.choice(("i8", "i4", "f4", "f8", "u1", "?", "U3", "c8", ">i4", "M8[s]")))
        case 1:
            array = array[: chance.randrange(len(array) + 1)]
        case 2:
            array = array[None] if chance.random() < 0.5 else array.reshape(-1)
        case 3:  # a header that lies
            sink = io.BytesIO()
            shape = chance.choice(((2**40,), (-1,), (2**20, 2**20), (), (0, 7), (2**62, 2**62)))
            np.lib.format.write_array_header_1_0(
                sink, {"descr": chance.choice(("<f4", "<i8", "|O", "<U9")), "fortran_order": False, "shape": shape}
            )
            return sink.getvalue() + array.tobytes()[:100]
        case _:
            flat = array.copy().reshape(-1)
            if not len(flat):
                return None
            flat[chance.randrange(len(flat))] = chance.choice((-1, 0, 1, 2**30, 2**31 - 1, 127))
            array = flat.reshape(array.shape)
    sink = io.BytesIO()
    np.save(sink, array, allow_pickle=False)
    return sink.getvalue()
