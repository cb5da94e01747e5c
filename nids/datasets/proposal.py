"""A data file → a description of it, as a first proposal that its user then corrects."""

from __future__ import annotations

import csv
import json
import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from nids.datasets.io.content import opened, refuse_foreign, unpacked
from nids.datasets.leaks import leaks
from nids.errors import UserError
from nids.metrics.formatting import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

# What stands for no value in the files that people have.
MISSING = ("", "NaN", "nan", "NA", "N/A", "Infinity", "-Infinity", "inf", "-inf", "?", "-", "null", "NULL", "None")
LABELS = ("attack_cat", "attack", "category", "label", "class", "target", "outcome")
BENIGN = ("normal", "benign", "background", "legitimate", "good", "0")
# Names of columns that tell which record it is, or where and when it was made, rather than what it is like.
_IDENTIFIERS = re.compile(
    r"(.*[ _])?(id|uid|index|unnamed: 0)|.*(timestamp|time ?stamp).*|(start|end|stime|ltime|ts|date|datetime|time)"
    r"|(src|dst|source|destination|orig|resp)?[ _]?(ip|ip ?addr(ess)?|addr|mac)|id\.(orig|resp)_h|srcip|dstip",
    re.IGNORECASE,
)
MOST_CATEGORIES, MOST_CLASSES = 300, 60
_SEPARATORS = ",;\t|"
_KEPT = 20_000  # different values of a column that are remembered
_SAMPLE = 40_000  # rows on which leaks are looked for
_LONG_TAIL = 1_000  # a column whose values reach further than this is transformed


@dataclass
class _Values:
    """What is known about a column's values.

    Attributes:
        texts: Those that are no numbers; no more of them once there are too many.
        spellings: All values, as the file spells them; no more of them once there are too many for classes.
        numbers: Different numbers, as far as they are remembered.
        missing: The spellings for no value that occur, in the order in which they did.
        rows: How many values are no missing ones.
        low: Least number.
        high: Largest number.
        whole: Whether all numbers are whole.
        ascending: Whether each number is larger than the one before.
    """

    texts: set[str] = field(default_factory=set)
    spellings: dict[str, None] = field(default_factory=dict)
    numbers: set[float] = field(default_factory=set)
    missing: list[str] = field(default_factory=list)
    rows: int = 0
    low: float = math.inf
    high: float = -math.inf
    whole: bool = True
    ascending: bool = True

    def add(self, values: pa.Array) -> None:
        """Look at some more values, which are text."""
        trimmed = pc.utf8_trim_whitespace(values)
        gone = pc.is_in(trimmed, pa.array(MISSING))
        for text in pc.unique(trimmed.filter(gone)).to_pylist():
            if text not in self.missing:
                self.missing.append(text)
        rest = trimmed.filter(pc.invert(gone))
        self.rows += len(rest)
        if len(self.spellings) <= MOST_CLASSES:
            self.spellings.update(dict.fromkeys(pc.unique(rest).to_pylist()))
        try:
            numbers = pc.cast(rest, pa.float64())
        except pa.ArrowInvalid:
            if len(self.texts) <= _KEPT:
                self.texts.update(pc.unique(rest).to_pylist())
            return
        if not len(numbers):
            return
        first = numbers[0].as_py() > self.high
        steps = pc.subtract(numbers[1:], numbers[:-1])
        self.ascending &= first and (not len(steps) or pc.min(steps).as_py() > 0)
        self.low, self.high = min(self.low, pc.min(numbers).as_py()), max(self.high, pc.max(numbers).as_py())
        self.whole &= pc.all(pc.equal(numbers, pc.floor(numbers))).as_py()
        if len(self.numbers) <= _KEPT:
            self.numbers.update(pc.unique(numbers).to_pylist())

    @property
    def labels(self) -> list[str]:
        """All values as text, as a column of labels has them; none if there are too many."""
        return sorted(self.spellings) if len(self.spellings) <= MOST_CLASSES else []


@dataclass(frozen=True)
class Proposal:
    """A description of a file.

    Attributes:
        text: The description, TOML with comments.
        remarks: What its user should look at, a sentence each.
        rows: Rows of the file.
    """

    text: str
    remarks: tuple[str, ...]
    rows: int


def propose(path: Path, name: str, label: str | None = None) -> Proposal:
    """Return a description of a Parquet file, or of a text file whose first line names its columns.

    All of it is read, in memory that does not grow with the file.

    Args:
        path: The file, plain or compressed by gzip.
        name: Name of the data set.
        label: Name of the column with the labels; ``None``: it is guessed.

    Raises:
        UserError: The file cannot be read so, or has no column that could be that of the labels.
    """
    is_parquet = _is_parquet(path)
    names, separator = (_parquet_names(path), ",") if is_parquet else _header(path)
    columns: dict[str, _Values] = {each: _Values() for each in names}
    same = {each: each.rpartition(".")[0] for each in names if each.rpartition(".")[0] in names}
    rows, samples = 0, []
    for batch in _parquet_batches(path, names) if is_parquet else _batches(path, names, separator):
        if rows < _SAMPLE:
            samples.append(batch)
        rows += len(batch)
        for column, values in zip(names, batch.columns, strict=True):
            columns[column].add(values)
        for copy, original in list(same.items()):
            if not batch[copy].equals(batch[original]):
                del same[copy]
    if not rows:
        raise UserError(f"{path}: holds no rows. Give a file with some.")
    found = _label(path, columns, label)
    remarks: list[str] = []
    ignored = _ignored(columns, found, same, rows, remarks)
    kept = {each: values for each, values in columns.items() if each not in ignored and each != found}
    if not kept:
        raise UserError(f"{path}: no column is left to learn from. Name the column of the labels with --label.")
    numeric = [each for each, values in kept.items() if not values.texts]
    for leak, accuracy in leaks(pa.Table.from_batches(samples), [*kept], numeric, found).items():
        ignored[leak] = f"alone, it gives the label away: balanced accuracy {accuracy:.1%} by its values"
        remarks.append(f"{leak} {ignored[leak]}. It is ignored; keep it only if a detector will have it in time.")
        kept.pop(leak, None)
    lines = [
        f"# What {path.name} holds: {counted(rows, 'row')}. A proposal, made from all of them: lines that end in a",
        "# comment were guessed, so look at those first.",
        f"name = {_quoted(name)}",
        f"label_column = {_quoted(found)}" + ("" if label else " # guessed by its name and its values"),
        *([] if separator == "," else [f"separator = {_quoted(separator)}"]),
        "hold_out = 0.2 # share of the rows that no search sees; the same rows each time",
        "",
        "# Not read: what identifies a record rather than describes it, or gives its label away.",
        "ignored = [",
        *(f"    {_quoted(each)}, # {why}" for each, why in ignored.items()),
        "]",
        "",
        "[files]",
        f"training = [{_quoted(path.name)}]",
        "",
        *_label_maps(found, columns[found], remarks),
        "",
        "# kind: categorical, or of numbers binary, count (whole, >= 0), integer, rate (0 to 1) or real.",
        "# transform: log1p where values span orders of magnitude, arcsinh where some of them are negative.",
        "# missing: what stands for no value; the training part's median takes its place, and a flag says so.",
        "[columns]",
        *(f"{_quoted(each)} = {{ {', '.join(_column(values))} }}" for each, values in kept.items()),
    ]
    missing = {each: values.missing for each, values in kept.items() if values.missing and not values.texts}
    if missing:
        listed = ", ".join(f"{each} ({', '.join(map(repr, spelled))})" for each, spelled in missing.items())
        remarks.append(f"Some values are missing in {listed}.")
    return Proposal("\n".join(lines) + "\n", tuple(remarks), rows)


def _is_parquet(path: Path) -> bool:
    with opened(path) as file:
        return file.peek(4).startswith(b"PAR1")


def _parquet_names(path: Path) -> list[str]:
    with opened(path) as file, pq.ParquetFile(file) as content:
        return list(content.schema_arrow.names)


def _parquet_batches(path: Path, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a Parquet file as text, in which missing values are empty."""
    with opened(path) as file, pq.ParquetFile(file, pre_buffer=False) as content:
        for batch in content.iter_batches():
            yield pa.record_batch([pc.fill_null(pc.cast(column, pa.string()), "") for column in batch.columns], names)


def _header(path: Path) -> tuple[list[str], str]:
    """Return the names of the columns, repeated ones numbered, and what separates them."""
    with opened(path) as file, unpacked(file) as content:
        refuse_foreign(path.name, content)
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
    return [each if (n := names[:i].count(each)) == 0 else f"{each}.{n}" for i, each in enumerate(names)], separator


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


def _label(path: Path, columns: dict[str, _Values], wanted: str | None) -> str:
    if wanted is not None:
        if wanted not in columns:
            raise UserError(f"{path}: has no column {wanted!r}. Its columns: {', '.join(columns)}.")
        if not columns[wanted].labels:
            raise UserError(f"{path}: {wanted} has more than {MOST_CLASSES} different values: these are no classes.")
        return wanted
    # One that names several kinds of attack rather than one that says "attack" or not.
    candidates = [each for likely in LABELS for each in columns if each.casefold() == likely and columns[each].labels]
    if candidates:
        return max(candidates, key=lambda each: len(columns[each].labels))
    raise UserError(
        f"{path}: no column looks like that of the labels (such as {', '.join(LABELS[:4])}). Name it with --label."
    )


def _ignored(
    columns: dict[str, _Values], label: str, same: dict[str, str], rows: int, remarks: list[str]
) -> dict[str, str]:
    """Return the columns that no model should see, each with the reason."""
    ignored = {}
    for name, values in columns.items():
        if name == label:
            continue
        if name in same:
            ignored[name] = f"the same as {same[name]} in each row"
        elif name.casefold() in LABELS and values.labels:
            ignored[name] = "another label"
            remarks.append(f"{name} looks like another label: it is ignored.")
        elif _IDENTIFIERS.fullmatch(name):
            ignored[name] = "by its name, it identifies a record"
        elif (
            values.whole
            and values.ascending
            and len(values.numbers) == min(rows, len(values.numbers)) > 1
            and (rows > 2 and values.high - values.low == rows - 1)
        ):
            ignored[name] = "it numbers the rows"
        elif len(values.texts) > MOST_CATEGORIES:
            ignored[name] = f"more than {MOST_CATEGORIES} different texts"
        elif not values.rows:
            ignored[name] = "it has no value in any row"
    if ignored:
        remarks.append(f"Ignored: {', '.join(ignored)}. The file says why.")
    return ignored


def _label_maps(label: str, values: _Values, remarks: list[str]) -> list[str]:
    labels = values.labels
    benign = next((each for known in BENIGN for each in labels if each.casefold() == known), None)
    if benign is None:
        benign = labels[0]
        remarks.append(
            f"None of the labels in {label} is known as that of benign traffic: {benign!r} was taken. Check it."
        )
    names = {each: each for each in labels}
    if set(labels) == {"0", "1"}:
        names = {"0": "Benign", "1": "Attack"}
    ordered = [benign, *(each for each in labels if each != benign)]
    lines = [
        "[label_maps.as-they-are]",
        f"benign = {_quoted(names[benign])} # guessed",
        "[label_maps.as-they-are.classes]",
    ]
    lines += [f"{_quoted(names[each])} = [{_quoted(each)}]" for each in ordered]
    if len(labels) > 2:
        others = ", ".join(_quoted(each) for each in ordered[1:])
        lines += ["", "[label_maps.binary]", f"benign = {_quoted(names[benign])}", "[label_maps.binary.classes]"]
        lines += [f"{_quoted(names[benign])} = [{_quoted(benign)}]", f"Attack = [{others}]"]
    return lines


def _column(values: _Values) -> Iterator[str]:
    """Yield the keys of a column's line."""
    if values.texts:
        yield 'kind = "categorical"'
        if "" in values.missing:
            yield 'missing = [""]'
        return
    kind = "real"
    if values.whole:
        kind = "integer" if values.low < 0 else "binary" if values.numbers <= {0.0, 1.0} else "count"
    yield f'kind = "{kind}"'
    tail = max(values.high, -values.low) > _LONG_TAIL
    if kind == "real" and values.low >= 0:
        yield "minimum = 0"
    if tail:
        yield f'transform = "{"log1p" if values.low >= 0 else "arcsinh"}"'
    if values.missing:
        yield f"missing = [{', '.join(map(_quoted, values.missing))}]"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
