from __future__ import annotations

import io
import random
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nids.errors import DamagedFileError
from nids.results import parquet_files
from nids.results.parquet_files import read_table

MOST = 1 << 22

TABLE = pa.table(
    {
        "trial": pa.array([0, 1, None], pa.int32()),
        "state": ["COMPLETE", "", None],
        "unseen": [True, False, None],
        "value": [0.5, float("inf"), None],
        "ended": pa.array([0, 1, None], pa.timestamp("ms", tz="UTC")),
    }
)


def in_parquet(table: pa.Table, **options: Any) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, **options)
    return sink.getvalue()


@pytest.mark.parametrize("table", [TABLE, TABLE.slice(0, 0), pa.concat_tables([TABLE] * 900)])
@pytest.mark.parametrize("use_dictionary", [False, True])
def test_what_is_written_is_read(table: pa.Table, use_dictionary: bool) -> None:
    assert read_table(in_parquet(table, use_dictionary=use_dictionary), MOST).equals(table)


def test_tables_of_pandas_are_read() -> None:
    table = pd.DataFrame(
        {"file": ["a", "b"], "p": np.array([0.5, 0.25], np.float32), "kind": pd.Categorical(["x", "y"])}
    )
    sink = io.BytesIO()
    table.to_parquet(sink, index=False)
    pd.testing.assert_frame_equal(read_table(sink.getvalue(), MOST).to_pandas(), table)


def test_many_rows_of_one_value_are_refused_before_they_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    content = in_parquet(pa.table({"trial": np.zeros(1 << 20, np.int32)}))
    assert len(content) < 6_000
    monkeypatch.setattr(parquet_files, "_batches", None)
    with pytest.raises(ValueError, match=r"its 1,048,576 rows take more than 4 MiB"):
        read_table(content, MOST - 1)


@pytest.mark.parametrize("use_dictionary", [False, True])
def test_long_texts_are_refused(use_dictionary: bool) -> None:
    table = pa.table({"state": pa.repeat("a" * 100_000, 100)})
    content = in_parquet(table, use_dictionary=use_dictionary)
    assert len(content) < 600_000
    with pytest.raises(ValueError, match="its rows take more than 4 MiB"):
        read_table(content, MOST)
    assert read_table(content, 1 << 24).equals(table)


def test_lists_are_read() -> None:
    table = pa.table({"confusion": [[[1, 2], [3]], []], "attacks": [[{"attack": "smurf", "rows": 3}], []]})
    assert read_table(in_parquet(table), MOST).equals(table)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(in_parquet(TABLE, compression="zstd"), "packed in another way", id="zstd"),
        pytest.param(in_parquet(TABLE, compression="gzip"), "packed in another way", id="gzip"),
        pytest.param(in_parquet(pa.table({"a": [["b" * 9_999] * 999]})), "its 1 rows take more", id="list of texts"),
        pytest.param(in_parquet(pa.table({"a": [[0] * 600_000]})), "its 1 rows take more than 4 MiB", id="long list"),
    ],
)
def test_what_this_program_does_not_write_is_refused(content: bytes, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read_table(content, MOST)


@pytest.mark.parametrize(
    "type_",
    [
        *(pa.binary(), pa.large_binary(), pa.binary(100_000), pa.string_view(), pa.binary_view()),
        *(pa.large_list(pa.string()), pa.list_(pa.string(), 1), pa.list_(pa.binary()), pa.decimal128(5)),
        *(pa.map_(pa.string(), pa.string()), pa.dictionary(pa.int32(), pa.large_binary())),
        *(pa.struct({"a": pa.string()}), pa.list_(pa.struct({"a": pa.struct({"b": pa.string()})}))),
    ],
    ids=str,
)
def test_types_that_this_program_does_not_write_are_refused_before_they_are_read(
    type_: pa.DataType, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = in_parquet(pa.table({"trial": [1], "a": pa.nulls(1, type_)}))
    monkeypatch.setattr(parquet_files, "_batches", None)
    with pytest.raises(ValueError, match=r"its column a is of type .*, which no file of a run has"):
        read_table(content, MOST)


def test_any_bytes_are_a_table_or_an_error_that_is_expected() -> None:
    rng = random.Random(0)
    whole = in_parquet(TABLE)
    refused = 0
    for _ in range(400):
        content = bytearray(whole)
        for _ in range(rng.choice([1, 1, 3])):
            place = rng.randrange(len(content))
            content[place : place + rng.randrange(3)] = rng.randbytes(rng.randrange(3))
        try:
            read_table(bytes(content), MOST)
        except (pa.ArrowException, ValueError, OSError):
            refused += 1
    assert refused > 200


def test_parts_are_bounded_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_files, "LARGEST_TABLE", 3 * TABLE.nbytes)
    assert len([*parquet_files.bounded([TABLE] * 3, "run/trials")]) == 3
    with pytest.raises(DamagedFileError, match=r"^run/trials: its parts take more than"):
        list(parquet_files.bounded([TABLE] * 4, "run/trials"))
