"""Cells of CSV files that a spreadsheet takes for text, whatever was written into traffic or a file's name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    import pandas as pd

# What begins a formula (OWASP, "CSV Injection"), in full width too; a number may begin so.
_FORMULA = "^[=+\\-@\t\r\n＝＋－＠]"
_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
_NO_TEXT = (
    *(pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal, pa.types.is_boolean, pa.types.is_temporal),
    *(pa.types.is_null, pa.types.is_nested),  # CSV has no cells for the latter
)


def text_cell(text: str) -> str:
    """Return a cell of text, with an apostrophe before it where a spreadsheet would compute it.

    >>> text_cell("=1+1"), text_cell("-0.5"), text_cell("tcp")
    ("'=1+1", '-0.5', 'tcp')
    """
    return f"'{text}" if re.match(_FORMULA, text) and not re.fullmatch(_NUMBER, text) else text


def text_cells(table: pa.Table) -> pa.Table:
    """Return an Arrow table with its cells of text as ``text_cell`` has them, and its numbers and times as they are.

    Texts may be in dictionaries, or bytes. Columns keep their names and types, as who writes a table in parts needs.
    """
    for position, field in enumerate(table.schema):
        if not any(is_kind(field.type) for is_kind in _NO_TEXT):
            column = table.column(position)
            if any(_cell(each) != each for each in column.unique().to_pylist()):
                cells = [_cell(each) for each in column.to_pylist()]
                table = table.set_column(position, field, pa.array(cells, field.type))
    return table


def _cell(value: Any) -> Any:
    if isinstance(value, bytes):
        return text_cell(value.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
    return text_cell(value) if isinstance(value, str) else value


def csv_of(table: pd.DataFrame) -> bytes:
    """Return a table as CSV, without its index; headings and cells of text are as ``text_cell`` has them."""
    cells = table.copy()
    for name in table.select_dtypes(exclude=["number", "bool", "datetime", "datetimetz", "timedelta"]):
        cells[name] = table[name].map(_cell)
    return cells.rename(columns=lambda name: text_cell(str(name))).to_csv(index=False).encode()
