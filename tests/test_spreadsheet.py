from __future__ import annotations

import math

import pandas as pd
import pyarrow as pa
import pytest

from nids.spreadsheet import csv_of, text_cell, text_cells

FORMULAS = ("=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(1)", "\t=1", "\r=1", "\n=1", "＝1", "-1-", "+", "-1\n=2")


@pytest.mark.parametrize("text", FORMULAS)
def test_text_cell_keeps_a_formula_from_being_computed(text: str) -> None:
    assert text_cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "tcp", "a=1", "-1", "+2.5e-3", "-.5", " =1", "'=1", "–"])
def test_text_cell_leaves_all_else_as_it_is(text: str) -> None:
    assert text_cell(text) == text


def test_text_cells_leaves_numbers_as_they_are() -> None:
    table = pa.table({"file": ["=a", None, "b"], "line": [-1, 2, 3], "p": [-0.5, None, 1.0]})
    assert text_cells(table) == pa.table({**table.to_pydict(), "file": ["'=a", None, "b"]})
    assert text_cells(table.slice(1)) == table.slice(1)


@pytest.mark.parametrize(
    "type_",
    [
        *(pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string()), pa.binary(), pa.large_binary()),
        *(pa.dictionary(pa.int32(), pa.large_string()), pa.binary_view()),
    ],
    ids=str,
)
def test_text_cells_knows_text_of_every_type(type_: pa.DataType) -> None:
    texts, expected = ["=a", None, "-1", "é"], ["'=a", None, "-1", "é"]
    assert text_cells(pa.table({"a": pa.array(texts, type_)})) == pa.table({"a": pa.array(expected, type_)})


def test_text_cells_leaves_times_and_numbers_in_dictionaries_as_they_are() -> None:
    table = pa.table({"time": pa.array([-1], pa.timestamp("ms")), "d": pa.array([-1]).dictionary_encode(), "n": [None]})
    assert text_cells(table) == table


def test_csv_of_is_read_back_as_it_was_but_for_formulas() -> None:
    table = pd.DataFrame(
        {
            "=name": ["@a", "b", None],
            "number": [-1.5, math.nan, math.inf],
            "count": [-1, 2, 3],
            "kind": pd.Categorical(["-x", "y", "-x"]),
            "mixed": [-1, "-1", "-1+1"],
            "time": [pd.Timestamp("2026-01-01", tz="UTC"), None, pd.Timestamp("2026-01-02", tz="UTC")],
        }
    )
    assert csv_of(table).decode() == (
        "'=name,number,count,kind,mixed,time\n"
        "'@a,-1.5,-1,'-x,-1,2026-01-01 00:00:00+00:00\n"
        "b,,2,y,-1,\n"
        ",inf,3,'-x,'-1+1,2026-01-02 00:00:00+00:00\n"
    )
    assert csv_of(table[["number", "count"]]).decode() == table[["number", "count"]].to_csv(index=False)
