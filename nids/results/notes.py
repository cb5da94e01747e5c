"""What people say of a run: a note and tags, in its ``notes.json``, which no search reads."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from nids import config
from nids.errors import UserError, beginning, excerpt
from nids.results.ownership import locked
from nids.typed_file import TypedFile, checked

if TYPE_CHECKING:
    from collections.abc import Iterable

    from nids.results.run import Run

FILE = "notes.json"
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


def notes_of(run: Run) -> Notes:
    """Return what is said of a run.

    Raises:
        DamagedFileError: The file cannot be read.
        StorageError: The storage cannot.
    """
    return checked(Notes, run.read_json(FILE), f"{run.uri}/{FILE}") if run.has_file(FILE) else Notes()


def write_note(run: Run, text: str) -> None:
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
    with locked(run.folder):
        _write(run, notes_of(run).model_copy(update={"note": text}))


def change_tags(run: Run, tags: Iterable[str], *, remove: bool = False) -> tuple[str, ...]:
    """Add tags to a run, or take them away, and return those that it has then.

    Raises:
        UserError: A tag is no name, there are too many, one that is to go is not there, or the run's notes cannot be
            read or written.
    """
    tags = dict.fromkeys(tags)
    with locked(run.folder):  # so that tags which two processes add at once are both kept
        notes = notes_of(run)
        if remove:
            if missing := [tag for tag in tags if tag not in notes.tags]:
                has = ", ".join(notes.tags) or "none"
                raise UserError(f"{run.uri}: has no tag {excerpt(missing[0])}. Its tags: {has}.")
            left = {*notes.tags} - {*tags}
        else:
            for tag in tags:
                _refuse_if_no_tag(tag)
            left = {*notes.tags, *tags}
        if len(left) > MOST_TAGS:
            raise UserError(f"{run.uri}: would have {len(left)} tags: at most {MOST_TAGS} are kept.")
        _write(run, notes.model_copy(update={"tags": tuple(sorted(left))}))
    return tuple(sorted(left))


def _refuse_if_no_tag(tag: str) -> None:
    if len(tag) > LONGEST_TAG or not re.fullmatch(config.NAME, tag):
        raise UserError(
            f"{excerpt(tag)} is no tag: use at most {LONGEST_TAG} letters, digits and . _ - only, and begin with none "
            "of . and -."
        )


def _write(run: Run, notes: Notes) -> None:
    if notes == Notes():
        run.folder.delete_file(FILE)
    else:
        run.folder.write(FILE, notes.to_json())
