"""What the columns of a data file hold, of which nothing is known yet: one look at all of its rows."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from nids.datasets.io.archive import data_path
from nids.datasets.io.batches import text_batches
from nids.datasets.times import FORMATS, fitting
from nids.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nids.datasets.io.chunks import TextBatches, Unit
    from nids.datasets.io.content import DataPath

# What stands for no value in the files that people have.
MISSING = (
    *("", "NaN", "nan", "NA", "N/A", "n/a", "#N/A", "Infinity", "-Infinity", "inf", "-inf"),
    *("?", "-", "null", "NULL", "Null", "None", "none"),
)
MOST_LABELS = 60
_SAMPLE_OF_BATCH = 500
# Different texts of a column that are remembered, and of all columns together; the start of each is enough to tell it.
_KEPT, _KEPT_IN_ALL, _FEWEST_KEPT, _LONGEST_KEPT = 20_000, 4_000_000, 1_000, 200
# Spellings for no value that are noted: of a number that overflows there is no end of them.
_MOST_MISSING = 100
_LARGEST_SAMPLE = 1 << 28  # bytes
# A column with this share of numbers is one of numbers: what else is there is a fault of the file, or missing.
_NUMERIC = 0.99
_NUMBER = r"(?i)^[+-]?((\d+\.?\d*|\.\d+)(e[+-]?\d+)?|nan|inf|infinity)$"


@dataclass
class ColumnProfile:
    """What is known about a column's values.

    Attributes:
        texts: Those that are no numbers; no more of them once there are too many.
        numbers_beside: Numbers as they are spelled where there are texts; no more of them once there are too many.
        no_numbers: How many values are texts.
        first_text: The first text, and the number of its line or row.
        spellings: All values, as the file spells them, each with its rows; no more of them once there are too many
            for classes.
        missing: The spellings for no value that occur, in the order in which they did; no more of them once there are
            too many.
        rows: How many values are no missing ones.
        low: Least number.
        high: Largest number.
        whole: Whether all numbers are whole.
        ascending: Whether each number is larger than the one before.
        time_formats: Formats in which all values are times, as ``nids.datasets.times.fitting`` returns them; of numbers
            the empty one.
        most_kept: Texts of a kind that are remembered.
    """

    texts: set[str] = field(default_factory=set)
    numbers_beside: set[str] = field(default_factory=set)
    no_numbers: int = 0
    first_text: tuple[str, int] | None = None
    spellings: dict[str, int] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    rows: int = 0
    low: float = math.inf
    high: float = -math.inf
    whole: bool = True
    ascending: bool = True
    time_formats: tuple[str, ...] = ("", *FORMATS)
    most_kept: int = _KEPT

    def add(self, values: pa.Array, lines: np.ndarray) -> None:
        """Look at some more values, which are text, with the number of each one's line or row."""
        trimmed = pc.utf8_trim_whitespace(values)
        if len(self.spellings) <= MOST_LABELS:
            for each in pc.value_counts(trimmed)[: self.most_kept].to_pylist():
                self.spellings[each["values"]] = self.spellings.get(each["values"], 0) + each["counts"]
        gone = pc.is_in(trimmed, pa.array(MISSING))
        rest = self._without_missing(trimmed, gone)
        try:
            numbers = pc.cast(rest, pa.float64())
        except pa.ArrowInvalid:
            if self.time_formats:  # which most columns of text have lost after some rows
                no_numbers = self.low == math.inf
                self.time_formats = fitting(pc.unique(rest).to_pandas(), self.time_formats) if no_numbers else ()
            rest = self._without_texts(rest, lines[~gone.to_numpy(zero_copy_only=False)])
            numbers = pc.cast(rest, pa.float64())
        # "INF" and others that are no number in a column of numbers.
        finite = pc.is_finite(numbers)
        self._without_missing(rest, pc.invert(finite))
        numbers = numbers.filter(finite)
        self.rows += len(numbers)
        if not len(numbers):
            return
        self.time_formats = () if self.texts else self.time_formats[:1]
        first = numbers[0].as_py() > self.high
        steps = pc.subtract(numbers[1:], numbers[:-1])
        self.ascending &= first and (not len(steps) or pc.min(steps).as_py() > 0)
        self.low, self.high = min(self.low, pc.min(numbers).as_py()), max(self.high, pc.max(numbers).as_py())
        self.whole &= pc.all(pc.equal(numbers, pc.floor(numbers))).as_py()

    def _without_texts(self, values: pa.Array, lines: np.ndarray) -> pa.Array:
        """Note what is no number, and return the others."""
        encoded = values.dictionary_encode()
        are_numbers = pc.match_substring_regex(encoded.dictionary, _NUMBER)
        for kept, found in ((self.texts, pc.invert(are_numbers)), (self.numbers_beside, are_numbers)):
            if len(kept) <= self.most_kept:
                starts = pc.utf8_slice_codeunits(encoded.dictionary.filter(found), 0, _LONGEST_KEPT)
                kept.update(starts[: self.most_kept].to_pylist())
        keep = are_numbers.take(encoded.indices)
        texts = np.flatnonzero(~keep.to_numpy(zero_copy_only=False))
        self.first_text = self.first_text or (values[int(texts[0])].as_py(), int(lines[texts[0]]))
        self.no_numbers += len(texts)
        self.rows += len(texts)
        return values.filter(keep)

    def _without_missing(self, values: pa.Array, gone: pa.Array) -> pa.Array:
        """Note how missing values are spelled, and return the others."""
        for text in pc.unique(values.filter(gone)).to_pylist():
            if len(self.missing) < _MOST_MISSING and len(text) <= _LONGEST_KEPT and text not in self.missing:
                self.missing.append(text)
        return values.filter(pc.invert(gone))

    @property
    def is_numeric(self) -> bool:
        """Whether it is a column of numbers, though some values may be none."""
        return self.no_numbers <= (1 - _NUMERIC) * self.rows

    @property
    def categories(self) -> int:
        """How many different values a column of texts has, or more than enough."""
        return len(self.texts) + len(self.numbers_beside)

    @property
    def labels(self) -> list[str]:
        """All values as text, as a column of labels has them; none if there are too many."""
        return sorted(self.spellings) if len(self.spellings) <= MOST_LABELS else []


@dataclass(frozen=True)
class Profile:
    """What files of the same columns hold.

    Attributes:
        columns: What is known of each column, in the order of the first file; repeated names are numbered, "NAME.1".
        same: The columns with a repeated name that equal the first one of that name in each row, each with that one.
        separator: What stands between values, a comma where nothing does.
        unit: What the numbers of rows count.
        times: The columns whose type says that they tell a time.
        rows: Number of rows.
        repeated_headers: Number of lines in the middle that name the columns once more, which are no rows.
        sample: Some rows from all over the files, all values as text.
    """

    columns: dict[str, ColumnProfile]
    same: dict[str, str]
    separator: str
    unit: Unit
    times: frozenset[str]
    rows: int
    repeated_headers: int
    sample: pa.Table


def profile(paths: Sequence[DataPath], sample: int, names: Sequence[str] = ()) -> Profile:
    """Look at all rows of files in any forms that ``nids.datasets.io.stream.stream`` reads, in bounded memory.

    Args:
        paths: The files, on disk or inside zip archives, see ``nids.datasets.io.archive.data_path``; all with the same
            columns.
        sample: The most rows to keep of the first batch; of the following ones, it is a few of each.
        names: Names of the columns, where the files do not tell them.

    Raises:
        UserError: A file cannot be read so, the files have not the same columns, or there are no rows.
    """
    rows = repeated = kept_bytes = 0
    kept_rows: list[pa.RecordBatch] = []
    source = text_batches(data_path(paths[0]), names)
    most_kept = min(_KEPT, max(_FEWEST_KEPT, _KEPT_IN_ALL // len(source.names)))
    columns = {each: ColumnProfile(most_kept=most_kept) for each in source.names}
    same = {each: each.rpartition(".")[0] for each in source.names if each.rpartition(".")[0] in source.names}
    others = (_batches_like(source, path, paths[0], names) for path in paths[1:])
    for read_numbers, read in itertools.chain(source.batches, itertools.chain.from_iterable(others)):
        is_row = _are_rows(read, source.names)
        numbers, batch = read_numbers[is_row.to_numpy(zero_copy_only=False)], read.filter(is_row)
        repeated += len(read) - len(batch)
        # From all over the files, as they are often sorted by day or by class.
        number = min(len(batch), _SAMPLE_OF_BATCH if rows else sample)
        if kept_bytes <= _LARGEST_SAMPLE:
            kept_rows.append(batch.take(pa.array(np.linspace(0, len(batch) - 1, number).astype(np.int64))))
            kept_bytes += kept_rows[-1].nbytes
        rows += len(batch)
        for column, values in zip(source.names, batch.columns, strict=True):
            columns[column].add(values, numbers)
        for copy, original in list(same.items()):
            if not batch[copy].equals(batch[original]):
                del same[copy]
    if not rows:
        raise UserError(f"{paths[0]}: holds no rows. Give a file with some.")
    sample_table = pa.Table.from_batches(kept_rows)
    return Profile(columns, same, source.separator, source.unit, source.times, rows, repeated, sample_table)


def _batches_like(
    first: TextBatches, path: DataPath, first_path: DataPath, names: Sequence[str]
) -> Iterator[tuple[np.ndarray, pa.RecordBatch]]:
    """Yield the rows of a file that has the columns of the first one, in the order of that."""
    source = text_batches(data_path(path), names)
    if source.separator != first.separator:
        raise UserError(
            f"{path}: its values are separated by {source.separator!r}, but those of {first_path} by "
            f"{first.separator!r}. Describe them on their own."
        )
    if different := set(first.names) ^ set(source.names):
        file, other = (path, first_path) if different & set(first.names) else (first_path, path)
        raise UserError(
            f"{file}: has no column {min(different & {*first.names} or different)}, but {other} has. Describe files of "
            "other columns on their own."
        )
    for numbers, batch in source.batches:
        yield numbers, batch.select(list(first.names))


def _are_rows(rows: pa.RecordBatch, names: Sequence[str]) -> pa.BooleanArray:
    """Return which rows do more than name the columns once more; a repeated name is numbered among ``names``."""
    header = pa.repeat(pa.scalar(True), len(rows))
    for values, name in zip(rows.columns, names, strict=True):
        as_named = pa.array([name, name.rpartition(".")[0]] if name.rpartition(".")[0] in names else [name])
        header = pc.and_(header, pc.is_in(pc.utf8_trim_whitespace(values), as_named))
        if not pc.any(header).as_py():
            break
    return pc.invert(header)
