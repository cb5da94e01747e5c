"""JSON that anyone may have written: what it can cost is known before it is believed."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

# Bytes of a file. The largest that this project writes are a tenth of it.
LARGEST = 16 * 2**20
# Values in a file: an empty list is three bytes of JSON, and a hundred of memory.
MOST_VALUES = 1_000_000
# Lists and objects within one another: what copies, checks or prints values calls itself for each.
DEEPEST = 50

_HALF_CHARACTER = re.compile(r"\\u[dD][89a-fA-F]")


def parsed(content: bytes, most_values: int = MOST_VALUES) -> Any:
    """Return what JSON says.

    Args:
        content: A file's bytes, whose number the reader has bounded: see ``nids.storage.Folder.read``.
        most_values: Numbers, texts, lists and objects that it may have, at most. Its memory is at most about a hundred
            bytes for each, beside that of its texts.

    Raises:
        ValueError: It is not JSON in UTF-8, has more values or is deeper than a file of this project, or has half a
            surrogate pair, which cannot be written anywhere.
    """
    text = content.decode()
    values = text.count(",") + text.count("[") + text.count("{") + 1  # or fewer
    if values > most_values:
        raise ValueError(f"{values:,} values, where at most {most_values:,} are expected")
    try:
        value = json.loads(text)
    except RecursionError:
        raise _too_deep() from None
    level = [value]
    for _ in range(DEEPEST + 1):
        level = [inner for outer in level for inner in _inside(outer)]
    if level:
        raise _too_deep()
    if _HALF_CHARACTER.search(text):
        json.dumps(value, ensure_ascii=False).encode()  # raises UnicodeEncodeError, which is a ValueError
    return value


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _too_deep() -> ValueError:
    return ValueError(f"lists and objects stand more than {DEEPEST} deep in one another")
