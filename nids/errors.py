"""The exceptions that a user sees as a message rather than a traceback."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


LONGEST_SHOWN = 60  # characters of a value in a message


class UserError(Exception):
    """Something the user can put right: the message says what was found, where, what was expected and what to do."""


class StorageError(UserError):
    """A storage cannot be read from or written to, perhaps only for now."""


class LostRunError(UserError):
    """A run that this process was writing has been taken by another one, or is no more."""


class RunNotFoundError(UserError):
    """A storage holds no run of that name."""


class DamagedFileError(UserError):
    """A file that this project wrote is not as it was written."""


class NotAFileError(StorageError):
    """What is where a file of this project belongs is a folder, a device, or larger than any such file.

    Attributes:
        reason: What, in words.
    """

    def __init__(self, path: str, reason: str = "this is a folder, where a file belongs") -> None:
        super().__init__(f"{path}: {reason}. Move it away.")
        self.reason = reason


def excerpt(value: object) -> str:
    """Return how a value stands in a message: as Python writes it, of a long one the beginning."""
    return beginning(repr(value))


def beginning(text: str, longest: int = LONGEST_SHOWN) -> str:
    """Return a text, of one longer than so many characters the beginning."""
    return text if len(text) <= longest else f"{text[:longest]}…"


def unknown(name: str, what: str, known: Iterable[str]) -> str:
    """Return the message for a name that does not exist: the closest one first, then all of them."""
    known = list(known)
    return f"{excerpt(name)} is not a {what}{did_you_mean(name, known)}. Known: {', '.join(known) or 'none'}."


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a suggestion for a misspelled name, in brackets with a space before them; nothing if none is close."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f" (did you mean {close[0]}?)" if close else ""


def first_line(error: BaseException) -> str:
    """Return the first line of another exception's message, for use within one of ours."""
    return str(error).strip().partition("\n")[0]
