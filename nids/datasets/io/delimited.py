"""Lines whose values are separated by one character → values."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.csv

from nids.datasets.io.numbers import may_mislead

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True)
class Delimited:
    """Values between separators.

    Attributes:
        names: Names of the columns.
        separator: What stands between values.
        quoted: Whether values may stand in double quotes.
    """

    names: tuple[str, ...]
    separator: str
    quoted: bool

    def table(self, lines: Sequence[str], types: Mapping[str, pa.DataType]) -> pa.Table | None:
        """As for ``nids.datasets.io.form.Form``."""
        return self.table_of("".join(lines).encode("utf-8", "surrogateescape"), len(lines), types)

    def table_of(self, lines: bytes, number: int, types: Mapping[str, pa.DataType]) -> pa.Table | None:
        """Do what ``table`` does, of so many lines in one piece."""
        return csv_table(lines, number, self.names, types, self.separator, '"' if self.quoted else False)

    def values(self, line: str) -> list[str]:
        """As for ``nids.datasets.io.form.Form``."""
        return values_of(line, self.separator, quoted=self.quoted)


def csv_table(
    lines: bytes,
    number: int,
    names: Sequence[str],
    types: Mapping[str, pa.DataType],
    separator: str,
    quote: str | bool,
) -> pa.Table | None:
    """Return the columns that have a type, or ``None`` if a line is not as it should be.

    Args:
        lines: The lines.
        number: How many there are.
        names: Names of all columns.
        types: Types of those to return.
        separator: What stands between values.
        quote: What values may stand in; ``False``: nothing.
    """
    if not number or may_mislead(lines):
        return None
    try:
        table = pyarrow.csv.read_csv(
            pa.BufferReader(lines),
            read_options=pyarrow.csv.ReadOptions(
                # Other columns may have any names, the same ones too.
                column_names=[name if name in types else f"{name} {i}" for i, name in enumerate(names)]
            ),
            parse_options=pyarrow.csv.ParseOptions(delimiter=separator, quote_char=quote),
            convert_options=pyarrow.csv.ConvertOptions(
                include_columns=list(types),
                column_types=types,
                # What stands for no value in one column need not do so in another.
                null_values=[],
                strings_can_be_null=False,
            ),
        )
    except (pa.ArrowInvalid, UnicodeEncodeError):
        return None
    # An open quotation mark would take the next lines into its value.
    return table if len(table) == number else None


def values_of(line: str, separator: str, *, quoted: bool) -> list[str]:
    """Return the values of a line, which may stand in double quotes."""
    return next(csv.reader([line], delimiter=separator)) if quoted else line.split(separator)
