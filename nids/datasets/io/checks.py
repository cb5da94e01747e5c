"""The columns that are read from a file, and how a message names a value that breaks their rules."""

from __future__ import annotations

import difflib
import math
import re
from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
import pyarrow as pa

from nids.datasets.column import Column
from nids.datasets.io.numbers import SPACES, is_number, number_in
from nids.datasets.labels import loose_form
from nids.datasets.times import expected, seconds
from nids.errors import UserError, excerpt

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from nids.datasets.schema import DatasetSpec

Problem = Literal["value", "label map", "repeated header", "encoding", "too few columns", "too many columns"]

# A byte that is no UTF-8, as a decoder keeps it.
_UNDECODED = re.compile(r"[\udc80-\udcff]")
_REMEMBERED = 100
_FEW = 12


@dataclass(frozen=True)
class Field:
    """A column that is read.

    Attributes:
        column: Its name and kind.
        known: The values that a column of labels may have; ``None`` for any other column.
        elsewhere: Of the labels that only another label map knows, that map's name.
        loose: Whether labels may have other spellings, see ``nids.datasets.labels.loose_form``.
        of_any_type: Whether it is read as text whatever its type is, in a file that has types.
        time_format: Of a column of times, the forms of its text, as for ``nids.datasets.times.seconds``; ``None`` for
            any other column.
    """

    column: Column
    known: Mapping[str, int] | None = None
    elsewhere: Mapping[str, str] | None = None
    loose: bool = False
    of_any_type: bool = False
    time_format: tuple[str, ...] | None = None

    @property
    def name(self) -> str:
        """Name of the column."""
        return self.column.name

    @property
    def is_text(self) -> bool:
        """Whether its values are names rather than numbers."""
        return self.column.kind == "categorical"

    @cached_property
    def missing_numbers(self) -> tuple[float, ...]:
        """The numbers that stand for no value, NaN and infinity among them."""
        return () if self.is_text else tuple(float(text) for text in self.column.missing if is_number(text))

    @cached_property
    def nan_is_missing(self) -> bool:
        """Whether NaN is among them."""
        return any(map(math.isnan, self.missing_numbers))

    @cached_property
    def missing_texts(self) -> frozenset[str]:
        """What else stands for no value in a column of numbers."""
        if self.is_text:
            return frozenset()
        return frozenset(text for text in self.column.missing if not is_number(text))

    @cached_property
    def _by_form(self) -> Mapping[str, str]:
        """The labels of all maps by their loose form."""
        return {loose_form(label): label for label in (*(self.elsewhere or ()), *(self.known or ()))}

    def label(self, text: str) -> str:
        """Return the label that a text stands for, or the text itself if it is none."""
        text = text.strip()
        if not self.loose or text in (self.known or ()):
            return text
        return self._by_form.get(loose_form(text), text)

    @property
    def type(self) -> pa.DataType:
        """What its values are read as."""
        return pa.string() if self.is_text else pa.float64()

    def allows(self, values: pd.Series) -> np.ndarray:
        """Return which values break no rule, bool of shape (rows,)."""
        if self.known is not None:
            return values.isin(list(self.known)).to_numpy(dtype=bool)
        if self.time_format is not None:
            return np.isfinite(seconds(values, self.time_format))
        if self.is_text:
            return (values != "").to_numpy(dtype=bool) | ("" in self.column.missing)
        numbers = values.to_numpy()
        allowed = self.column.allows(numbers)
        return allowed | np.isnan(numbers) if self.column.missing else allowed

    def number(self, value: str) -> float:
        """Return the number that a text without a fault stands for, NaN for a missing one."""
        return math.nan if value.strip(SPACES) in self.missing_texts else number_in(value)

    def broken_rule(self, value: str) -> str | None:
        """Return the rule that a value breaks, in words; ``None`` if it breaks none."""
        if self.known is not None:
            label = self.label(value)
            if self.elsewhere and label in self.elsewhere:
                return f"of the label maps, {self.elsewhere[label]} knows this label, not the one in use"
            return None if label in self.known else f"this is not a known label{_suggestion(value, self.known)}"
        if self.time_format is not None:
            return None if self.allows(pd.Series([value.strip()], dtype="str")).all() else expected(self.time_format)
        if self.is_text:
            return None if value.strip() or "" in self.column.missing else self.column.rule
        if value.strip(SPACES) in self.missing_texts:
            return None
        try:
            number = number_in(value)
        except ValueError:
            return "this column holds numbers"
        if number in self.missing_numbers or (math.isnan(number) and self.nan_is_missing):
            return None
        if not math.isfinite(number):
            return "numbers must be finite"
        return None if self.column.allows(np.array(number)) else self.column.rule


def fields_of(dataset: DatasetSpec, *, labelled: bool) -> tuple[Field, ...]:
    """Return what is read of a data set's files: its columns, and its labels, time and group if they are asked for."""
    features = [Field(column) for column in dataset.columns]
    if not labelled:
        return tuple(features)
    first, *others = dataset.label_maps
    known = first.positions
    elsewhere = {label: each.name for each in reversed(others) for label in each.class_of_label if label not in known}
    label = Field(Column(dataset.label_column, "categorical"), known, elsewhere, dataset.loose_labels)
    attack = (Field(Column(name, "categorical")) for name in dataset.labels[1:])
    # A group that nothing is known of is one too.
    sides = [Field(Column(name, "categorical", missing=("",)), of_any_type=True) for name in dataset.context_columns]
    if dataset.time_column in dataset.context_columns:
        sides[0] = replace(sides[0], time_format=dataset.time_format)
    return (*features, label, *attack, *sides)


class FileColumns:
    """The columns of one file, and the rules of those that are read.

    Args:
        names: Names of all columns, in the order of the file.
        where: What tells them, such as "line 1".
        fields: What is read; each is among the names once.
        ordered: Whether they have a place in a row, and not only a name.
    """

    def __init__(self, names: Sequence[str], where: str, fields: Sequence[Field], *, ordered: bool = True) -> None:
        self.names = tuple(names)
        self.where = where
        self.fields = tuple(fields)
        self._ordered = ordered

    @cached_property
    def unused(self) -> tuple[str, ...]:
        """Names of the columns that are not read."""
        read = {field.name for field in self.fields}
        return tuple(name for name in self.names if name not in read)

    @cached_property
    def _checks(self) -> list[tuple[int, str, Callable[[str], tuple[Problem, str] | None]]]:
        """For each field, in the order of the file: its position, its name, and from a value to what is wrong with it.

        The answers are remembered, as there are few different values, but not all, as a stream has no end, and not of
        long values.
        """
        return sorted((self.names.index(field.name), field.name, _checker(field)) for field in self.fields)

    def fault(self, values: Sequence[str]) -> tuple[Problem, str, str] | None:
        """Return problem, column and fault of the first value of a row that breaks a rule, or ``None``."""
        if len(values) != len(self.names):
            problem: Problem = "too few columns" if len(values) < len(self.names) else "too many columns"
            return problem, "", f"found {column_count(values)}, but {self.where} has {len(self.names)}"
        for position, name, check in self._checks:
            if fault := check(values[position]):
                return fault[0], f"column {position + 1} ({name})" if self._ordered else f"column {name}", fault[1]
        return None


def named_columns(
    location: str,
    names: Sequence[str],
    where: str,
    dataset: DatasetSpec,
    fields: Sequence[Field],
    *,
    ordered: bool = True,
) -> FileColumns:
    """Return the columns of a file that names them itself; ``where`` and ``ordered`` as for ``FileColumns``.

    Raises:
        UserError: A column that is read is missing, or there more than once; ``location`` says where.
    """
    names = _renamed(location, _told_apart(names, dataset), dataset, fields)
    missing = [field.name for field in fields if field.name not in names]
    if missing:
        needed = f"all {len(dataset.columns)} features of {dataset.name}"
        if len(fields) > len(dataset.columns):
            needed += f" and its labels ({', '.join(dataset.labels)})"
        if (sides := dataset.context_columns) and len(fields) > len(dataset.columns):
            needed += f" and what tells time or group ({', '.join(sides)})"
        raise UserError(
            f"{location}: the columns do not include {', '.join(missing)}, but {needed} are needed. Add what is "
            "missing, give columns the data set's names, or describe the file as it is with `nids data describe`."
        )
    if repeated := [field.name for field in fields if names.count(field.name) > 1]:
        raise UserError(
            f"{location}: more than one column is named {repeated[0]}. Remove or rename the others; where a "
            f'description lists "{repeated[0]}.1" in ignored, the first one is read.'
        )
    return FileColumns(names, where, fields, ordered=ordered)


def _told_apart(names: Sequence[str], dataset: DatasetSpec) -> list[str]:
    """Return the names of a file's columns, a repeated one as "NAME.1" and so on where the data set knows it so."""
    known = {*(column.name for column in dataset.columns), *dataset.context_columns, *dataset.ignored}
    return [told if told in known else name for name, told in zip(names, numbered(names), strict=True)]


def _renamed(location: str, names: Sequence[str], dataset: DatasetSpec, fields: Sequence[Field]) -> list[str]:
    """Return the names of a file's columns, with the data set's own where the file has another one for what is read."""
    own: dict[str, str] = {}
    for name in {field.name for field in fields} - set(names):
        others = [other for other in dataset.aliases.get(name, ()) if other in names]
        if len(others) > 1:
            raise UserError(
                f"{location}: {' and '.join(others)} may both be the column {name} of {dataset.name}. Rename the one "
                f"that is to {name}."
            )
        own |= dict.fromkeys(others, name)
    return [own.get(name, name) for name in names]


def numbered(names: Sequence[str]) -> list[str]:
    """Return names with the second and later ones of a kind as "NAME.1" and so on."""
    earlier: Counter[str] = Counter()
    told = []
    for name in names:
        told.append(f"{name}.{earlier[name]}" if earlier[name] else name)
        earlier[name] += 1
    return told


def column_count(values: Sequence[str]) -> str:
    """Return "3 columns" for three values."""
    return "1 column" if len(values) == 1 else f"{len(values)} columns"


def _checker(field: Field) -> Callable[[str], tuple[Problem, str] | None]:
    def check(value: str) -> tuple[Problem, str] | None:
        if not value.isascii() and (undecoded := _UNDECODED.search(value)) and field.label(value) == value.strip():
            byte = ord(undecoded[0]) - 0xDC00
            return "encoding", f"found the byte 0x{byte:02x}, but the file must be UTF-8 text"
        if rule := field.broken_rule(value):
            problem: Problem = "repeated header" if value.strip() == field.name else "value"
            if field.elsewhere and field.label(value) in field.elsewhere:
                problem = "label map"
            return problem, f"found {excerpt(value)}, but {rule}"
        return None

    of_short = lru_cache(1_024)(check)
    return lambda value: of_short(value) if len(value) <= _REMEMBERED else check(value)


def _suggestion(value: str, known: Mapping[str, int]) -> str:
    if close := difflib.get_close_matches(value.strip().lower(), known, n=3):
        return f" (close ones: {', '.join(close)})"
    return f" (known: {', '.join(known)})" if len(known) <= _FEW else ""
