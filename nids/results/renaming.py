"""Gives a run another name in its storage."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from nids import config
from nids.command_line import command
from nids.errors import NotAFileError, UserError
from nids.results.all_files import all_files
from nids.results.driven import refuse_if_driven
from nids.results.ownership import Ownership
from nids.results.removal import MANIFEST, STATUS, delete_object_run
from nids.results.run import ASKED_AT_ONCE
from nids.results.runs import open_run
from nids.results.status import RunStatus
from nids.results.writer import JOURNAL
from nids.storage import Folder
from nids.threads import thread_pool

if TYPE_CHECKING:
    from collections.abc import Callable

    from nids.results.run import Run

_LARGEST_JOURNAL = 1 << 31  # bytes, as for nids.search.repair
_CREATE_STUDY = 0  # an entry of Optuna's journal: JournalOperation.CREATE_STUDY


def rename(storage: str, name: str, new: str, progress: Callable[[str], object]) -> None:
    """Give a run another name, in its manifest and its Optuna study too.

    What was made of the run keeps the name that it was made under: its detector, its page, and what other searches have
    learned from it.

    On a local disk, the folder gets its name at last, in one act: interrupted before, the run still has its former
    name, and the same command ends it. In an object store, all is copied, the manifest last; then the former objects
    are deleted, the manifest first. Interrupted, one of both is whole, or both are; what is not whole is listed as
    damaged, and can be deleted.

    Args:
        storage: Where the run is.
        name: Its name.
        new: The name that it gets.
        progress: Called with a line of text when there is a minute to wait.

    Raises:
        UserError: There is no such run, it has a driver, the new name is taken or is no name, or the storage cannot be
            written to.
    """
    run = open_run(storage, name)
    if not re.fullmatch(config.NAME, new):
        raise UserError(
            f"{new!r}: a run's name has letters, digits and . _ - only, and does not begin with . or -. Give another."
        )
    root = Folder.from_uri(storage)
    target = root.folder(new)
    _refuse_if_taken(target)
    if run.folder.is_local and (path := Path(run.folder.path)).is_symlink():
        raise UserError(f"{run.uri}: this is a link to {path.readlink()}. Rename the link.")
    own = Ownership(run.folder, refuse_if_driven(run, progress))
    if not run.folder.is_local:
        _copy(run, target, new)
        delete_object_run(run.folder)
        return
    with own.held():
        if (journal := _renamed_journal(run, new)) is not None:
            run.folder.write(JOURNAL, journal)
        run.folder.write(MANIFEST, _renamed_manifest(run, new))
        _refuse_if_taken(target)
        root.move(name, new)


def _refuse_if_taken(target: Folder) -> None:
    if target.exists(MANIFEST) or target.exists(STATUS):
        storage, _, name = target.uri.rpartition("/")
        proposed = command(storage, "runs", "delete", name)
        raise UserError(f"{target.uri} already holds a run. Give another name, or delete that one with `{proposed}`.")
    if target.exists() if target.is_local else all_files(target):
        raise UserError(f"{target.uri}: is there already, and is no run. Give another name, or move it away.")


def _copy(run: Run, target: Folder, new: str) -> None:
    """Copy a run within an object store. A copy that is not whole has a status and no manifest: it is damaged."""
    manifest, journal = _renamed_manifest(run, new), _renamed_journal(run, new)
    if not run.has_file(STATUS):
        run.folder.write(STATUS, RunStatus().to_json())
    target.write(STATUS, run.folder.read(STATUS))
    others = [path for path in all_files(run.folder) if path not in {STATUS, MANIFEST}]
    with thread_pool(ASKED_AT_ONCE) as pool:
        [*pool.map(lambda path: target.write(path, run.folder.read(path)), others)]
    if journal is not None:
        target.write(JOURNAL, journal)
    target.write(MANIFEST, manifest)


def _renamed_manifest(run: Run, new: str) -> bytes:
    # Read anew: held-out rows may have been read since the run was opened.
    return type(run)(run.folder).manifest.model_copy(update={"run": new}).to_json()


def _renamed_journal(run: Run, new: str) -> bytes | None:
    """Return the journal of a run's study with another name; None if there is none, or none that can be read.

    Optuna's journal is a line of JSON an entry (``JournalFileBackend``), of which the first makes the study.
    """
    try:
        content = run.folder.read(JOURNAL, _LARGEST_JOURNAL)
        first, _, rest = content.partition(b"\n")
        entry = json.loads(first)
    except (FileNotFoundError, NotAFileError, ValueError, RecursionError):
        return None  # `nids repair` makes it again
    if not isinstance(entry, dict) or entry.get("op_code") != _CREATE_STUDY or "study_name" not in entry:
        return None
    return json.dumps({**entry, "study_name": new}, separators=(",", ":")).encode() + b"\n" + rest
