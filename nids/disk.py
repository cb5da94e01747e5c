"""What pyarrow's file systems do not do for files on a local disk: bounded reads, flushes, and quick listings."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from nids.errors import NotAFileError

if TYPE_CHECKING:
    from collections.abc import Iterator


def read_file(path: str | Path, largest: int | None = None) -> bytes:
    """Return a file's content.

    Args:
        path: Where it is.
        largest: As for ``nids.storage.Folder.read``.

    Raises:
        OSError: There is none, or it cannot be read.
        NotAFileError: It could not be read, or not to an end, such as a folder or a pipe; or it is larger.
    """
    mode = Path(path).stat().st_mode
    if stat.S_ISDIR(mode):
        raise NotAFileError(str(path))
    if not stat.S_ISREG(mode):
        raise NotAFileError(str(path), "this is a device or a pipe, where a file belongs")
    with Path(path).open("rb") as file:
        refuse_larger(str(path), os.fstat(file.fileno()).st_size, largest)
        return file.read()


def refuse_larger(path: str, size: int, largest: int | None) -> None:
    """Raise a NotAFileError if a file has more bytes than it may have, if that is given."""
    if largest is not None and size > largest:
        raise NotAFileError(path, f"{size:,} bytes, where a file of at most {largest:,} belongs")


def folders_without(folder: str) -> list[str]:
    """Return the folders whose entries change when a file is made in one: itself, and those above that are made too."""
    folders = [folder]
    while not os.path.isdir(folder) and folder:  # noqa: PTH112 - paths here are those of any file system
        folder = folder.rpartition("/")[0]
        folders.append(folder or "/")
    return folders


def flush_folder(path: str) -> None:
    """Have the system write a folder's entries to the disk, where its file system can do so."""
    try:
        flush(path)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EACCES, errno.EBADF, errno.EISDIR):
            raise


def flush(path: str) -> None:
    """Have the system write a file or a folder to the disk: a power cut would leave the file empty under its name."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def local_versions(root: str, inside: str, faults: list[str]) -> Iterator[tuple[str, tuple[int, int]]]:
    """Yield what ``nids.storage.Folder.versions`` returns.

    Args:
        root: The folder.
        inside: Which folder below it is listed, with a slash at its end; empty for the folder itself.
        faults: As for ``versions``.
    """
    folder = f"{root}/{inside}".rstrip("/")
    try:
        entries = [*os.scandir(folder)]
    except FileNotFoundError:
        return  # there is none, or no longer
    except OSError as error:
        if not inside:
            raise
        faults.append(f"{folder}: cannot be listed ({error.strerror}).")
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        with suppress(FileNotFoundError):  # gone since
            if entry.is_dir(follow_symlinks=False):
                yield from local_versions(root, f"{inside}{entry.name}/", faults)
            elif entry.is_file():
                status = entry.stat()
                yield f"{inside}{entry.name}", (status.st_mtime_ns, status.st_size)
