"""Weka's ARFF: a header that declares the columns, then separated values.

https://waikato.github.io/weka-wiki/formats_and_processing/arff_stable/
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nids.datasets.io.delimited import csv_table
from nids.datasets.io.form import Opening, by_pieces, typed
from nids.datasets.io.lines import MOST_COLUMNS
from nids.datasets.io.numbers import SPACES
from nids.errors import UserError, excerpt

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pyarrow as pa

_QUOTED = r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*\""""
_ATTRIBUTE = re.compile(rf"@attribute\s+({_QUOTED}|[^\s'\"{{]+)\s*(\S.*)", re.IGNORECASE)
_VALUE = re.compile(rf"\s*(?:({_QUOTED})\s*|([^,]*))(,|$)", re.ASCII)
_ESCAPED = re.compile(r"\\(.)")
_CONTROL = {"n": "\n", "r": "\r", "t": "\t"}
# What the reader of CSV takes otherwise: escapes, quotation marks of both kinds, spaces before one.
_BEYOND_CSV = re.compile(r"""[\\"]|,[ \t]+'""")


@dataclass(frozen=True)
class Arff:
    """Values between commas, which may stand in quotation marks of both kinds, with escapes."""

    names: tuple[str, ...]

    def table(self, lines: Sequence[str], types: Mapping[str, pa.DataType]) -> pa.Table | None:
        """As for ``nids.datasets.io.form.Form``."""
        text = "".join(lines)
        if not _BEYOND_CSV.search(text):
            return csv_table(text.encode("utf-8", "surrogateescape"), len(lines), self.names, types, ",", "'")
        positions = {name: self.names.index(name) for name in types}

        def read(piece: Sequence[str]) -> pa.Table | None:
            rows = [self.values(line.removesuffix("\n")) for line in piece]
            if any(len(row) != len(self.names) for row in rows):
                return None
            return typed({name: [row[position] for row in rows] for name, position in positions.items()}, types)

        return by_pieces(lines, read)

    def values(self, line: str) -> list[str]:
        """As for ``nids.datasets.io.form.Form``."""
        values, end = [], 0
        while True:
            match = _VALUE.match(line, end)
            if match is None:  # something follows a closing quotation mark: it is a part of the value
                plain, comma, _ = line[end:].partition(",")
                values.append(plain.strip(SPACES))
            else:
                plain, comma = match[0].removesuffix(match[3]), match[3]
                values.append(match[2].strip(SPACES) if match[1] is None else _without_quotes(match[1]))
            if not comma:
                return values
            end += len(plain) + 1


def opening(name: str, lines: Iterator[tuple[int, str]]) -> Opening:
    """Return what the header of a file tells, up to "@data".

    Raises:
        UserError: It is not a header, or the rows are sparse.
    """
    names: list[str] = []
    number = 1
    for number, line in lines:
        text = line.strip()
        keyword = text.split(maxsplit=1)[0].casefold() if text else ""
        if keyword == "@data":
            return Opening(tuple(names), "the header", Arff, _rows(name, lines))
        if not text or text.startswith("%") or keyword == "@relation":
            continue
        match = _ATTRIBUTE.fullmatch(text)
        if match is None:
            raise UserError(
                f"{name}, line {number}: found {excerpt(text)}, but the header of an ARFF file has lines such as "
                "@attribute duration numeric, and ends with @data. Correct it, or export the file again."
            )
        if match[2].casefold().startswith("relational"):
            raise UserError(
                f"{name}, line {number}: the attribute {match[1]} is relational, but each column must hold one value. "
                "Export the file without it."
            )
        names.append(_without_quotes(match[1]).strip())
        if len(names) > MOST_COLUMNS:
            raise UserError(
                f"{name}, line {number}: this is attribute {len(names):,}, but a file has at most {MOST_COLUMNS:,}. "
                "Export fewer of them."
            )
    raise UserError(f"{name}, line {number}: the header ends without @data: the file is cut off. Copy it again.")


def _rows(name: str, lines: Iterator[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    for number, line in lines:
        start = line.lstrip()[:1]
        if start == "{":
            raise UserError(
                f"{name}, line {number}: is a sparse row, but each row must have all values. Convert the file, for "
                "example with Weka's filter SparseToNonSparse."
            )
        if start not in ("", "%"):
            yield number, line


def _without_quotes(text: str) -> str:
    if text[:1] not in ("'", '"'):
        return text
    return _ESCAPED.sub(lambda match: _CONTROL.get(match[1], match[1]), text[1:-1])
