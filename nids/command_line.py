"""Command lines that messages propose: a user can copy them into a shell as they are."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

# Where commands look unless they are told otherwise, and the variable that tells them.
DEFAULT, VARIABLE = "runs", "NIDS_STORAGE"


def command(storage: str, *words: str) -> str:
    """Return a command of the program, quoted for a shell.

    Args:
        storage: Where the runs are: a folder's path, or a URI. It is named unless all commands look there.
        words: What else the command has.
    """
    looked_at = DEFAULT, os.environ.get(VARIABLE) or DEFAULT
    option = [] if {_place(storage)} == {*map(_place, looked_at)} else ["--storage", storage]
    return shlex.join(["nids", *words, *option])


def command_on(run: str, verb: str, *options: str) -> str:
    """Return a command on the run whose folder, a path or a URI, is given; quoted for a shell."""
    storage, _, name = run.rpartition("/")
    return command(storage, verb, name, *options)


def _place(storage: str) -> str:
    return storage if "://" in storage else str(Path(storage).expanduser().resolve())
