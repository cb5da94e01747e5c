"""A driver's temporary files, which the next driver deletes if that one was killed."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from nids.cluster.session_folder import PREFIX, locked_file, remove, remove_forsaken
from nids.interruption import undone

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def temporary_folder(name: str) -> Iterator[Path]:
    """Give a block a folder for files that nobody needs after it, among the system's temporary files.

    Folders there that killed processes of this user have left are deleted.

    Args:
        name: What it holds, in a word; a part of its name.
    """
    place = Path(tempfile.gettempdir())
    remove_forsaken(place)
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{name}-", dir=place))
    locks = locked_file(folder)
    try:
        with undone(lambda: remove(folder)):
            try:
                yield folder
            finally:
                remove(folder)
    finally:
        for lock in locks:
            os.close(lock)
