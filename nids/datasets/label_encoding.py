"""Columns of names that somebody has made numbers of."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

_PROTOCOL = re.compile(r"(.*[ _.])?proto(col)?([ _.]?type)?", re.IGNORECASE)
_NAMES = re.compile(r"(.*[ _.])?(service|flag|state)", re.IGNORECASE)
_WHOLE = re.compile(r"\d+(\.0*)?")
_FEWEST, _MOST = 3, 300  # fewer may be a flag, and more are no codes of names
# Their own numbers, which IANA has given them: 0, 1, 2 and so on are more likely codes.
_TCP_AND_UDP = frozenset({6, 17})

REMARK = "where names are usual: are they label-encoded? A detector then only knows that very encoding"


def has_names_usually(column: str) -> bool:
    """Return whether a column of this name has names in most files."""
    return bool(_PROTOCOL.fullmatch(column) or _NAMES.fullmatch(column))


def is_label_encoded(name: str, values: Collection[str], *, named: bool = False) -> bool:
    """Return whether a column has numbers where names would be.

    Args:
        name: Name of the column.
        values: Its different values.
        named: Whether a known data set has names in this column.
    """
    if not values or not all(_WHOLE.fullmatch(value) for value in values):
        return False
    numbers = {float(value) for value in values}  # or infinity, of very many digits
    is_protocol = bool(_PROTOCOL.fullmatch(name))
    if is_protocol and numbers >= _TCP_AND_UDP:
        return False
    # Codes are given in a row, from 0 or 1.
    in_a_row = max(numbers) < 2 * len(numbers)
    if named:
        return in_a_row or not is_protocol
    return has_names_usually(name) and in_a_row and _FEWEST <= len(numbers) <= _MOST
