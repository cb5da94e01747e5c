"""A text of which nothing is known yet → all its values as text, in batches."""

from __future__ import annotations

import csv
import itertools
import re
from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from nids.datasets.column import Column
from nids.datasets.io.checks import Field, FileColumns, numbered
from nids.datasets.io.chunks import TextBatches
from nids.datasets.io.compression import unpacked
from nids.datasets.io.content import opened
from nids.datasets.io.delimited import Delimited
from nids.datasets.io.form import LineError, typed
from nids.datasets.io.json_lines import values_by_name
from nids.datasets.io.layout import is_quoted, plain_values
from nids.datasets.io.lines import MOST_COLUMNS, blocks, lines_of
from nids.errors import UserError, excerpt

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nids.datasets.io.content import DataPath
    from nids.datasets.io.form import Form, Opening

ROWS = 65_536
_SEPARATORS = ",;\t|"
# Half of a pair, or a byte that is no UTF-8 as a decoder keeps it: no text in UTF-8 can have either.
_HALF = re.compile(r"[\ud800-\udfff]")
_NUMBER = re.compile(r"[-+]?\d+(\.\d*)?([eE][-+]?\d+)?")


def of_opening(path: DataPath, opening: Opening, given: Sequence[str]) -> TextBatches:
    """Return the rows of a text in a form that tells itself what its columns are; none may be ``given``."""
    if given:
        raise names_itself(path, opening.where)
    names = distinct(path, _all_keys(path) if opening.open_ended else opening.names, opening.where)
    form = opening.form(tuple(names))
    batches = _read(path, form, opening.where, opening.lines, ordered=not opening.open_ended)
    return TextBatches(names, ",", "line", frozenset(), batches)


def _all_keys(path: DataPath) -> list[str]:
    """Return the keys of all objects of a file of JSON lines, in the order in which they occur."""
    keys: dict[str, None] = {}
    with opened(path) as file, unpacked(file) as content, closing(lines_of(str(path), content)) as lines:
        for number, line in lines:
            try:
                keys.update(dict.fromkeys(values_by_name(line)))
            except LineError as error:
                raise UserError(f"{path}, line {number}: {error}. Correct or remove the line.") from None
            if len(keys) > MOST_COLUMNS:
                raise UserError(
                    f"{path}, line {number}: the objects have more than {MOST_COLUMNS:,} different keys. "
                    "Give a file whose keys name columns."
                )
    return list(keys)


def of_separated(
    path: DataPath, first: tuple[int, str], lines: Iterator[tuple[int, str]], given: Sequence[str]
) -> TextBatches:
    """Return the rows of separated text.

    Args:
        path: The file.
        first: Its first line, with its number.
        lines: The lines after that.
        given: Names of the columns; none: the first line tells them.
    """
    number, line = first
    separator = max(_SEPARATORS, key=line.count)
    if given:
        values = plain_values(line, separator)
        if [value.strip() for value in values] == list(given):
            raise names_itself(path, f"line {number}")
        if len(values) != len(given):
            raise UserError(
                f"{path}, line {number}: has {len(values)} columns, but --names tells {len(given)}. Name each column."
            )
        form = Delimited(tuple(given), separator, quoted=is_quoted(line, separator))
        names, lines = list(given), itertools.chain([first], lines)
    else:
        names = _header(path, number, line.rstrip("\r\n"), separator)
        form = Delimited(tuple(names), separator, quoted=True)
    return TextBatches(names, separator, "line", frozenset(), _read(path, form, f"line {number}", lines))


def _header(path: DataPath, number: int, line: str, separator: str) -> list[str]:
    """Return the names of the columns, repeated ones numbered."""
    names = [each.strip() for each in next(csv.reader([line], delimiter=separator))] if line else []
    if len(names) < 2 or all(re.fullmatch(r"[-+.\deE]*", each) for each in names):
        raise UserError(
            f"{path}, line {number}: does not name the columns: found {excerpt(line)}. Add a first line that does, "
            f"separated by commas, semicolons, tabs or vertical bars, or give the names by --names."
        )
    if sum(bool(_NUMBER.fullmatch(each)) for each in names) > len(names) / 2:
        raise UserError(
            f"{path}, line {number}: holds values, not the names of the columns. Give these by --names, with commas "
            "between or as a file that has one a line, or add a first line with them."
        )
    return distinct(path, names, f"line {number}")


def distinct(path: DataPath, told: Sequence[str], where: str) -> list[str]:
    """Return names of columns, repeated ones numbered; raise a UserError if two are the same then or one is no text."""
    names = numbered(told)
    if damaged := [name for name in names if _HALF.search(name)]:
        raise UserError(
            f"{path}, {where}: the name {excerpt(damaged[0])} is not in UTF-8. Save the file as UTF-8 text."
        )
    if repeated := sorted(name for name, times in Counter(names).items() if times > 1):
        raise UserError(f"{path}, {where}: more than one column is named {repeated[0]}. Rename one of them.")
    return names


def _read(
    path: DataPath, form: Form, where: str, lines: Iterator[tuple[int, str]], *, ordered: bool = True
) -> Iterator[tuple[np.ndarray, pa.RecordBatch]]:
    """Yield the rows of a text; the first line that cannot be read is told."""
    types = dict.fromkeys(form.names, pa.string())
    anything = [Field(Column(name, "categorical", missing=("",))) for name in form.names]
    columns = FileColumns(form.names, where, anything, ordered=ordered)
    for numbers, block in blocks(lines, ROWS):
        table = form.table(block, types)
        if table is None:
            rows = [_values(path, form, columns, *line) for line in zip(numbers, block, strict=True)]
            table = typed(dict(zip(form.names, zip(*rows, strict=True), strict=True)), types)
            assert table is not None, path
        yield np.array(numbers, dtype=np.int64), table.combine_chunks().to_batches()[0]


def _values(path: DataPath, form: Form, columns: FileColumns, number: int, line: str) -> list[str]:
    try:
        values = form.values(line.removesuffix("\n"))
    except LineError as error:
        raise UserError(f"{path}, line {number}: {error}. Correct or remove the line.") from None
    if fault := columns.fault(values):
        _, column, found = fault
        place = f"line {number}, {column}" if column else f"line {number}"
        raise UserError(f"{path}, {place}: {found}. Correct the line, or export the file again.")
    return values


def names_itself(path: DataPath, where: str) -> UserError:
    """Return the message for names that a file does not need."""
    return UserError(f"{path}: names its columns itself, by {where}. Leave out --names.")
