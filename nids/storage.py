"""Files of a run, on a local disk or in any object store that pyarrow reaches: each appears whole or not at all."""

from __future__ import annotations

import os
import uuid
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
from pyarrow import fs

from nids.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator


class Folder:
    """A folder of small files.

    A file is written under another name and renamed, or, in an object store, put as one object: whoever reads it
    meanwhile finds the old one, whole, or the new one, whole.
    """

    def __init__(self, filesystem: fs.FileSystem, path: str) -> None:
        self.filesystem = filesystem
        self.path = path

    @classmethod
    def at(cls, uri: str) -> Folder:
        """Return the folder at a local path or a URI such as ``s3://bucket/runs``.

        Raises:
            UserError: Nothing is known of that kind of URI.
        """
        try:
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

    @contextmanager
    def _explained(self, *, writing: bool = False) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if isinstance(error, FileNotFoundError) and not writing:
                raise  # of a file that is asked for
            raise UserError(f"{self.path}: cannot be used as storage ({error}). Name another with --storage.") from None

    def folder(self, name: str) -> Folder:
        """Return a folder inside this one; it need not exist."""
        return Folder(self.filesystem, f"{self.path}/{name}")

    def exists(self, name: str = "") -> bool:
        """Return whether a file or folder of that name is there; without a name, whether this folder is."""
        with self._explained():
            return self.filesystem.get_file_info(f"{self.path}/{name}".rstrip("/")).type != fs.FileType.NotFound

    def read(self, name: str) -> bytes:
        """Return a file's content; FileNotFoundError where there is none."""
        with self._explained(), self.filesystem.open_input_stream(f"{self.path}/{name}") as stream:
            return bytes(stream.read())

    def write(self, name: str, content: bytes | memoryview) -> None:
        """Create or replace a file."""
        target = f"{self.path}/{name}"
        parent, _, base = target.rpartition("/")
        with self._explained(writing=True):
            self.filesystem.create_dir(parent, recursive=True)
        # Readers of a folder of Parquet files pass over names with a leading dot.
        written_to = f"{parent}/.{base}.{uuid.uuid4().hex}" if self.is_local else target
        try:
            with self._explained(writing=True), self.filesystem.open_output_stream(written_to) as stream:
                stream.write(content)
            if self.is_local:
                os.replace(written_to, target)  # noqa: PTH105 - paths here are those of any file system
        except BaseException:
            if self.is_local:
                Path(written_to).unlink(missing_ok=True)
            raise

    def names(self, suffix: str = "") -> list[str]:
        """Return the sorted names of the files and folders that end in ``suffix``."""
        selector = fs.FileSelector(self.path, allow_not_found=True)
        with self._explained():
            names = [info.base_name for info in self.filesystem.get_file_info(selector)]
        return sorted(name for name in names if name.endswith(suffix) and not name.startswith("."))

    def delete(self) -> None:
        """Remove the folder and all that it holds; no error if it is not there."""
        if self.exists():
            self.filesystem.delete_dir(self.path)
