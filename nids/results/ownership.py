"""The right to write a run, which one process at a time has."""

from __future__ import annotations

import fcntl
import json
import time
import uuid
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from nids.errors import LostRunError, StorageError
from nids.results.driver_process import owner

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nids.storage import Folder

DRIVER = "driver.json"
# In an object store, seconds until what two processes put at the same moment is settled.
SETTLES = 1.0
# Seconds after which a lock is that of a process which does not go on: a write takes far less.
LOCKED = 10.0


class Ownership:
    """The right to write a run's folder: that of the process which has taken it last.

    Whoever takes it leaves a token in the folder, and looks whether it is still there before each write (a fencing
    token, as of Kleppmann 2016, "How to do distributed locking"). So a driver that was held up, whose run another one
    goes on with, writes nothing more once it wakes. On a local disk, a lock makes looking and writing one act. Object
    stores have no such act that pyarrow could ask for: there, a write that is under way while the run is taken still
    arrives; so does one of a process that was stopped within it.

    Args:
        folder: The run's folder.

    Raises:
        LostRunError: Another process took the run at the same moment.
        StorageError: The folder cannot be written to.
    """

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._token = uuid.uuid4().hex
        content = json.dumps({"token": self._token, **owner().model_dump()}).encode()
        if folder.is_local:
            Path(folder.path).mkdir(parents=True, exist_ok=True)
            try:
                with self._locked():
                    folder.write(DRIVER, content)
            except StorageError:  # whoever has the lock was stopped in the middle of a write
                self._lock.unlink(missing_ok=True)
                with self._locked():
                    folder.write(DRIVER, content)
        else:
            folder.write(DRIVER, content)
            time.sleep(SETTLES)
            self._refuse_if_lost()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Have the run for as long as the block writes to it.

        Raises:
            LostRunError: Another process has taken it.
            StorageError: It cannot be found out.
        """
        if not self._folder.is_local:
            self._refuse_if_lost()
            yield
            return
        with self._locked():
            self._refuse_if_lost()
            yield

    def _refuse_if_lost(self) -> None:
        try:
            found = json.loads(self._folder.read(DRIVER))["token"]
        except FileNotFoundError:
            raise LostRunError(f"{self._folder.uri}: was deleted while it was written.") from None
        except (ValueError, KeyError, TypeError):
            found = ""  # by whom, nobody can tell: only what this process wrote counts
        if found != self._token:
            raise LostRunError(
                f"{self._folder.uri}: another process goes on with this run, so this one ends and writes nothing more."
            )

    @property
    def _lock(self) -> Path:
        return Path(self._folder.path) / ".driver.lock"

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Lock the folder, as the operating system does it: the lock ends with the process."""
        with self._lock.open("wb") as lock:
            ends = time.monotonic() + LOCKED
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > ends:
                        raise StorageError(f"{self._folder.uri}: another process keeps it locked.") from None
                    time.sleep(0.01)
            yield
