"""Files that someone made to do harm: the worst that they may bring about is one clear error."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import lzma
import random
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nids.datasets.column import Column
from nids.datasets.io import lines, parquet
from nids.datasets.io.archive import data_path
from nids.datasets.io.batches import text_batches
from nids.datasets.io.stream import stream
from nids.datasets.labels import LabelMap
from nids.datasets.schema import DatasetSpec
from nids.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DATASET = DatasetSpec(
    name="flows",
    columns=(
        Column("bytes", "count", missing=("?", "")),
        Column("rate", "real", missing=("NaN",)),
        Column("service", "categorical", missing=("",)),
        Column("port", "port"),
    ),
    label_column="label",
    label_maps=(LabelMap("plain", ("ok", "bad"), "ok"),),
    time_column="time",
    ignored=("time",),
    layout=("bytes", "rate", "service", "port", "label", "time"),
)
ROWS = [
    ["12", "1.5", "http", "80", "ok", "2024-01-01 00:00:01"],
    ["?", "NaN", "", "65535", "bad", "2024-01-01 00:00:02"],
    ["", "-2e3", "-", "0", "ok", "2024-01-01 00:00:03"],
]
TABLE = pd.DataFrame(ROWS, columns=list(DATASET.layout))
# What readers have been seen to take in different ways, or to fail on.
ODD = (
    *("\x1c", "\x1d", "\x00", "\x85", "\u00a0", "\u2003", "\ufeff", "1_0", "１", "nan(1)", "-Infinity", "1e999", "+-1"),
    *('"', '""', "'", "\\", "\r", "\n", "\t", ",", ";", "{", "}", "[" * 9, "\\ud800", "null", "%", "@data\n", "#"),
    *("2024-13-45", "9999999999999999", "262143-01-01", "\u2028", "\U0001f600"),
)


def in_parquet(table: pd.DataFrame) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pandas(table, preserve_index=False), sink)
    return sink.getvalue()


def in_zip(content: bytes) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("flows.csv", content)
    return sink.getvalue()


def separated(table: pd.DataFrame, **options: Any) -> bytes:
    return table.to_csv(index=False, **options).encode()  # type: ignore[no-any-return]


def in_json_lines(table: pd.DataFrame) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in table.to_dict("records")).encode()


def in_arff(table: pd.DataFrame) -> bytes:
    attributes = "".join(f"@attribute {name} string\n" for name in table)
    return f"@relation x\n{attributes}@data\n".encode() + separated(table, header=False)


def in_zeek(table: pd.DataFrame) -> bytes:
    fields = "\t".join(("#fields", *table))
    types = "\t".join(("#types", *len(table.columns) * ["string"]))
    return f"#separator \\x09\n{fields}\n{types}\n".encode() + separated(table, header=False, sep="\t")


WRITERS: dict[str, Callable[[pd.DataFrame], bytes]] = {
    "layout": lambda table: separated(table, header=False),
    "header": separated,
    "quoted": lambda table: separated(table, quoting=csv.QUOTE_ALL),
    "JSON lines": in_json_lines,
    "ARFF": in_arff,
    "Zeek": in_zeek,
}
PLAIN = separated(TABLE, header=False)
FORMS = {
    **{form: write(TABLE) for form, write in WRITERS.items()},
    "Parquet": in_parquet(TABLE.assign(port=[80, 65535, 0])),
    "gzip": gzip.compress(PLAIN),
    "bzip2": bz2.compress(PLAIN),
    "xz": lzma.compress(PLAIN),
    "zstd": pa.compress(PLAIN, codec="zstd", asbytes=True),
    "zip": in_zip(PLAIN),
}


def changed(content: bytes, rng: random.Random) -> bytes:
    result = bytearray(content)
    for _ in range(rng.choice([1, 1, 2, 4])):
        place = rng.randrange(len(result) + 1)
        match rng.randrange(5):
            case 0 | 1:
                result[place:place] = rng.choice(ODD).encode()
            case 2:
                result[place : place + 1] = bytes([rng.randrange(256)])
            case 3:
                del result[place : place + rng.choice([1, 1, 20])]
            case 4:
                start = rng.randrange(len(result) + 1)
                result[place:place] = result[start : start + rng.randrange(30)]
    return bytes(result)


@pytest.mark.parametrize("form", FORMS)
def test_any_bytes_are_rows_and_rejects_or_one_error(form: str, tmp_path: Path) -> None:
    rng = random.Random(form)
    path = tmp_path / "traffic"
    rows = errors = 0
    for labelled in (False, True) * 8:
        path.write_bytes(changed(FORMS[form], rng))
        try:
            chunks = list(stream(data_path(path, DATASET), DATASET, labelled=labelled))
            rows += sum(len(chunk.table) + len(chunk.rejects) for chunk in chunks)
            for _ in text_batches(data_path(path, DATASET)).batches:
                pass
        except UserError:
            errors += 1
    assert rows or errors == 16


@pytest.mark.parametrize("form", ["layout", "header", "quoted", "JSON lines", "ARFF", "Zeek"])
def test_an_odd_character_in_a_number_costs_its_row_alone(form: str, tmp_path: Path) -> None:
    odd = [
        {
            "bytes": "12",
            "rate": "1.5",
            "service": "http",
            "port": "80",
            "label": "ok",
            "time": "",
            column: value + after,
        }
        for column, value in (("bytes", "?"), ("rate", "1.5"), ("rate", "NaN"), ("port", "80"))
        for after in ("\x1c", "\x1d", "\x00", "\u00a0", "_0", "(1)", "\u0663")
    ]
    table = pd.concat([TABLE, pd.DataFrame(odd), TABLE], ignore_index=True)
    path = tmp_path / "traffic"
    path.write_bytes(WRITERS[form](table))
    (chunk,) = stream(path, DATASET)
    assert len(chunk.table) == 2 * len(TABLE)
    assert [reject.fault for reject in chunk.rejects] == [
        f"found {value!r}, but this column holds numbers"
        for row in odd
        for column, value in row.items()
        if value != {"bytes": "12", "rate": "1.5", "port": "80"}.get(column, value)
    ]


def test_many_columns_of_one_name_take_no_time_by_their_square(tmp_path: Path) -> None:
    path = tmp_path / "traffic"
    path.write_text("bytes,rate,service,port" + ",a" * 60_000 + "\n", encoding="utf-8")
    assert not list(stream(path, DATASET))


def test_one_long_text_for_each_of_many_rows_of_a_parquet_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "traffic"
    texts = pa.DictionaryArray.from_arrays(np.zeros(65_536, np.int32), ["y" * 200_000])
    rows = pa.table({**{name: np.zeros(65_536) for name in ("bytes", "rate", "port")}, "service": texts})
    pq.write_table(rows, path, compression="zstd")
    assert path.stat().st_size < 10_000
    words = r"row 1: column service is longer than 131,071 bytes"
    with pytest.raises(UserError, match=f"^traffic, {words}"):
        list(stream(path, DATASET))
    with pytest.raises(UserError, match=f"traffic, {words}"):
        list(text_batches(path).batches)


def test_rows_with_long_texts_come_in_small_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "traffic"
    monkeypatch.setattr(parquet, "LARGEST_BLOCK", 10_000)
    long = TABLE.assign(port=[80, 65535, 0], bytes=1.0, rate=1.0, service="y" * 4_000)
    path.write_bytes(in_parquet(pd.concat([long] * 5)))
    chunks = list(stream(path, DATASET))
    assert [len(chunk.table) for chunk in chunks] == [2, 2, 2, 2, 2, 2, 2, 1]
    assert np.concatenate([chunk.numbers for chunk in chunks]).tolist() == [*range(1, 16)]
    assert sum(len(batch) for _, batch in text_batches(path).batches) == 15


def test_lists_of_a_parquet_file_are_refused_before_they_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "traffic"
    pq.write_table(pa.table({"a": [[1, 2]], "b": [1]}), path)
    monkeypatch.setattr("nids.datasets.io.batches.batches", None)
    with pytest.raises(UserError, match=r"column a is of type list<.*>, but columns hold numbers or text"):
        list(text_batches(path).batches)


def test_names_of_nested_keys_are_bounded(tmp_path: Path) -> None:
    path = tmp_path / "traffic"
    row = {**TABLE.iloc[0], "x" * 999: {"": 1}}
    path.write_text(json.dumps(row) + "\n", encoding="utf-8")
    (chunk,) = stream(path, DATASET)
    assert len(chunk.table) == 1
    path.write_text(json.dumps(row) + "\n" + json.dumps({**row, "x" * 999: {"yz": 1}}) + "\n", encoding="utf-8")
    (chunk,) = stream(path, DATASET)
    assert [reject.fault.partition(", ")[2] for reject in chunk.rejects] == ["but keys have at most 1,000 characters"]


def test_attributes_are_bounded(tmp_path: Path) -> None:
    path = tmp_path / "traffic"
    path.write_text("@relation x\n" + "@attribute a string\n" * 10_001, encoding="utf-8")
    with pytest.raises(UserError, match=r"line 10002: this is attribute 10,001, but a file has at most 10,000"):
        list(stream(path, DATASET))


def test_lines_of_wide_characters_come_in_smaller_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "LARGEST_BLOCK", 100)
    narrow, wide = ([(number, letter * 20) for number in range(12)] for letter in ("a", "\U0001f600"))
    assert [len(numbers) for numbers, _ in lines.blocks(iter(narrow), 1_000)] == [6, 6]
    assert [len(numbers) for numbers, _ in lines.blocks(iter(wide), 1_000)] == [2, 2, 2, 2, 2, 2]
