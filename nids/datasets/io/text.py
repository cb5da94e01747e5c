"""Text in one of its forms → checked chunks of rows."""

from __future__ import annotations

import csv
import itertools
from codecs import BOM_UTF8
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from nids.datasets.io.checks import named_columns
from nids.datasets.io.chunks import Chunk, Reject, allowed, frame
from nids.datasets.io.form import LineError
from nids.datasets.io.layout import delimited
from nids.datasets.io.lines import blocks, lines_of
from nids.datasets.io.numbers import numbers_in
from nids.datasets.io.self_describing import describes_itself, opening_of
from nids.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from typing import IO

    from nids.datasets.io.checks import Field, FileColumns
    from nids.datasets.io.compression import Content
    from nids.datasets.io.form import Form
    from nids.datasets.schema import DatasetSpec

# Lines of a chunk with a fault are read again in pieces of this size, and line by line only where a piece has one.
_PIECE = 1_024


def text_chunks(
    name: str, content: Content, file: IO[bytes], dataset: DatasetSpec, fields: Sequence[Field], rows: int
) -> Iterator[Chunk]:
    """Yield the rows of a text; ``file`` is what ``content`` is unpacked from, or the same.

    Other arguments and errors as for ``nids.datasets.io.stream.stream``.
    """
    # Closed at once rather than with the last reference, which a traceback may hold beyond the file.
    with closing(lines_of(name, content)) as lines:
        first = next(lines, None)
        if first is None:
            raise UserError(f"{name}: is empty. Copy or download it again.")
        reader, waiting = _reader(name, first, lines, dataset, fields)
        for numbers, block in blocks(waiting, rows):
            table, kept, rejects = reader.read(numbers, block)
            unused = reader.columns.unused
            yield Chunk(table, "line", np.array(kept, dtype=np.int64), tuple(rejects), unused, file.tell())


def whole_text(name: str, content: bytes, dataset: DatasetSpec, fields: Sequence[Field]) -> pd.DataFrame | None:
    """Return all rows of separated text at once, or ``None`` where ``text_chunks`` has to look closer."""
    if b"\r" in content and content.count(b"\r") != content.count(b"\r\n"):
        return None  # by itself it ends a line too, also within quotation marks
    line, newline, rest = content.partition(b"\n")
    first = line.decode("utf-8-sig", "surrogateescape").removesuffix("\r")
    if describes_itself(first):
        return None
    try:
        form, columns, header = delimited(name, 1, first, dataset, fields)
    except (UserError, csv.Error):
        return None
    if not newline:
        return None
    reader = _TextReader(form, columns)
    rows = content.count(b"\n") + (not content.endswith(b"\n")) - header
    return reader.checked(form.table_of(rest if header else content.removeprefix(BOM_UTF8), rows, reader.types))


def _reader(
    name: str, first: tuple[int, str], lines: Iterator[tuple[int, str]], dataset: DatasetSpec, fields: Sequence[Field]
) -> tuple[_TextReader, Iterator[tuple[int, str]]]:
    """Return what reads the rows of a text, and the lines with rows."""
    opening = opening_of(name, first, lines)
    if opening is None:
        plain, columns, header = delimited(name, *first, dataset, fields)
        if not header:
            return _TextReader(plain, columns), itertools.chain([first], lines)
        names = plain.values(first[1].removesuffix("\n")) if dataset.repeated_headers == "skip" else ()
        return _TextReader(plain, columns, tuple(each.strip() for each in names)), lines
    named = list(opening.names)
    if opening.open_ended:
        # What no row has may be missing in all; but a label is never taken for granted.
        named += [field.name for field in fields if field.known is None and _may_lack(field, named, dataset)]
    columns = named_columns(
        f"{name}, {opening.where}", named, opening.where, dataset, fields, ordered=not opening.open_ended
    )
    return _TextReader(opening.form(columns.names), columns), opening.lines


def _may_lack(field: Field, names: Sequence[str], dataset: DatasetSpec) -> bool:
    """Return whether a column that is read is under none of its names, and may be missing in all rows."""
    called = {field.name, *dataset.aliases.get(field.name, ())}
    return called.isdisjoint(names) and field.broken_rule("") is None


@dataclass(frozen=True)
class _TextReader:
    """How the lines of a text become rows.

    Attributes:
        form: How they become values.
        columns: The columns, and the rules of those that are read.
        passed_over: The values of a line that is none of the rows, and no fault.
    """

    form: Form
    columns: FileColumns
    passed_over: tuple[str, ...] = ()

    @cached_property
    def types(self) -> dict[str, pa.DataType]:
        """What each column is read as."""
        return {field.name: pa.string() if field.missing_texts else field.type for field in self.columns.fields}

    def read(self, numbers: Sequence[int], lines: Sequence[str]) -> tuple[pd.DataFrame, list[int], list[Reject]]:
        """Return the rows of some lines, their numbers, and the lines that cannot be read."""
        table = self.checked(self.form.table(lines, self.types))
        if table is not None:
            return table, list(numbers), []
        if len(lines) <= _PIECE:
            return self._one_by_one(numbers, lines)
        tables, kept, rejects = [], [], []
        for start in range(0, len(lines), _PIECE):
            piece = slice(start, start + _PIECE)
            table, kept_of_piece, rejects_of_piece = self.read(numbers[piece], lines[piece])
            tables.append(table)
            kept += kept_of_piece
            rejects += rejects_of_piece
        return pd.concat(tables, ignore_index=True), kept, rejects

    def checked(self, table: pa.Table | None) -> pd.DataFrame | None:
        """Return the rows of a table, or ``None`` if any of them breaks a rule."""
        if table is None:
            return None
        fields = self.columns.fields
        try:
            for field in fields:
                if field.missing_texts:
                    position = table.column_names.index(field.name)
                    table = table.set_column(position, field.name, _numbers(table[field.name], field.missing_texts))
        except pa.ArrowInvalid:
            return None
        # NaN that is not declared is as wrong beside missing values as elsewhere.
        declared = (field.is_text or field.nan_is_missing or not field.column.missing for field in fields)
        if any(
            not each and pc.any(pc.is_nan(table[field.name])).as_py()
            for each, field in zip(declared, fields, strict=True)
        ):
            return None
        rows = frame(table, fields)
        return rows if allowed(rows, fields).all() else None

    def _one_by_one(self, numbers: Sequence[int], lines: Sequence[str]) -> tuple[pd.DataFrame, list[int], list[Reject]]:
        kept, rows, rejects = [], [], []
        for number, line in zip(numbers, lines, strict=True):
            raw = line.removesuffix("\n")
            try:
                values = self.form.values(raw)
            except LineError as error:
                rejects.append(Reject("line", number, "", str(error), raw))
                continue
            if fault := self.columns.fault(values):
                if self.passed_over and tuple(value.strip() for value in values) == self.passed_over:
                    continue
                problem, column, reason = fault
                rejects.append(Reject("line", number, column, reason, raw, problem))
            else:
                kept.append(number)
                rows.append(values)
        columns = {}
        for field in self.columns.fields:
            position = self.columns.names.index(field.name)
            texts = [field.label(row[position]) if field.loose else row[position] for row in rows]
            columns[field.name] = pa.array(texts if field.is_text else list(map(field.number, texts)), type=field.type)
        return frame(pa.table(columns), self.columns.fields), kept, rejects


def _numbers(texts: pa.ChunkedArray, missing: Collection[str]) -> pa.ChunkedArray:
    """Return the numbers that texts stand for, null for missing ones; raise ArrowInvalid if one stands for none."""
    gone = pc.is_in(pc.ascii_trim_whitespace(texts), pa.array(sorted(missing), pa.string()))
    return numbers_in(pc.if_else(gone, pa.scalar(None, pa.string()), texts))
