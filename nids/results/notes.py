"""What people say of a run: a note and tags, in its ``notes.json``, which no search reads."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from nids import config, foreign_json
from nids.errors import NotAFileError, UserError, beginning, excerpt
from nids.results.cures import damaged
from nids.results.ownership import locked
from nids.typed_file import TypedFile, checked

if TYPE_CHECKING:
    from collections.abc import Iterable

    from nids.storage import Folder

FILE = "notes.json"
LARGEST = 1 << 16  # bytes, of which the longest note and all tags take less
LONGEST_NOTE, LONGEST_TAG, MOST_TAGS = 4000, 50, 50  # the first two in characters


class Notes(TypedFile):
    """What is said of a run.

    Attributes:
        note: Any text; empty if there is none.
        tags: Names by which runs are found, sorted.
    """

    note: Annotated[str, Field(max_length=LONGEST_NOTE)] = ""
    tags: Annotated[
        tuple[Annotated[str, Field(pattern=config.NAME, max_length=LONGEST_TAG)], ...], Field(max_length=MOST_TAGS)
    ] = ()


def notes_of(folder: Folder) -> Notes:
    """Return what is said of the run of a folder.

    Raises:
        DamagedFileError: The file cannot be read.
        StorageError: The storage cannot.
    """
    try:
        values = foreign_json.parsed(folder.read(FILE, LARGEST))
    except FileNotFoundError:
        return Notes()
    except (ValueError, NotAFileError) as error:
        raise damaged(folder.uri, FILE, "cannot be read", error) from None
    return checked(Notes, values, f"{folder.uri}/{FILE}")


def write_note(folder: Folder, text: str) -> None:
    """Replace the note of a run; an empty text removes it.

    Raises:
        UserError: It is too long or no text, or the run's notes cannot be read or written.
    """
    text = text.strip()
    if len(text) > LONGEST_NOTE:
        raise UserError(f"the note has {len(text):,} characters: give at most {LONGEST_NOTE:,}.")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise UserError(f"the note {excerpt(beginning(text))} is not text in UTF-8: give another one.") from None
    with locked(folder):
        _write(folder, notes_of(folder).model_copy(update={"note": text}))


def change_tags(folder: Folder, tags: Iterable[str], *, remove: bool = False) -> tuple[str, ...]:
    """Add tags to a run, or take them away, and return those that it has then.

    Raises:
        UserError: A tag is no name, there are too many, one that is to go is not there, or the run's notes cannot be
            read or written.
    """
    tags = dict.fromkeys(tags)
    with locked(folder):  # so that tags which two processes add at once are both kept
        notes = notes_of(folder)
        if remove:
            if missing := [tag for tag in tags if tag not in notes.tags]:
                has = ", ".join(notes.tags) or "none"
                raise UserError(f"{folder.uri}: has no tag {excerpt(missing[0])}. Its tags: {has}.")
            left = {*notes.tags} - {*tags}
        else:
            for tag in tags:
                _refuse_if_no_tag(tag)
            left = {*notes.tags, *tags}
        if len(left) > MOST_TAGS:
            raise UserError(f"{folder.uri}: would have {len(left)} tags: at most {MOST_TAGS} are kept.")
        _write(folder, notes.model_copy(update={"tags": tuple(sorted(left))}))
    return tuple(sorted(left))


def _refuse_if_no_tag(tag: str) -> None:
    if len(tag) > LONGEST_TAG or not re.fullmatch(config.NAME, tag):
        raise UserError(
            f"{excerpt(tag)} is no tag: use at most {LONGEST_TAG} letters, digits and . _ - only, and begin with none "
            "of . and -."
        )


def _write(folder: Folder, notes: Notes) -> None:
    if notes == Notes():
        folder.delete_file(FILE)
    else:
        folder.write(FILE, notes.to_json())
