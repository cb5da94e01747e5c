"""Deletes runs, and folds that no run needs any more, so that no half of either ever looks sound."""

from __future__ import annotations

import shutil
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

from nids.errors import LostRunError, StorageError, UserError
from nids.folds import cache
from nids.results.all_files import all_files
from nids.results.driven import refuse_if_driven
from nids.results.driver_process import is_gone
from nids.results.ownership import Ownership, driver_in, locked, token_in
from nids.results.reopen import FOLDS
from nids.results.run import ASKED_AT_ONCE, SILENCE, Run
from nids.results.runs import names_in
from nids.results.status import RunStatus
from nids.storage import Folder
from nids.threads import thread_pool

if TYPE_CHECKING:
    from collections.abc import Callable

# What the folder of a run is called that is being deleted; no run can have such a name, and none is listed.
DELETED = ".deleted-"
STATUS, MANIFEST = "status.json", "manifest.json"


def free_to_delete(folder: Folder, progress: Callable[[str], object]) -> str:
    """Refuse a run that has a driver, damaged ones included, and return the token with which it can be deleted.

    Args:
        folder: The run's folder.
        progress: Called with a line of text when there is a minute to wait.

    Raises:
        UserError: It has one, or is only linked to from here.
    """
    if folder.is_local and (path := Path(folder.path)).is_symlink():
        raise UserError(f"{folder.uri}: this is a link to {path.readlink()}. Delete what it leads to, and the link.")
    try:
        run = Run(folder)
    except UserError:
        return _free_though_damaged(folder, progress)
    return refuse_if_driven(run, progress)


def _free_though_damaged(folder: Folder, progress: Callable[[str], object]) -> str:
    token, driver = token_in(folder), driver_in(folder)
    if driver is None or is_gone(driver):
        return token
    progress(f"{folder.uri} is damaged. Waiting {SILENCE.seconds} s for a driver that would write it")
    before, ends = all_files(folder), time.monotonic() + SILENCE.total_seconds()
    status = _status(folder)
    while time.monotonic() < ends:
        time.sleep(min(1.0, SILENCE.total_seconds()))
        if all_files(folder) != before or _status(folder) != status:
            who = f"process {driver.pid} on {driver.host}"
            raise UserError(f"{folder.uri}: is being written, as it seems by {who}. Stop it, and try again.")
    return token


def _status(folder: Folder) -> bytes | None:
    try:
        return folder.read(STATUS)
    except (FileNotFoundError, StorageError):
        return None


def delete_run(folder: Folder, token: str) -> None:
    """Delete a run.

    On a local disk, its folder gets a name with a leading dot first, in one act, which needs no room on a full disk;
    from then on the run is no longer there. What an interruption leaves under that name goes with ``delete_leftovers``.

    An object store has no such act. There, the manifest goes first and the status last: what an interruption leaves is
    listed as damaged, can neither be resumed nor be mixed with a new run of the name, and can be deleted again.

    Args:
        folder: The run's folder.
        token: Of ``free_to_delete``.

    Raises:
        LostRunError: A driver has taken the run since.
        StorageError: It cannot be deleted.
    """
    if folder.is_local:
        name = Path(folder.path).name
        root = Folder.from_uri(str(Path(folder.path).parent))
        hidden = f"{DELETED}{name}-{uuid.uuid4().hex}"
        with locked(folder):
            if token_in(folder) != token:
                raise LostRunError(f"{folder.uri}: another process has taken this run meanwhile.")
            root.move(name, hidden)
        _remove(root.folder(hidden))
        return
    Ownership(folder, token)  # a driver that was paused, and wakes now, writes nothing more
    if not folder.exists(STATUS):
        folder.write(STATUS, RunStatus(message="Its deletion was begun.").to_json())
    delete_object_run(folder)


def delete_object_run(folder: Folder) -> None:
    """Delete the objects of a run that this process has taken and that has a status; see ``delete_run``."""
    folder.delete_file(MANIFEST)
    with thread_pool(ASKED_AT_ONCE) as pool:
        [*pool.map(folder.delete_file, [path for path in all_files(folder) if path != STATUS])]
    folder.delete_file(STATUS)


def delete_leftovers(storage: str) -> None:
    """Delete what interrupted deletions have left of runs on a local disk.

    Raises:
        StorageError: It cannot be deleted.
    """
    root = Folder.from_uri(storage)
    if root.is_local and root.exists():
        for path in Path(root.path).glob(f"{DELETED}*"):
            _remove(root.folder(path.name))


def _remove(folder: Folder) -> None:
    with folder.explained(writing=True):
        # Another process may be deleting the same leftovers.
        shutil.rmtree(folder.path, onerror=lambda _, __, error: _raise_unless_gone(error[1]))


def _raise_unless_gone(error: BaseException) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error


def unneeded_folds(storage: str) -> dict[str, int]:
    """Return the folds in a storage's cache that no run of it needs: their keys, and their sizes in bytes.

    Raises:
        UserError: The manifest of a run cannot be read, so that it is not known which folds it needs.
    """
    root = Folder.from_uri(storage)
    cached = root.folder(FOLDS)
    with thread_pool(ASKED_AT_ONCE) as pool:
        needed = {*pool.map(lambda name: Run(root.folder(name)).manifest.folds.hash, names_in(root))}
    sizes = {key: sum(all_files(cached.folder(key)).values()) for key in cached.names() if key not in needed}
    return {key: size for key, size in sizes.items() if size}  # an object store keeps the names of what is deleted


def delete_folds(storage: str, key: str) -> None:
    """Delete folds from a storage's cache; whoever needs them makes them again."""
    cache.delete(Folder.from_uri(storage).folder(FOLDS).folder(key))
