"""Files of a run, on a local disk or in any object store that pyarrow reaches: each appears whole or not at all."""

from __future__ import annotations

import os
import pickle
import re
import tempfile
import time
import uuid
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
from pyarrow import fs

from nids import s3
from nids.disk import flush, flush_folder, folders_without, local_versions, read_file, refuse_larger
from nids.errors import StorageError, UserError
from nids.interruption import undone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

READS = 8
# How long a storage may be out of reach before who writes a run, or goes on with a trial, gives it up.
OUTAGE_SECONDS = 300.0
OBJECT_STORES = {"s3", "gcs", "abfs"}


class Folder:
    """A folder of small files.

    >>> from nids.storage import Folder
    >>> folder = Folder.from_uri("results")  # or "s3://bucket/results"
    >>> folder.write("note.txt", b"three folds")
    >>> folder.names(), folder.read("note.txt")
    (['note.txt'], b'three folds')

    A file is written under another name and renamed, or, in an object store, put as one object: whoever reads it
    meanwhile finds the old one, whole, or the new one, whole.

    In an object store, a file is deleted by emptying it, and an empty one counts as none. There, pyarrow marks the
    folder above whatever it deletes; a store may take the mark for a file, and no longer find what is in the folder, as
    rclone's server does.
    """

    def __init__(self, filesystem: fs.FileSystem, path: str) -> None:
        self.filesystem = filesystem
        self.path = path
        self._is_object_store = filesystem.type_name in OBJECT_STORES

    def __reduce__(self) -> tuple[Callable[[bytes, str], Folder], tuple[bytes, str]]:
        """Return what makes it again in another process, as a trial's."""
        return _unpickled, (pickle.dumps(self.filesystem), self.path)

    @classmethod
    def from_uri(cls, uri: str) -> Folder:
        """Return the folder at a local path or a URI such as ``s3://bucket/runs``.

        Credentials are what the cloud's own ways give (environment, configuration files, the machine's role).

        Raises:
            UserError: Nothing is known of that kind of URI, or it is empty.
        """
        if not uri:
            raise UserError("the storage's name is empty: give a folder's path or a URI such as s3://bucket/runs.")
        if not is_text(uri):
            raise UserError(f"{uri!r}: cannot be used as storage: its name is not text in UTF-8. Give another one.")
        try:
            if uri.startswith("s3://"):
                return cls(*s3.opened(uri))
            if "://" in uri:
                return cls(*fs.FileSystem.from_uri(uri))
            return cls(fs.LocalFileSystem(), str(Path(uri).expanduser().resolve()))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
            raise UserError(
                f"{uri}: cannot be used as storage ({error}). Give a folder's path or a URI such as s3://bucket/runs."
            ) from None

    @property
    def is_local(self) -> bool:
        """Whether the files lie on a disk that this process sees."""
        return isinstance(self.filesystem, fs.LocalFileSystem)

    @property
    def uri(self) -> str:
        """The folder as a user would name it: a path, or a URI."""
        scheme = {"gcs": "gs"}.get(self.filesystem.type_name, self.filesystem.type_name)
        return self.path if self.is_local else f"{scheme}://{self.path}"

    @contextmanager
    def explained(self, *, writing: bool = False) -> Iterator[None]:
        """Raise errors of the file system as ``StorageError``, but for a file that is asked for and not there."""
        try:
            yield
        except OSError as error:
            if isinstance(error, FileNotFoundError) and not writing:
                raise  # of a file that is asked for
            raise _unusable(self.uri, str(error)) from error

    def folder(self, name: str) -> Folder:
        """Return a folder inside this one; it need not exist."""
        return Folder(self.filesystem, f"{self.path}/{name}")

    def exists(self, name: str = "") -> bool:
        """Return whether a file or folder of that name is there; without a name, whether this folder is."""
        with self.explained():
            info = self.filesystem.get_file_info(f"{self.path}/{name}".rstrip("/"))
        return info.type != fs.FileType.NotFound and not self._is_deleted(info)

    def read(self, name: str, largest: int | None = None) -> bytes:
        """Return a file's content.

        Args:
            name: The file's path in this folder.
            largest: Bytes that it may have, if it may come from anyone: a larger one is not read.

        Raises:
            FileNotFoundError: There is none.
            NotAFileError: It is a folder or a device, or larger.
            StorageError: It cannot be read.
        """
        path = f"{self.path}/{name}"
        with self.explained():
            if self.is_local:
                return read_file(path, largest)
            for attempt in range(READS):
                with self.filesystem.open_input_file(path) as file:
                    refuse_larger(path, file.size(), largest)
                    content = bytes(file.read())  # with one request, where a stream makes one for each part
                # An object's size is asked for first, and then that much of it is read: in between, another one can
                # have taken its place.
                if self.filesystem.get_file_info(path).size == len(content):
                    if self._is_object_store and not content:
                        raise FileNotFoundError(f"{path} has been deleted")
                    return content
                time.sleep(0.05 * (attempt + 1))
            raise OSError(f"{name} is replaced faster than it can be read")

    def move(self, name: str, to: str) -> None:
        """Move a file, or on a local disk a folder, to another place in this folder where nothing is yet."""
        if self._is_object_store:
            self.write(to, self.read(name))
            self.delete_file(name)
            return
        source, target = f"{self.path}/{name}", f"{self.path}/{to}"
        with self.explained(writing=True):
            self.filesystem.create_dir(target.rpartition("/")[0], recursive=True)
            self.filesystem.move(source, target)

    def write(self, name: str, content: bytes | memoryview) -> None:
        """Create or replace a file; of a local one, both content and name are on the disk when this returns."""
        target = f"{self.path}/{name}"
        parent, _, base = target.rpartition("/")
        changed = folders_without(parent) if self.is_local else []
        if not self._is_object_store:  # in those, a name with slashes makes the folders
            with self.explained(writing=True):
                self.filesystem.create_dir(parent, recursive=True)
        # Readers of a folder of Parquet files pass over names with a leading dot.
        written_to = f"{parent}/.{base}.{uuid.uuid4().hex}" if self.is_local else target

        def remove() -> None:
            if self.is_local:
                with suppress(OSError):  # the first error is the one to be told
                    Path(written_to).unlink(missing_ok=True)

        with undone(remove):
            try:
                with self.explained(writing=True), self.filesystem.open_output_stream(written_to) as stream:
                    stream.write(content)
                if self.is_local:
                    with self.explained(writing=True):
                        flush(written_to)
                        os.replace(written_to, target)  # noqa: PTH105 - paths here are those of any file system
                        for folder in changed:
                            flush_folder(folder)
            except BaseException:
                remove()
                raise

    def refuse_if_unwritable(self) -> None:
        """Find out whether files can be written here, before long work whose results would be lost; write nothing.

        Of an object store, it is found out whether the bucket is there, if that may be asked.

        Raises:
            StorageError: They cannot.
        """
        if self.is_local:
            folder = Path(self.path)
            existing = next(path for path in (folder, *folder.parents) if path.exists())
            if not existing.is_dir():
                raise _unusable(self.uri, f"{existing} is a file")
            try:
                with tempfile.TemporaryFile(dir=existing):  # of no name, or gone at once
                    return
            except OSError as error:
                raise _unusable(self.uri, f"{existing} cannot be written to: {error.strerror}") from None
        bucket = self.path.partition("/")[0]
        try:
            is_there = self.filesystem.get_file_info(bucket).type != fs.FileType.NotFound
        except OSError as error:
            # Who may write objects need not be allowed to ask for the bucket: then the first write tells.
            if re.search(r"(ACCESS|PERMISSION)_DENIED", str(error)):
                return
            raise _unusable(self.uri, str(error)) from None
        if not is_there:
            raise _unusable(self.uri, f"there is no bucket {bucket}")

    def names(self, suffix: str = "") -> list[str]:
        """Return the sorted names of the files and folders that end in ``suffix``."""
        selector = fs.FileSelector(self.path, allow_not_found=True)
        with self.explained():
            found = self.filesystem.get_file_info(selector)
        names = [info.base_name for info in found if not self._is_deleted(info)]
        return sorted(name for name in names if name.endswith(suffix) and not name.startswith("."))

    def versions(self, faults: list[str] | None = None) -> dict[str, tuple[int, int]]:
        """Return what tells a file's content from its earlier one, for all files below this folder.

        On a local disk, folders that are links are not looked into: they may lead in a circle.

        Args:
            faults: Receives which folders below this one cannot be listed, and why.

        Returns:
            Path in this folder → time of the last change, in nanoseconds, and size, in bytes; sorted by path. Files
            and folders whose names begin with a dot are left out.

        Raises:
            UserError: This folder itself cannot be listed.
        """
        with self.explained():
            if self.is_local:
                found = dict(local_versions(self.path.rstrip("/"), "", faults if faults is not None else []))
            else:
                selector = fs.FileSelector(self.path, allow_not_found=True, recursive=True)
                inside = len(self.path.rstrip("/")) + 1
                found = {
                    info.path[inside:]: (info.mtime_ns or 0, info.size or 0)
                    for info in self.filesystem.get_file_info(selector)
                    if info.type == fs.FileType.File
                    and not _is_hidden(info.path[inside:])
                    and not self._is_deleted(info)
                }
        return {path: found[path] for path in sorted(found)}

    def delete_file(self, name: str) -> None:
        """Remove a file; no error if it is not there."""
        if self._is_object_store:
            self.write(name, b"")
            return
        try:
            self.filesystem.delete_file(f"{self.path}/{name}")
        except FileNotFoundError:
            return
        except OSError as error:
            raise StorageError(f"{self.uri}/{name}: cannot be deleted ({error}).") from None

    def delete(self) -> None:
        """Remove the folder and all that it holds; no error if it is not there."""
        if self._is_object_store:
            for path in self.versions():
                self.delete_file(path)
            return
        try:
            self.filesystem.delete_dir(self.path)
        except FileNotFoundError:
            return
        except OSError as error:
            raise StorageError(f"{self.uri}: cannot be deleted ({error}).") from None

    def _is_deleted(self, info: fs.FileInfo) -> bool:
        return self._is_object_store and info.type == fs.FileType.File and info.size == 0


def is_text(name: str) -> bool:
    """Return whether a name can be that of a file in any storage: pyarrow takes no other bytes than those of UTF-8."""
    try:
        return b"\0" not in name.encode()
    except UnicodeEncodeError:
        return False


def _unusable(uri: str, reason: str) -> StorageError:
    cure = "Change its permissions, or name" if "Permission denied" in reason else "Name"
    return StorageError(f"{uri}: cannot be used as storage ({reason}). {cure} another with --storage.")


def _is_hidden(path: str) -> bool:
    return any(part.startswith(".") for part in path.split("/"))


def _unpickled(filesystem: bytes, path: str) -> Folder:
    s3.leave_checksums_out()  # before the file system is made
    return Folder(pickle.loads(filesystem), path)
