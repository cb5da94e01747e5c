from __future__ import annotations

import io
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nids.parquet_texts import text_columns, text_lengths


@pytest.mark.parametrize("type_", [pa.string(), pa.large_string(), pa.binary(), pa.large_binary()], ids=str)
def test_the_lengths_of_texts_are_told_before_they_are_made(type_: pa.DataType) -> None:
    texts: list[Any] = ["x" * 100_000, None, "é", ""] * 1_000
    table = pa.table({"text": pa.array(texts, pa.string()).cast(type_), "number": list(range(4_000))})
    file = io.BytesIO()
    pq.write_table(table, file)
    assert len(file.getvalue()) < 200_000
    schema = pq.read_schema(file)
    assert text_columns(schema) == ["text"]
    file.seek(0)
    (batch,) = pq.ParquetFile(file, read_dictionary=text_columns(schema)).iter_batches(4_000)
    lengths, of_numbers = map(text_lengths, batch.columns)
    assert lengths is not None
    assert lengths.to_pylist() == [100_000, 0, 2, 0] * 1_000
    assert of_numbers is None
