"""What readers of data files yield: rows that can be read, and rows that cannot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    import pandas as pd

    from nids.datasets.io.checks import Field, Problem

Unit = Literal["line", "row"]


@dataclass(frozen=True)
class Reject:
    """A row that cannot be read.

    Attributes:
        unit: What ``number`` counts: lines of a text, rows of a Parquet file.
        number: Number of the line or row in its file, from 1.
        column: The column at fault, such as "column 5 (src_bytes)"; empty if it is the row as a whole.
        fault: What was found, and the rule that it breaks.
        raw: The line without its end, or the values of a Parquet file's row, separated by commas.
        problem: The kind of fault.
    """

    unit: Unit
    number: int
    column: str
    fault: str
    raw: str
    problem: Problem = "value"

    @property
    def location(self) -> str:
        """Where in its file the fault is, such as "line 3, column 5 (src_bytes)"."""
        return f"{self.unit} {self.number}" + (f", {self.column}" if self.column else "")

    @property
    def reason(self) -> str:
        """The fault with its column."""
        return f"{self.column}: {self.fault}" if self.column else self.fault


@dataclass(frozen=True, eq=False)
class Chunk:
    """Consecutive rows of one file.

    Attributes:
        table: The rows that can be read, of shape (rows, columns read): the features in the data set's order, and the
            labels after them if they were asked for; numeric ones are float64, the others str.
        unit: What ``numbers`` count: lines of a text, rows of a Parquet file.
        numbers: Number of each row's line, or of the row itself in a Parquet file, int64 of shape (rows,), from 1.
        rejects: The rows that cannot be read, in the order of the file.
        unused: Columns of the file that are not read, labels among them unless they were asked for.
        bytes_read: How much of the file is read by now, roughly.
    """

    table: pd.DataFrame
    unit: Unit
    numbers: np.ndarray
    rejects: tuple[Reject, ...]
    unused: tuple[str, ...]
    bytes_read: int


@dataclass(frozen=True, eq=False)
class TextBatches:
    """All rows of a file of which nothing is known yet, all values as text.

    Attributes:
        names: Names of the columns, in the order of the file; repeated ones are numbered, "NAME.1".
        separator: What stands between values, a comma where nothing does.
        unit: What the numbers of rows count.
        times: The columns whose type says that they tell a time; they are empty here.
        batches: The number of each row's line, or of the row itself in a Parquet file, int64 of shape (rows,), from 1;
            and the rows.
    """

    names: list[str]
    separator: str
    unit: Unit
    times: frozenset[str]
    batches: Iterator[tuple[np.ndarray, pa.RecordBatch]]


def frame(table: pa.Table, fields: Sequence[Field]) -> pd.DataFrame:
    """Return the fields of a table in their order; what is missing becomes NaN or an empty text."""
    columns = {}
    for field in fields:
        # Not safe: whole numbers above 2^53 lose digits, as they do in text.
        column = pc.cast(table[field.name], field.type, safe=False)
        if field.is_text:
            column = pc.utf8_trim_whitespace(pc.fill_null(column, ""))
        columns[field.name] = column
    rows: pd.DataFrame = pa.table(columns).to_pandas()
    for field in fields:
        if field.loose:
            texts = rows[field.name]
            rows[field.name] = texts.map({text: field.label(text) for text in texts.unique()}).astype(texts.dtype)
        if field.missing_numbers:
            rows[field.name] = rows[field.name].mask(rows[field.name].isin(field.missing_numbers))
    return rows


def allowed(rows: pd.DataFrame, fields: Sequence[Field]) -> np.ndarray:
    """Return which rows break no rule, bool of shape (rows,)."""
    keep = fields[0].allows(rows[fields[0].name])
    for field in fields[1:]:
        keep &= field.allows(rows[field.name])
    return keep
