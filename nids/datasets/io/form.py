"""What the forms of text have in common: lines in, values by column out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import pyarrow as pa

from nids.datasets.io.numbers import numbers_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

_PIECE = 4_096


class LineError(Exception):
    """What was found in a line that holds no values at all, and what is expected."""


class Form(Protocol):
    """How the lines of one text become values."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all columns; those that are asked for are there once."""
        ...

    def table(self, lines: Sequence[str], types: Mapping[str, pa.DataType]) -> pa.Table | None:
        """Return some columns of some lines, each of its type, or ``None`` where a line has to be looked at by itself.

        Text may have spaces at its ends.
        """
        ...

    def values(self, line: str) -> list[str]:
        """Return the values of a line without its end, as many as it has.

        Raises:
            LineError: It holds none.
        """
        ...


@dataclass(frozen=True)
class Opening:
    """What a text tells about itself before its first row.

    Attributes:
        names: Names of the columns.
        where: What tells them, such as "line 1".
        form: From the names, repeated ones told apart, to how lines are read.
        lines: The lines with rows, each with its number.
        open_ended: Whether a row names its columns itself: it may lack some, or have others.
    """

    names: tuple[str, ...]
    where: str
    form: Callable[[tuple[str, ...]], Form]
    lines: Iterator[tuple[int, str]]
    open_ended: bool = False


def by_pieces(lines: Sequence[str], table: Callable[[Sequence[str]], pa.Table | None]) -> pa.Table | None:
    """Return the table of some lines, made from pieces of them: the texts of one value each take much memory."""
    tables = []
    for start in range(0, len(lines), _PIECE):
        of_piece = table(lines[start : start + _PIECE])
        if of_piece is None:
            return None
        tables.append(of_piece)
    return pa.concat_tables(tables)


def typed(columns: Mapping[str, Sequence[str]], types: Mapping[str, pa.DataType]) -> pa.Table | None:
    """Return columns of text, each as what its type says, or ``None`` if a value is not of that type."""
    arrays = {}
    try:
        for name, texts in columns.items():
            array = pa.array(texts, pa.string())
            arrays[name] = array if pa.types.is_string(types[name]) else numbers_in(array)
    except (pa.ArrowInvalid, UnicodeEncodeError):
        return None
    return pa.table(arrays)
