"""The forms of text that tell themselves what their columns are, recognized by their first line."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

from nids.datasets.io import arff, json_lines, zeek

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from nids.datasets.io.form import Opening

    _ReadsOpening = Callable[[str, Iterator[tuple[int, str]]], Opening]

_OPENINGS: Mapping[str, _ReadsOpening] = {
    r"\s*\{": json_lines.opening,
    r"#(separator|fields)\s": zeek.opening,
    r"\s*(%|@relation\b|@attribute\b)": arff.opening,
}


def opening_of(name: str, first: tuple[int, str], lines: Iterator[tuple[int, str]]) -> Opening | None:
    """Return what a text tells about itself, or ``None`` if it is not in such a form.

    Args:
        name: Name of the file.
        first: Its first line, with its number.
        lines: The lines after that.

    Raises:
        UserError: It is, but does not tell all that it should.
    """
    opening = _opening(first[1])
    return opening and opening(name, itertools.chain([first], lines))


def describes_itself(line: str) -> bool:
    """Return whether a first line is that of a text in such a form."""
    return _opening(line) is not None


def _opening(line: str) -> _ReadsOpening | None:
    return next((opening for start, opening in _OPENINGS.items() if re.match(start, line, re.IGNORECASE)), None)
