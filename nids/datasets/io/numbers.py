"""What a number is in a text: one rule, for whole columns as for single values."""

from __future__ import annotations

import re
from codecs import BOM_UTF8

import pyarrow as pa
import pyarrow.compute as pc

# What may stand around a number. Python and Arrow each take other characters for spaces in some of their functions.
SPACES = " \t\n\v\f\r"

# No part can match the same digits in two ways: that would take time by the square of their number.
_NUMBER = re.compile(r"[+-]?((\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?|nan|inf|infinity)", re.IGNORECASE | re.ASCII)
# Arrow also reads NaN with something in brackets, as C does. Quotation marks may stand between the two in a file.
_NAN_OF_C = re.compile(rb"nan[\"']*\(", re.IGNORECASE)


def is_number(text: str) -> bool:
    """Return whether a text without spaces at its ends is a number, as files may spell it; NaN and infinity are too.

    It has digits, a point, an exponent and a sign of ASCII only, and no other characters.
    """
    return _NUMBER.fullmatch(text) is not None


def number_in(text: str) -> float:
    """Return the number that a text is, with ``SPACES`` around it or without.

    Raises:
        ValueError: It is none.
    """
    trimmed = text.strip(SPACES)
    if not is_number(trimmed):
        raise ValueError(f"not a number: {text!r}")
    return float(trimmed)


def numbers_in(texts: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """Return the numbers that texts are, float64 of the same length, each as ``number_in`` returns it; null stays null.

    Raises:
        ArrowInvalid: A text is none.
    """
    if pc.any(pc.match_substring(texts, "(")).as_py():
        raise pa.ArrowInvalid("not a number: it has a bracket")
    return pc.cast(pc.ascii_trim_whitespace(texts), pa.float64())


def may_mislead(content: bytes) -> bool:
    """Return whether text in columns may hold what Arrow takes for a number and ``is_number`` does not."""
    # Of a byte-order mark, Arrow believes at the start of any part of a file that it is the file's.
    return content.startswith(BOM_UTF8) or (b"(" in content and _NAN_OF_C.search(content) is not None)
