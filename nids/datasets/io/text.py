"""Comma-separated text → checked chunks of rows."""

from __future__ import annotations

import csv
import io
import itertools
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from nids.datasets.io.checks import FileColumns, column_count, named_columns, shown
from nids.datasets.io.chunks import Chunk, Reject, allowed, frame
from nids.errors import UserError

if TYPE_CHECKING:
    import gzip
    from collections.abc import Collection, Generator, Iterator, Sequence
    from typing import IO

    from nids.datasets.io.checks import Field
    from nids.datasets.schema import DatasetSpec

# Bounds of what is held at once, whatever the file is: characters of a line (also the most that the csv module takes
# for a value), and of the lines of a chunk.
_LONGEST_LINE, _LARGEST_CHUNK = 131_072, 1 << 26
# Lines of a chunk with a fault are read again in pieces of this size, and line by line only where a piece has one.
_PIECE = 1_024


def text_chunks(
    name: str,
    content: io.BufferedReader | gzip.GzipFile,
    file: IO[bytes],
    dataset: DatasetSpec,
    fields: Sequence[Field],
    rows: int,
) -> Iterator[Chunk]:
    """Yield the rows of a text; ``file`` is what ``content`` is unpacked from, or the same.

    Other arguments and errors as for ``nids.datasets.io.stream.stream``.
    """
    # Closed at once rather than with the last reference, which a traceback may hold beyond the file.
    with closing(_lines(name, content)) as lines:
        first = next(lines, None)
        if first is None:
            raise UserError(f"{name}: is empty. Copy or download it again.")
        form = _form(name, *first, dataset, fields)
        waiting = lines if form.header else itertools.chain([first], lines)
        for numbers, block in _blocks(waiting, rows):
            table, kept, rejects = form.read(numbers, block)
            yield Chunk(table, "line", np.array(kept, dtype=np.int64), tuple(rejects), form.columns.unused, file.tell())


def whole_text(name: str, content: bytes, dataset: DatasetSpec, fields: Sequence[Field]) -> pd.DataFrame | None:
    """Return all rows of a text at once, or ``None`` where ``text_chunks`` has to look closer."""
    line, newline, rest = content.partition(b"\n")
    try:
        form = _form(name, 1, line.decode("utf-8-sig", "surrogateescape").removesuffix("\r"), dataset, fields)
    except (UserError, csv.Error):
        return None
    rows = content.count(b"\n") + (not content.endswith(b"\n")) - form.header
    return form.all_at_once(rest if form.header else content, rows) if newline else None


@dataclass(frozen=True)
class _TextForm:
    """How the lines of a text become rows.

    Attributes:
        columns: The columns.
        header: Whether the first line names the columns, and so holds no row.
        quoted: Whether values may stand in double quotes.
        separator: What stands between values.
        passed_over: The values of a line that is none of the rows, and no fault.
    """

    columns: FileColumns
    header: bool
    quoted: bool
    separator: str
    passed_over: tuple[str, ...] = ()

    def read(self, numbers: Sequence[int], lines: Sequence[str]) -> tuple[pd.DataFrame, list[int], list[Reject]]:
        """Return the rows of some lines, their numbers, and the lines that cannot be read."""
        table = self.all_at_once("".join(lines).encode("utf-8", "surrogateescape"), len(lines))
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

    def all_at_once(self, lines: bytes, number: int) -> pd.DataFrame | None:
        """Return the rows of some lines, or ``None`` if any of them cannot be read."""
        if not number:
            return None
        fields = self.columns.fields
        read = {field.name for field in fields}
        try:
            table = pyarrow.csv.read_csv(
                pa.BufferReader(lines),
                read_options=pyarrow.csv.ReadOptions(
                    # Other columns may have any names, the same ones too.
                    column_names=[name if name in read else f"{name} {i}" for i, name in enumerate(self.columns.names)]
                ),
                parse_options=pyarrow.csv.ParseOptions(
                    delimiter=self.separator, quote_char='"' if self.quoted else False
                ),
                convert_options=pyarrow.csv.ConvertOptions(
                    include_columns=[field.name for field in fields],
                    # What stands for no value in one column need not do so in another.
                    column_types={field.name: pa.string() if field.missing_texts else field.type for field in fields},
                    null_values=[],
                    strings_can_be_null=False,
                ),
            )
            for field in fields:
                if field.missing_texts:
                    position = table.column_names.index(field.name)
                    table = table.set_column(position, field.name, _numbers(table[field.name], field.missing_texts))
        except pa.ArrowInvalid:
            return None
        # An open quotation mark would take the next lines into its value.
        if len(table) != number:
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
            values = _values(raw, self.separator, quoted=self.quoted)
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
    trimmed = pc.utf8_trim_whitespace(texts)
    gone = pc.is_in(trimmed, pa.array(sorted(missing), pa.string()))
    return pc.cast(pc.if_else(gone, pa.scalar(None, pa.string()), trimmed), pa.float64())


def _lines(name: str, content: io.BufferedReader | gzip.GzipFile) -> Generator[tuple[int, str]]:
    """Yield the lines that are not empty, each with its number; bytes that are no UTF-8 become surrogates."""
    text = io.TextIOWrapper(content, encoding="utf-8-sig", errors="surrogateescape", newline=None)
    try:
        for number in itertools.count(1):
            line = text.readline(_LONGEST_LINE)
            if len(line) == _LONGEST_LINE:
                raise UserError(
                    f"{name}, line {number}: is longer than {_LONGEST_LINE - 1:,} characters, which no line of traffic "
                    "is. Give a Parquet file or a text file with one row a line (gzip is fine)."
                )
            if not line:
                return
            if line != "\n":
                yield number, line
    finally:
        text.detach()  # else it closes the file, which is not its own


def _blocks(lines: Iterator[tuple[int, str]], rows: int) -> Iterator[tuple[list[int], list[str]]]:
    numbers: list[int] = []
    block: list[str] = []
    size = 0
    for number, line in lines:
        numbers.append(number)
        block.append(line)
        size += len(line)
        if len(block) == rows or size > _LARGEST_CHUNK:
            yield numbers, block
            numbers, block, size = [], [], 0
    if block:
        yield numbers, block


def _form(name: str, number: int, line: str, dataset: DatasetSpec, fields: Sequence[Field]) -> _TextForm:
    """Return what the first line tells about a text."""
    separator = dataset.separator
    header = [value.strip() for value in _values(line, separator, quoted=True)]
    # One alone may be a value: "land" is a feature of NSL-KDD, and an attack.
    if len({*header} & {column.name for column in dataset.columns}) >= min(2, len(dataset.columns)):
        return _TextForm(
            named_columns(f"{name}, line {number}", header, number, dataset, fields),
            header=True,
            quoted=True,
            separator=separator,
            passed_over=tuple(header) if dataset.repeated_headers == "skip" else (),
        )
    _refuse_other_case(f"{name}, line {number}", header, dataset)
    plain = _values(line.removesuffix("\n"), separator, quoted=False)
    # Whoever quotes texts, as a spreadsheet does, quotes them in each line.
    quoted = any(len(value) > 1 and value[0] == value[-1] == '"' for value in plain)
    values = _values(line, separator, quoted=True) if quoted else plain
    layouts = _layouts(dataset, fields)
    if len(values) not in layouts:
        if separator == "," and (other := _other_separator(line, len(values), {len(dataset.columns), *layouts})):
            raise UserError(
                f"{name}, line {number}: its values are separated by {other}, but must be by commas. Convert it, for "
                "example with pandas: read_csv(FILE, sep=…).to_csv(OUT, index=False)."
            )
        found = f"{name}, line {number}: found {column_count(values)}, the first one {shown(values[0].strip())}"
        raise UserError(f"{found}, but {_expected(dataset, layouts)}")
    return _TextForm(
        FileColumns(layouts[len(values)], number, fields), header=False, quoted=quoted, separator=separator
    )


def _refuse_other_case(location: str, header: Sequence[str], dataset: DatasetSpec) -> None:
    """Raise a UserError if a line names columns of the data set, but in capitals where it has none or the reverse."""
    names = {column.name.casefold(): column.name for column in dataset.columns}
    known = [name for name in header if name.casefold() in names]
    if len(known) >= min(2, len(names)):
        raise UserError(
            f"{location}: names the column {known[0]}, but in {dataset.name} it is {names[known[0].casefold()]}. Give "
            "the columns the data set's names."
        )


def _values(line: str, separator: str, *, quoted: bool) -> list[str]:
    """Return the values of a line."""
    return next(csv.reader([line], delimiter=separator)) if quoted else line.split(separator)


def _other_separator(line: str, by_commas: int, widths: Collection[int]) -> str | None:
    """Return the words for what separates the values of a line, None if that is likely a comma."""
    for separator, words in {";": "semicolons", "\t": "tabs", "|": "vertical bars", " ": "spaces"}.items():
        values = len(line.split(separator))
        if values > max(by_commas, 2) and (values in widths or by_commas == 1):
            return words
    return None


def _layouts(dataset: DatasetSpec, fields: Sequence[Field]) -> dict[int, tuple[str, ...]]:
    """Return the columns of files without a header, by their number: what else is at the end may be missing."""
    read = {field.name for field in fields}
    unlabelled = tuple(name for name in dataset.layout if name not in dataset.labels)
    layouts: dict[int, tuple[str, ...]] = {}
    for layout in (dataset.layout, unlabelled):
        for width in range(len(layout), 0, -1):
            if not read <= set(layout[:width]):
                break
            layouts.setdefault(width, layout[:width])
    return layouts


def _expected(dataset: DatasetSpec, layouts: dict[int, tuple[str, ...]]) -> str:
    """Return what a file without a header should have had."""
    if not layouts:
        return f"files of {dataset.name} name their columns in the first line. Add such a line, or give a Parquet file."
    features = {column.name for column in dataset.columns}
    described = []
    for width, layout in sorted(layouts.items()):
        others = [name for name in layout if name not in features]
        described.append(f"{width} ({'with ' + ' and '.join(others) if others else 'the features'})")
    return (
        f"{dataset.name} has {' or '.join(described)}, separated by commas. Give a file in one of these layouts, a "
        "text file whose first line names the columns, or a Parquet file."
    )
