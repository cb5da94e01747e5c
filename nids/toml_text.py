"""TOML that somebody wrote, perhaps to do harm: its size and its depth are bounded."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any

from nids.disk import read_file
from nids.errors import NotAFileError, UserError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pydantic import ValidationError

_EXPLAINED = 20  # faults of one file
# Parts of a key. The parser's time and memory go with the square of their number.
_MOST_PARTS = 32
# One that is not closed counts too, to its line's or the text's end, so that nothing is looked at twice.
_STRINGS_AND_COMMENTS = re.compile(
    r'"""(?:\\.|[^\\])*?(?:"""(?:"{0,2})|\\?\Z)'
    r"|'''.*?(?:'''(?:'{0,2})|\Z)"
    r'|"(?:\\.|[^"\\\n])*"?'
    r"|'[^'\n]*'?"
    r"|#[^\n]*",
    re.DOTALL,
)
_BETWEEN_KEYS = re.compile(r"[^\w\-. \t]")


class TomlError(ValueError):
    """A text is not TOML, or is larger or deeper than any that is meant well."""


def read_text(path: Path, most: int, encoding: str = "utf-8") -> str:
    """Return the text of a file of so many bytes at most.

    Raises:
        OSError: It cannot be read.
        UnicodeDecodeError: It is not in that encoding.
        TomlError: It is larger, or no file.
    """
    try:
        return read_file(path, most).decode(encoding)
    except NotAFileError as error:
        raise TomlError(error.reason) from None


def parse(text: str) -> dict[str, Any]:
    """Return the values of a text in TOML.

    Raises:
        TomlError: It is none, or one of its keys has more parts or its values are nested deeper than any need be.
    """
    between = _BETWEEN_KEYS.split(_STRINGS_AND_COMMENTS.sub("", text))
    if any(each.count(".") >= _MOST_PARTS for each in between):
        raise TomlError(f"a key has more than {_MOST_PARTS} parts")
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise TomlError("its values are nested too deep") from None
    except ValueError as error:  # also that a number has too many digits
        raise TomlError(str(error)) from None


def refusal(source: object, error: ValidationError, explain: Callable[[Any], str]) -> UserError:
    """Return the error that values are refused, with a line for each fault; of very many, the first ones.

    Args:
        source: What they come from, for the message.
        error: What was found.
        explain: Returns the line of one of pydantic's errors.
    """
    first = [f"  {explain(each)}" for each in error.errors()[:_EXPLAINED]]
    others = [f"  and {more} more faults"] if (more := error.error_count() - len(first)) else []
    return UserError("\n".join([f"{source}:", *first, *others]))
