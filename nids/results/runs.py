"""The runs of a storage: found, opened, and where a new one can be."""

from __future__ import annotations

import re

from nids import config
from nids.command_line import command_on
from nids.errors import RunNotFoundError, StorageError, UserError
from nids.results.run import ASKED_AT_ONCE, Run
from nids.storage import Folder, is_text
from nids.threads import thread_pool


def open_run(storage: str, name: str) -> Run:
    """Return a run of a storage.

    Raises:
        RunNotFoundError: There is no such run.
        UserError: It cannot be read.
    """
    return Run(find_run(storage, name))


def find_run(storage: str, name: str) -> Folder:
    """Return the folder of a run, which may be damaged; errors as for ``open_run``."""
    folder = Folder.from_uri(storage).folder(name)
    is_name = is_text(name) and "/" not in name and name not in ("", ".", "..")  # others lead out of the storage
    if not is_name or not (folder.exists("manifest.json") or folder.exists("status.json")):  # without one: damaged
        known = ", ".join(run_names(storage)) or "none"
        raise RunNotFoundError(
            f"{storage} holds no run named {name!r}. Runs there: {known}. Name another storage with --storage."
        )
    return folder


def new_run(storage: str, name: str) -> Folder:
    """Return the folder of a run that is yet to be made.

    Raises:
        UserError: The name is not valid, the storage has a run of that name, or nothing can be written there.
    """
    if not re.fullmatch(config.NAME, name):
        raise UserError(
            f"--name {name!r}: a run's name has letters, digits and . _ - only, and does not begin with . or -."
        )
    root = Folder.from_uri(storage)
    refuse_if_there(root.folder(name))
    root.refuse_if_unwritable()
    return root.folder(name)


def refuse_if_there(folder: Folder) -> None:
    """Raise a UserError if a folder holds a run."""
    if folder.exists("manifest.json") or folder.exists("status.json"):
        command = command_on(folder.uri, "resume")
        raise UserError(f"{folder.uri} already holds a run. Resume it with `{command}`, or give another --name.")


def run_names(storage: str) -> list[str]:
    """Return the names of all runs of a storage."""
    return names_in(Folder.from_uri(storage))


def names_in(root: Folder) -> list[str]:
    """Return the names of all runs in a folder."""
    names = root.names()

    def is_run(name: str) -> bool:
        try:
            return root.exists(f"{name}/manifest.json") or root.exists(f"{name}/status.json")
        except StorageError as error:
            if isinstance(error.__cause__, PermissionError):
                return True  # who opens it learns that it may not be read; the others can be
            raise

    # An object store takes a while for each answer, and gives many at once.
    with thread_pool(ASKED_AT_ONCE) as pool:
        return [name for name, there in zip(names, pool.map(is_run, names), strict=True) if there]
