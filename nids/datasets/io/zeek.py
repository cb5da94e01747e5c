"""Logs of Zeek in their own form: separated text with lines about it that begin with "#".

https://docs.zeek.org/en/master/log-formats.html

The labelled logs of IoT-23 have labels in two further columns, which three spaces set off from one another and from the
last of Zeek's own: in the line of names, and in each row.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from nids.datasets.io.delimited import csv_table, values_of
from nids.datasets.io.form import Opening
from nids.datasets.io.numbers import numbers_in
from nids.errors import UserError, excerpt

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

# Flags are read as Zeek's logs in JSON and Parquet files have them.
_FLAGS = {"T": "1", "F": "0"}
_LABELS_APART = "   "


@dataclass(frozen=True)
class Zeek:
    """Values between separators, never quoted.

    Attributes:
        names: Names of the columns.
        separator: What stands between values.
        flags: Positions of the columns that hold "T" and "F", which are read as 1 and 0.
    """

    names: tuple[str, ...]
    separator: str
    flags: tuple[int, ...]

    def table(self, lines: Sequence[str], types: Mapping[str, pa.DataType]) -> pa.Table | None:
        """As for ``nids.datasets.io.form.Form``."""
        flags = {self.names[position] for position in self.flags} & set(types)
        read = {name: pa.string() if name in flags else type_ for name, type_ in types.items()}
        text = "".join(lines).encode("utf-8", "surrogateescape")
        table = csv_table(text, len(lines), self.names, read, self.separator, quote=False)
        if table is None:
            return None
        try:
            for name in flags:
                texts = table[name]
                for spelled, number in _FLAGS.items():
                    texts = pc.if_else(pc.equal(texts, spelled), number, texts)
                values = texts if pa.types.is_string(types[name]) else numbers_in(texts)
                table = table.set_column(table.column_names.index(name), name, values)
        except pa.ArrowInvalid:
            return None
        return table

    def values(self, line: str) -> list[str]:
        """As for ``nids.datasets.io.form.Form``."""
        values = values_of(line, self.separator, quoted=False)
        for position in self.flags:
            if position < len(values):
                values[position] = _FLAGS.get(values[position], values[position])
        return values


def opening(name: str, lines: Iterator[tuple[int, str]]) -> Opening:
    """Return what the lines before the first row tell.

    Raises:
        UserError: They do not name the columns.
    """
    separator, fields, where = "\t", "", ""
    for number, line in lines:
        if line.startswith("#separator"):
            separator = _separator(name, number, line)
        elif line.startswith("#fields"):
            fields, where = line.rstrip("\n"), f"line {number}"
        elif line.startswith("#types") and fields:
            names = tuple(_with_labels_apart(fields, separator).split(separator)[1:])
            kinds = line.rstrip("\n").split(separator)[1:]
            flags = tuple(i for i, kind in enumerate(kinds[: len(names)]) if kind == "bool")
            rows = _rows(name, lines, fields, where)
            if _LABELS_APART in fields:
                rows = ((row, _with_labels_apart(line, separator)) for row, line in rows)
            return Opening(names, where, partial(Zeek, separator=separator, flags=flags), rows)
        elif not line.startswith("#"):
            break
    raise UserError(
        f"{name}: is a log of Zeek whose columns are not named: it has no lines #fields and #types. "
        "Copy it with the lines that begin with #."
    )


def _with_labels_apart(line: str, separator: str) -> str:
    """Return a line with the separator in the place of three spaces, in its last value alone."""
    start, between, last = line.rpartition(separator)
    return start + between + last.replace(_LABELS_APART, separator)


def _rows(name: str, lines: Iterator[tuple[int, str]], fields: str, where: str) -> Iterator[tuple[int, str]]:
    """Yield the lines with rows; logs that were put together have further lines about them."""
    for number, line in lines:
        if not line.startswith("#"):
            yield number, line
        elif line.startswith("#fields") and line.rstrip("\n") != fields:
            raise UserError(
                f"{name}, line {number}: names other columns than {where}. Split the file here: all rows of a file "
                "must have the same ones."
            )


def _separator(name: str, number: int, line: str) -> str:
    told = line.removeprefix("#separator").strip(" \n")
    separator = re.sub(r"\\x([0-9a-fA-F]{2})", lambda match: chr(int(match[1], 16)), told)
    if len(separator) != 1 or not separator.isascii() or separator in "\r\n":
        raise UserError(
            f"{name}, line {number}: found {excerpt(told)}, but one character separates values, such as \\x09. Correct "
            "it, or copy the log again."
        )
    return separator
