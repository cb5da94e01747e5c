"""The right to write a run, which one process at a time has."""

from __future__ import annotations

import fcntl
import json
import os
import time
import uuid
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from nids import foreign_json
from nids.errors import LostRunError, NotAFileError, StorageError
from nids.results.driver_process import owner
from nids.results.status import Owner

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from nids.storage import Folder

DRIVER = "driver.json"
LOCK = ".driver.lock"
# In an object store, seconds until what two processes put at the same moment is settled.
SETTLES = 1.0
# Seconds for which a write waits for another one, and after which whoever takes a run lets no lock stop it: a write
# takes far less.
WAITS, BREAKS = 2.0, 10.0


class _KeptLockedError(StorageError):
    """Another process has the lock, and does not give it back."""


class Ownership:
    """The right to write a run's folder: that of the process which has taken it last.

    Whoever takes it leaves a token in the folder, and looks whether it is still there before each write (a fencing
    token, as of Kleppmann 2016, "How to do distributed locking"). So a driver that was held up, whose run another one
    goes on with, writes nothing more once it wakes. On a local disk, a lock makes looking and writing one act. Object
    stores have no such act that pyarrow could ask for: there, a write that is under way while the run is taken still
    arrives. So does, on any storage, one within which a process was stopped for longer than ``BREAKS``.

    Args:
        folder: The run's folder.
        instead_of: The token in the folder when the run was found to be free, see ``token_in``; ``None``: any.

    Attributes:
        token: The token of this process.

    Raises:
        LostRunError: Another process has taken the run since, or at the same moment.
        StorageError: The folder cannot be written to.
    """

    def __init__(self, folder: Folder, instead_of: str | None = None) -> None:
        self._folder = folder
        self.token = uuid.uuid4().hex
        if not folder.is_local:
            self._take(instead_of)
            time.sleep(SETTLES)
            self._refuse_if_lost()
            return
        with folder.explained(writing=True):
            Path(folder.path).mkdir(parents=True, exist_ok=True)
        try:
            with locked(folder, BREAKS):
                self._take(instead_of)
        except _KeptLockedError:  # by a process that was stopped within a write
            with folder.explained(writing=True):
                (Path(folder.path) / LOCK).unlink(missing_ok=True)
            with locked(folder, BREAKS):
                self._take(instead_of)

    def _take(self, instead_of: str | None) -> None:
        if instead_of is not None and token_in(self._folder) != instead_of:
            raise LostRunError(f"{self._folder.uri}: another process has taken this run meanwhile.")
        self._folder.write(DRIVER, json.dumps({"token": self.token, **owner().model_dump()}).encode())

    @contextmanager
    def held(self) -> Iterator[None]:
        """Have the run for as long as the block writes to it.

        Raises:
            LostRunError: Another process has taken it.
            StorageError: It cannot be found out, perhaps only for now.
        """
        with locked(self._folder):
            self._refuse_if_lost()
            yield

    def _refuse_if_lost(self) -> None:
        found = token_in(self._folder)
        if not found:
            raise LostRunError(f"{self._folder.uri}: {DRIVER} was deleted while the run was written.")
        if found != self.token:
            raise LostRunError(
                f"{self._folder.uri}: another process goes on with this run, so this one ends and writes nothing more."
            )


def token_in(folder: Folder) -> str:
    """Return the token of the process that has taken a run last; empty if none ever has.

    Raises:
        StorageError: The folder cannot be read.
    """
    try:
        return str(_read(folder)["token"])
    except FileNotFoundError:
        return ""
    except (ValueError, KeyError, TypeError, NotAFileError):
        return "damaged"


def driver_in(folder: Folder) -> Owner | None:
    """Return the process that has taken a run last; None if none ever has, or it cannot be known.

    Raises:
        StorageError: The folder cannot be read.
    """
    try:
        return Owner.model_validate(_read(folder))
    except (FileNotFoundError, NotAFileError, ValueError):
        return None


def _read(folder: Folder) -> Any:
    return foreign_json.parsed(folder.read(DRIVER, foreign_json.LARGEST))


def locked(folder: Folder, seconds: float = WAITS) -> AbstractContextManager[None]:
    """Keep all others of this project from writing into a run's folder within the block, where its storage can.

    It is a lock of the operating system's, which ends with the process. An object store has none.

    Args:
        folder: The run's folder, which exists.
        seconds: For how long to wait for another process.

    Raises:
        StorageError: Another process keeps it locked, or it cannot be locked.
    """
    return _locked(folder, seconds) if folder.is_local else nullcontext()


@contextmanager
def _locked(folder: Folder, seconds: float) -> Iterator[None]:
    ends = time.monotonic() + seconds
    with folder.explained(writing=True):
        lock = _opened(Path(folder.path) / LOCK)
    with lock:
        while True:
            try:
                with folder.explained(writing=True):
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except StorageError as error:
                if not isinstance(error.__context__, BlockingIOError):
                    raise
                if time.monotonic() > ends:
                    raise _KeptLockedError(f"{folder.uri}: another process keeps it locked.") from None
                time.sleep(0.01)
                continue
            break
        try:
            if not _is_in_place(lock, folder):  # somebody has taken it away meanwhile, to break it
                raise _KeptLockedError(f"{folder.uri}: another process has broken the lock.")
            yield
        finally:
            fcntl.flock(lock, fcntl.LOCK_UN)


def _opened(path: Path) -> IO[bytes]:
    """Open the file of the lock, which everybody may who can write into its folder."""
    try:
        return path.open("ab")
    except PermissionError:  # another user has made it
        path.unlink()
        return path.open("ab")


def _is_in_place(lock: IO[bytes], folder: Folder) -> bool:
    try:
        return os.fstat(lock.fileno()).st_ino == (Path(folder.path) / LOCK).stat().st_ino
    except FileNotFoundError:
        return False
