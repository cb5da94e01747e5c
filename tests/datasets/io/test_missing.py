"""Missing values, repeated names and other separators, as a description of a data set declares them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from nids.datasets.column import Column
from nids.datasets.io.checks import fields_of, named_columns
from nids.datasets.io.load import load
from nids.datasets.io.parquet import _reject
from nids.datasets.io.stream import stream
from nids.datasets.labels import LabelMap
from nids.datasets.schema import DatasetSpec
from nids.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

DATASET = DatasetSpec(
    name="gaps",
    columns=(
        Column("rate", "real", missing=("", "NaN", "Infinity")),
        Column("window", "integer", missing=("-1", "n/a")),
        Column("bytes", "count"),
        Column("service", "categorical", missing=("",)),
        Column("bytes.1", "count"),
    ),
    label_column="label",
    label_maps=(LabelMap("plain", ("ok", "bad"), "ok"),),
    separator=";",
)
HEADER = "rate;window;bytes;service;bytes;label"
LINES = ("1.5;3;7;http;1;ok", ";-1;0;;2;bad", "nan;n/a;1;ftp;3;ok", "INF;-1.0;2;ftp;4;bad", '"2";0;3;"a;b";5;ok')
NAN = np.nan
EXPECTED = pd.DataFrame(
    {
        "rate": [1.5, NAN, NAN, NAN, 2.0],
        "window": [3.0, NAN, NAN, NAN, 0.0],
        "bytes": [7.0, 0.0, 1.0, 2.0, 3.0],
        "service": ["http", "", "ftp", "ftp", "a;b"],
        "bytes.1": [1.0, 2.0, 3.0, 4.0, 5.0],
    }
)


def test_what_is_declared_as_missing_is_read_as_such(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("\n".join([HEADER, *LINES, ""]), encoding="utf-8")
    pd.testing.assert_frame_equal(load(path, DATASET).features, EXPECTED, check_dtype=False)


def test_lines_are_read_alike_one_by_one_and_all_at_once(tmp_path: Path) -> None:
    """A line that cannot be read has the lines around it read one by one."""
    path = tmp_path / "rows.csv"
    path.write_text("\n".join([HEADER, *LINES, ";;x;;;"]), encoding="utf-8")
    (chunk,) = stream(path, DATASET)
    pd.testing.assert_frame_equal(chunk.table, EXPECTED, check_dtype=False)
    assert [reject.number for reject in chunk.rejects] == [7]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("n/a;0;1;ftp;3;ok", r"line 2, column 1 \(rate\): found 'n/a', but this column holds numbers"),
        ("-1;;1;ftp;3;ok", r"line 2, column 2 \(window\): found '', but this column holds numbers"),
        ("1;inf;1;ftp;3;ok", r"line 2, column 2 \(window\): found 'inf', but numbers must be finite"),
        ("1;nan;1;ftp;3;ok", r"line 2, column 2 \(window\): found 'nan', but numbers must be finite"),
        ("1;1;;ftp;3;ok", r"line 2, column 3 \(bytes\): found '', but this column holds numbers"),
        ("1;1;nan;ftp;3;ok", r"line 2, column 3 \(bytes\): found 'nan', but numbers must be finite"),
    ],
)
def test_what_stands_for_no_value_in_another_column_alone_is_refused(line: str, fault: str, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("\n".join([HEADER, line, ""]), encoding="utf-8")
    with pytest.raises(UserError, match=fault):
        load(path, DATASET)


def test_of_parquet_nulls_are_missing_where_some_may_be(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    table = EXPECTED.assign(label=["ok", "bad", "ok", "bad", "ok"])
    table.to_parquet(path)
    pd.testing.assert_frame_equal(load(path, DATASET).features, EXPECTED, check_dtype=False)
    table.assign(bytes=[1.0, NAN, 2.0, 3.0, 4.0]).to_parquet(path)
    with pytest.raises(UserError, match=r"row 2, column 3 \(bytes\): found 'nan', but numbers must be finite"):
        load(path, DATASET)


def test_of_parquet_a_row_that_reads_well_as_text_is_set_aside_for_a_general_reason() -> None:
    columns = named_columns("x", [*map(str, EXPECTED)], "x", DATASET, fields_of(DATASET, labelled=False))
    reject = _reject(columns, EXPECTED.iloc[0], 7)
    assert (reject.location, reject.reason) == ("row 7", "its values break a rule of the data set")


def test_a_repeated_name_that_the_data_set_does_not_know_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(f"{HEADER};service\n1;1;1;a;1;ok;b\n", encoding="utf-8")
    with pytest.raises(UserError, match="more than one column is named service"):
        load(path, DATASET)


def test_a_header_in_capitals_is_no_row(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(f"{HEADER.upper()}\n{LINES[0]}\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"rows.csv, line 1: names the column RATE, but in gaps it is rate. Give the"):
        load(path, DATASET)
