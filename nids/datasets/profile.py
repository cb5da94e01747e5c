"""What the columns of a data file hold, of which nothing is known yet: one look at all of its rows."""

from __future__ import annotations

import csv
import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from nids.datasets.io.checks import numbered
from nids.datasets.io.content import is_parquet, opened, refuse_foreign, unpacked
from nids.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

# What stands for no value in the files that people have.
MISSING = ("", "NaN", "nan", "NA", "N/A", "Infinity", "-Infinity", "inf", "-inf", "?", "-", "null", "NULL", "None")
MOST_CLASSES = 60
_SEPARATORS = ",;\t|"
_SAMPLE_OF_BATCH = 500
_KEPT = 20_000  # different texts of a column that are remembered


@dataclass
class ColumnProfile:
    """What is known about a column's values.

    Attributes:
        texts: Those that are no numbers; no more of them once there are too many.
        spellings: All values, as the file spells them, each with its rows; no more of them once there are too many
            for classes.
        missing: The spellings for no value that occur, in the order in which they did.
        rows: How many values are no missing ones.
        low: Least number.
        high: Largest number.
        whole: Whether all numbers are whole.
        ascending: Whether each number is larger than the one before.
    """

    texts: set[str] = field(default_factory=set)
    spellings: dict[str, int] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    rows: int = 0
    low: float = math.inf
    high: float = -math.inf
    whole: bool = True
    ascending: bool = True

    def add(self, values: pa.Array) -> None:
        """Look at some more values, which are text."""
        trimmed = pc.utf8_trim_whitespace(values)
        if len(self.spellings) <= MOST_CLASSES:
            for each in pc.value_counts(trimmed).to_pylist():
                self.spellings[each["values"]] = self.spellings.get(each["values"], 0) + each["counts"]
        rest = self._without_missing(trimmed, pc.is_in(trimmed, pa.array(MISSING)))
        try:
            numbers = pc.cast(rest, pa.float64())
        except pa.ArrowInvalid:
            if len(self.texts) <= _KEPT:
                self.texts.update(pc.unique(rest).to_pylist())
            self.rows += len(rest)
            return
        # "INF" and others that are no number in a column of numbers.
        finite = pc.is_finite(numbers)
        self._without_missing(rest, pc.invert(finite))
        numbers = numbers.filter(finite)
        self.rows += len(numbers)
        if not len(numbers):
            return
        first = numbers[0].as_py() > self.high
        steps = pc.subtract(numbers[1:], numbers[:-1])
        self.ascending &= first and (not len(steps) or pc.min(steps).as_py() > 0)
        self.low, self.high = min(self.low, pc.min(numbers).as_py()), max(self.high, pc.max(numbers).as_py())
        self.whole &= pc.all(pc.equal(numbers, pc.floor(numbers))).as_py()

    def _without_missing(self, values: pa.Array, gone: pa.Array) -> pa.Array:
        """Note how missing values are spelled, and return the others."""
        for text in pc.unique(values.filter(gone)).to_pylist():
            if text not in self.missing:
                self.missing.append(text)
        return values.filter(pc.invert(gone))

    @property
    def labels(self) -> list[str]:
        """All values as text, as a column of labels has them; none if there are too many."""
        return sorted(self.spellings) if len(self.spellings) <= MOST_CLASSES else []


@dataclass(frozen=True)
class Profile:
    """What a file holds.

    Attributes:
        columns: What is known of each column, in the order of the file; repeated names are numbered, "NAME.1".
        same: The columns with a repeated name that equal the first one of that name in each row, each with that one.
        separator: What stands between values, a comma in a Parquet file.
        rows: Number of rows.
        repeated_headers: Number of lines in the middle that name the columns once more, which are no rows.
        sample: Some rows from all over the file, all values as text.
    """

    columns: dict[str, ColumnProfile]
    same: dict[str, str]
    separator: str
    rows: int
    repeated_headers: int
    sample: pa.Table


def profile(path: Path, sample: int) -> Profile:
    """Look at all rows of a Parquet file, or of a text whose first line names its columns, in bounded memory.

    Args:
        path: The file; text may be compressed by gzip.
        sample: The most rows to keep of the first 16 MiB; of the following ones, it is a few of each.

    Raises:
        UserError: The file cannot be read so, or has no rows.
    """
    in_parquet = _is_parquet(path)
    header, separator = (_parquet_names(path), ",") if in_parquet else _header(path)
    names = _told_apart(path, header)
    columns = {each: ColumnProfile() for each in names}
    same = {each: each.rpartition(".")[0] for each in names if each.rpartition(".")[0] in names}
    rows, repeated, kept_rows = 0, 0, []
    for read in _parquet_batches(path, names) if in_parquet else _batches(path, names, separator):
        batch = read if in_parquet else _without_headers(read, header)
        repeated += len(read) - len(batch)
        # From all over the file, as files are often sorted by day or by class.
        number = min(len(batch), _SAMPLE_OF_BATCH if rows else sample)
        kept_rows.append(batch.take(pa.array(np.linspace(0, len(batch) - 1, number).astype(np.int64))))
        rows += len(batch)
        for column, values in zip(names, batch.columns, strict=True):
            columns[column].add(values)
        for copy, original in list(same.items()):
            if not batch[copy].equals(batch[original]):
                del same[copy]
    if not rows:
        raise UserError(f"{path}: holds no rows. Give a file with some.")
    return Profile(columns, same, separator, rows, repeated, pa.Table.from_batches(kept_rows))


def _is_parquet(path: Path) -> bool:
    with opened(path) as file:
        return is_parquet(file)


def _parquet_names(path: Path) -> list[str]:
    with opened(path) as file, pq.ParquetFile(file) as content:
        return list(content.schema_arrow.names)


def _parquet_batches(path: Path, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a Parquet file as text, in which missing values are empty."""
    with opened(path) as file, pq.ParquetFile(file, pre_buffer=False) as content:
        for batch in content.iter_batches():
            yield pa.record_batch([_as_text(path, name, batch[name]) for name in names], names)


def _as_text(path: Path, name: str, values: pa.Array) -> pa.Array:
    """Return values as a text would have them; a flag is 0 or 1, and a missing one is empty."""
    try:
        numbers = pc.cast(values, pa.int8()) if pa.types.is_boolean(values.type) else values
        return pc.fill_null(pc.cast(numbers, pa.string()), "")
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise UserError(
            f"{path}: column {name} is of type {values.type}, but columns hold numbers or text. Convert or drop it."
        ) from None


def _header(path: Path) -> tuple[list[str], str]:
    """Return the names of the columns, and what separates them."""
    with opened(path) as file, unpacked(file) as content:
        refuse_foreign(path.name, content)
        # A line that cannot be decoded is told of where the rows are read.
        line = content.readline(1 << 17).decode("utf-8-sig", "replace").rstrip("\r\n")
    separator = max(_SEPARATORS, key=line.count)
    names = [each.strip() for each in next(csv.reader([line], delimiter=separator))] if line else []
    if len(names) < 2 or all(re.fullmatch(r"[-+.\deE]*", each) for each in names):
        raise UserError(
            f"{path}, line 1: does not name the columns: found {line[:60]!r}. Add a first line that does, separated by "
            "commas, semicolons, tabs or vertical bars."
        )
    if sum(bool(re.fullmatch(r"[-+]?\d+\.?\d*([eE][-+]?\d+)?", each)) for each in names) > len(names) / 2:
        raise UserError(
            f"{path}, line 1: holds values, not the names of the columns. Add a first line that names them."
        )
    return names, separator


def _told_apart(path: Path, header: Sequence[str]) -> list[str]:
    names = numbered(header)
    if repeated := sorted({each for each in names if names.count(each) > 1}):
        raise UserError(f"{path}, line 1: more than one column is named {repeated[0]}. Rename one of them.")
    return names


def _without_headers(rows: pa.RecordBatch, header: Sequence[str]) -> pa.RecordBatch:
    """Return the rows that do more than name the columns once more."""
    repeated = pc.equal(pc.utf8_trim_whitespace(rows.columns[0]), header[0])
    if not pc.any(repeated).as_py():
        return rows
    for values, name in zip(rows.columns[1:], header[1:], strict=True):
        repeated = pc.and_(repeated, pc.equal(pc.utf8_trim_whitespace(values), name))
    return rows.filter(pc.invert(repeated))


def _batches(path: Path, names: Sequence[str], separator: str) -> Iterator[pa.RecordBatch]:
    with opened(path) as file, unpacked(file) as content:
        try:
            yield from pyarrow.csv.open_csv(
                pa.PythonFile(content, mode="r"),
                read_options=pyarrow.csv.ReadOptions(column_names=list(names), skip_rows=1, block_size=1 << 24),
                parse_options=pyarrow.csv.ParseOptions(delimiter=separator),
                convert_options=pyarrow.csv.ConvertOptions(
                    column_types=dict.fromkeys(names, pa.string()), null_values=[], strings_can_be_null=False
                ),
            )
        except pa.ArrowInvalid as error:
            raise UserError(f"{path}: {error}. Correct the line, or export the file again.") from None
