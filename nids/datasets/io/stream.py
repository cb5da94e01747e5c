"""Traffic of any size, with or without labels → checked chunks of rows, in memory that does not grow with the file."""

from __future__ import annotations

import csv
import gzip
import io
import itertools
import zlib
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from nids.datasets.io.rules import broken_rule, column_count, shown
from nids.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence
    from pathlib import Path

    from nids.datasets.schema import Dataset, Feature

ROWS = 65_536

_PARQUET, _GZIP = b"PAR1", b"\x1f\x8b"
# Bounds of what is held at once, whatever the file is: characters of a line (also the most that the csv module takes
# for a value), and of the lines of a chunk.
_LONGEST_LINE, _LARGEST_CHUNK = 131_072, 1 << 26
# Lines of a chunk with a fault are read again in pieces of this size, and line by line only where a piece has one.
_PIECE = 1_024
_BUFFER = 1 << 20


@dataclass(frozen=True)
class Reject:
    """A row that cannot be read.

    Attributes:
        unit: What ``number`` counts: lines of a text, rows of a Parquet file.
        number: Number of the line or row in its file, from 1.
        column: The column at fault, such as "column 5 (src_bytes)"; empty if it is the row as a whole.
        fault: What was found, and the rule that it breaks.
        raw: The line without its end, or the values of a Parquet file's row, separated by commas.
    """

    unit: Literal["line", "row"]
    number: int
    column: str
    fault: str
    raw: str

    @property
    def place(self) -> str:
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
        features: The rows that can be read, of shape (rows, features), columns in the data set's order; numeric ones
            are float64, categorical ones str.
        numbers: Number of each row's line, or of the row itself in a Parquet file, int64 of shape (rows,), from 1.
        rejects: The rows that cannot be read, in the order of the file.
        unused: Columns of the file that are not read, labels among them.
        bytes_read: How much of the file is read by now, roughly.
    """

    features: pd.DataFrame
    numbers: np.ndarray
    rejects: tuple[Reject, ...]
    unused: tuple[str, ...]
    bytes_read: int


def stream(path: Path, dataset: Dataset, rows: int = ROWS) -> Iterator[Chunk]:
    """Yield the rows of a file in chunks, in the order of the file.

    The content tells the form of the file, not its name:

    - Parquet: columns by name;
    - comma-separated text whose first line names the features: columns by name, values may stand in double quotes,
      but hold no line breaks;
    - comma-separated text without such a line: the data set's layouts, or its features alone; values stand in double
      quotes if some of the first line do.

    Text is UTF-8 and may be compressed by gzip. Labels, their difficulty and all further columns are not read.

    Args:
        path: The file.
        dataset: What the columns mean, and which values they may have: the same rules as in ``nids.datasets.io.load``.
        rows: Most rows of a chunk; chunks of very long lines have fewer.

    Raises:
        UserError: The file cannot be opened, is damaged or empty, or has not the columns of the data set. A single row
            that cannot be read raises nothing: it is among the chunk's ``rejects``.
    """
    with _refusing_damage(path), path.open("rb") as file:
        start = file.peek(len(_PARQUET))
        if start.startswith(_PARQUET):
            yield from _parquet(path, dataset, rows)
        elif start.startswith(_GZIP):
            with gzip.open(file) as unpacked:
                yield from _text(path.name, unpacked, file, dataset, rows)
        else:
            yield from _text(path.name, file, file, dataset, rows)


class _Columns:
    """The columns of one file, and the rules of those that are read.

    Args:
        names: Names of all columns, in the order of the file.
        line: Number of the line that they were told from.
        dataset: The data set; each of its features is among the names once.
    """

    def __init__(self, names: Sequence[str], line: int, dataset: Dataset) -> None:
        self.names = tuple(names)
        self.line = line
        self.dataset = dataset

    @cached_property
    def unused(self) -> tuple[str, ...]:
        """Names of the columns that are not read."""
        features = {feature.name for feature in self.dataset.features}
        return tuple(name for name in self.names if name not in features)

    @cached_property
    def _checks(self) -> list[tuple[int, str, Callable[[str], str | None]]]:
        """For each feature, in the order of the file: its position, its name, and from a value to the rule broken.

        The answers are remembered, as there are few different values, but not all, as a stream has no end.
        """
        return sorted(
            (self.names.index(feature.name), feature.name, lru_cache(1_024)(partial(broken_rule, feature)))
            for feature in self.dataset.features
        )

    def fault(self, values: Sequence[str]) -> tuple[str, str] | None:
        """Return column and fault of the first value of a row that breaks a rule, or ``None``."""
        if len(values) != len(self.names):
            return "", f"found {column_count(values)}, but line {self.line} has {len(self.names)}"
        for position, name, check in self._checks:
            if rule := check(values[position]):
                return f"column {position + 1} ({name})", f"found {shown(values[position])}, but {rule}"
        return None


@dataclass(frozen=True)
class _TextForm:
    """How the lines of a text become rows.

    Attributes:
        columns: The columns.
        header: Whether the first line names the columns, and so holds no row.
        quoted: Whether values may stand in double quotes.
    """

    columns: _Columns
    header: bool
    quoted: bool

    def read(self, numbers: Sequence[int], lines: Sequence[str]) -> tuple[pd.DataFrame, list[int], list[Reject]]:
        """Return the rows of some lines, their numbers, and the lines that cannot be read."""
        table = self._all_at_once(lines)
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

    def _all_at_once(self, lines: Sequence[str]) -> pd.DataFrame | None:
        """Return the rows of some lines, or ``None`` if any of them cannot be read."""
        features = self.columns.dataset.features
        names = {feature.name for feature in features}
        try:
            table = pyarrow.csv.read_csv(
                pa.BufferReader("".join(lines).encode("utf-8", "surrogateescape")),
                read_options=pyarrow.csv.ReadOptions(
                    # Other columns may have any names, the same ones too.
                    column_names=[name if name in names else f"{name} {i}" for i, name in enumerate(self.columns.names)]
                ),
                parse_options=pyarrow.csv.ParseOptions(quote_char='"' if self.quoted else False),
                convert_options=pyarrow.csv.ConvertOptions(
                    include_columns=[feature.name for feature in features],
                    column_types={feature.name: _type(feature) for feature in features},
                    null_values=[],
                    strings_can_be_null=False,
                ),
            )
        except pa.ArrowInvalid:
            return None
        # An open quotation mark would take the next lines into its value.
        if len(table) != len(lines):
            return None
        read = _frame(table, features)
        return read if _allowed(read, features).all() else None

    def _one_by_one(self, numbers: Sequence[int], lines: Sequence[str]) -> tuple[pd.DataFrame, list[int], list[Reject]]:
        kept, rows, rejects = [], [], []
        for number, line in zip(numbers, lines, strict=True):
            raw = line.removesuffix("\n")
            values = next(csv.reader([raw])) if self.quoted else raw.split(",")
            if fault := self.columns.fault(values):
                rejects.append(Reject("line", number, *fault, raw))
            else:
                kept.append(number)
                rows.append(values)
        features = self.columns.dataset.features
        columns = {}
        for feature in features:
            position = self.columns.names.index(feature.name)
            values = [row[position] for row in rows]
            numeric = feature.kind != "categorical"
            columns[feature.name] = pa.array(list(map(float, values)) if numeric else values, type=_type(feature))
        return _frame(pa.table(columns), features), kept, rejects


def _text(
    name: str, content: gzip.GzipFile | io.BufferedReader, file: io.BufferedReader, dataset: Dataset, rows: int
) -> Iterator[Chunk]:
    """Yield the chunks of a text; ``file`` is what ``content`` is unpacked from, or the same."""
    # Closed at once rather than with the last reference, which a traceback may hold beyond the file.
    with closing(_lines(name, content)) as lines:
        first = next(lines, None)
        if first is None:
            raise UserError(f"{name}: is empty. Copy or download it again.")
        form = _form(name, *first, dataset)
        waiting = lines if form.header else itertools.chain([first], lines)
        for numbers, block in _blocks(waiting, rows):
            table, kept, rejects = form.read(numbers, block)
            yield Chunk(table, np.array(kept, dtype=np.int64), tuple(rejects), form.columns.unused, file.tell())


def _lines(name: str, content: gzip.GzipFile | io.BufferedReader) -> Generator[tuple[int, str]]:
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


def _form(name: str, number: int, line: str, dataset: Dataset) -> _TextForm:
    """Return what the first line tells about a text."""
    features = tuple(feature.name for feature in dataset.features)
    header = [value.strip() for value in next(csv.reader([line]))]
    # One alone may be a value: "land" is a feature of NSL-KDD, and an attack.
    if len(set(header) & set(features)) > 1:
        return _TextForm(_named(f"{name}, line {number}", header, number, dataset), header=True, quoted=True)
    plain = line.split(",")
    # Whoever quotes texts, as a spreadsheet does, quotes them in each line.
    quoted = any(len(value) > 1 and value[0] == value[-1] == '"' for value in plain)
    values = next(csv.reader([line])) if quoted else plain
    layout = next((layout for layout in (features, *dataset.layouts) if len(layout) == len(values)), None)
    if layout is None:
        layouts = [f"{len(features)} (the features)"]
        layouts += [f"{len(layout)} (with {' and '.join(layout[len(features) :])})" for layout in dataset.layouts]
        raise UserError(
            f"{name}, line {number}: found {column_count(values)}, the first one {shown(values[0].strip())}, but "
            f"{dataset.name} has {' or '.join(layouts)}, separated by commas. Give a file in one of these layouts, a "
            "text file whose first line names the columns, or a Parquet file."
        )
    return _TextForm(_Columns(layout, number, dataset), header=False, quoted=quoted)


def _named(place: str, names: Sequence[str], line: int, dataset: Dataset) -> _Columns:
    """Return the columns of a file that names them itself."""
    if missing := [feature.name for feature in dataset.features if feature.name not in names]:
        raise UserError(
            f"{place}: the columns do not include {', '.join(missing)}, but all {len(dataset.features)} features of "
            f"{dataset.name} are needed. Add what is missing, or give columns the data set's names."
        )
    if repeated := [feature.name for feature in dataset.features if names.count(feature.name) > 1]:
        raise UserError(f"{place}: more than one column is named {repeated[0]}. Remove or rename the others.")
    return _Columns(names, line, dataset)


def _parquet(path: Path, dataset: Dataset, rows: int) -> Iterator[Chunk]:
    features = dataset.features
    size = path.stat().st_size
    # Without these, the columns of a whole row group are loaded at once, and one row group may be the whole file.
    with pq.ParquetFile(path, pre_buffer=False, buffer_size=_BUFFER) as file:
        schema = file.schema_arrow
        columns = _named(path.name, schema.names, 1, dataset)
        for feature in features:
            _refuse_type(path.name, feature, schema.field(feature.name).type)
        first = 1
        for batch in file.iter_batches(batch_size=rows, columns=[feature.name for feature in features]):
            table = _frame(pa.Table.from_batches([batch]), features)
            allowed = _allowed(table, features)
            numbers = np.arange(first, first + len(table), dtype=np.int64)
            first += len(table)
            rejects = tuple(_reject(columns, table.iloc[i], int(numbers[i])) for i in np.flatnonzero(~allowed))
            if rejects:
                table, numbers = table[allowed].reset_index(drop=True), numbers[allowed]
            yield Chunk(table, numbers, rejects, columns.unused, size * (first - 1) // file.metadata.num_rows)


def _refuse_type(name: str, feature: Feature, found: pa.DataType) -> None:
    values = found.value_type if pa.types.is_dictionary(found) else found
    tests: list[Callable[[pa.DataType], bool]]
    if feature.kind == "categorical":
        wanted, tests = "text", [pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view]
    else:
        wanted, tests = "numbers", [pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_decimal]
    if not any(test(values) for test in tests):
        raise UserError(
            f"{name}: column {feature.name} is of type {found}, but this column holds {wanted}. "
            "Convert it before it is written."
        )


def _reject(columns: _Columns, row: pd.Series, number: int) -> Reject:
    values = {str(name): str(value) for name, value in row.items()}
    fault = columns.fault([values.get(name, "") for name in columns.names])
    assert fault is not None, values
    return Reject("row", number, *fault, ",".join(values.values()))


def _type(feature: Feature) -> pa.DataType:
    return pa.string() if feature.kind == "categorical" else pa.float64()


def _frame(table: pa.Table, features: Sequence[Feature]) -> pd.DataFrame:
    """Return the features of a table in their order; what is missing becomes NaN or an empty text."""
    columns = {}
    for feature in features:
        # Not safe: whole numbers above 2^53 lose digits, as they do in text.
        column = pc.cast(table[feature.name], _type(feature), safe=False)
        if feature.kind == "categorical":
            column = pc.utf8_trim_whitespace(pc.fill_null(column, ""))
        columns[feature.name] = column
    frame: pd.DataFrame = pa.table(columns).to_pandas()
    return frame


def _allowed(table: pd.DataFrame, features: Sequence[Feature]) -> np.ndarray:
    """Return which rows break no rule, bool of shape (rows,)."""
    allowed = np.ones(len(table), dtype=bool)
    for feature in features:
        column = table[feature.name]
        if feature.kind == "categorical":
            allowed &= (column != "").to_numpy(dtype=bool)
        else:
            allowed &= feature.allows(column.to_numpy())
    return allowed


@contextmanager
def _refusing_damage(path: Path) -> Iterator[None]:
    try:
        yield
    except (EOFError, gzip.BadGzipFile, zlib.error, pa.ArrowInvalid) as error:
        raise UserError(f"{path}: is damaged: {error}. Copy or download it again.") from error
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or error}. Give the path of a data file.") from error
