"""Cells of CSV files that a spreadsheet takes for text, whatever was written into traffic or a file's name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    import pandas as pd

# What begins a formula (OWASP, "CSV Injection"), in full width too; a number may begin so.
_FORMULA = "^[=+\\-@\t\r\n＝＋－＠]"
_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"


def text_cell(text: str) -> str:
    """Return a cell of text, with an apostrophe before it where a spreadsheet would compute it.

    >>> text_cell("=1+1"), text_cell("-0.5"), text_cell("tcp")
    ("'=1+1", '-0.5', 'tcp')
    """
    return f"'{text}" if re.match(_FORMULA, text) and not re.fullmatch(_NUMBER, text) else text


def text_cells(table: pa.Table) -> pa.Table:
    """Return an Arrow table with its cells of text as ``text_cell`` has them, and its numbers as they are."""
    for position, field in enumerate(table.schema):
        if pa.types.is_string(field.type):
            column = table.column(position)
            if pc.any(pc.match_substring_regex(column, _FORMULA)).as_py():
                cells = [cell and text_cell(cell) for cell in column.to_pylist()]
                table = table.set_column(position, field, pa.array(cells, field.type))
    return table


def csv_of(table: pd.DataFrame) -> bytes:
    """Return a table as CSV, without its index; headings and cells of text are as ``text_cell`` has them."""
    cells = table.copy()
    for name in table.select_dtypes(exclude=["number", "bool", "datetime", "datetimetz", "timedelta"]):
        cells[name] = table[name].map(lambda cell: text_cell(cell) if isinstance(cell, str) else cell)
    return cells.rename(columns=lambda name: text_cell(str(name))).to_csv(index=False).encode()
