"""Checkpoints of the trials that run, in the run's folder: each trial's process writes its own."""

from __future__ import annotations

import re
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from nids import npz
from nids.errors import NotAFileError, StorageError
from nids.results.ownership import token_in
from nids.storage import OUTAGE_SECONDS
from nids.training import checkpoint

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from nids.storage import Folder
    from nids.training.checkpoint import Progress

# Tools that read a run pass over it, as over all that begins with a dot.
CHECKPOINTS = ".checkpoints"
Result = TypeVar("Result")
# What object stores say to those who may not read or write there: waiting does not help.
_DENIED = re.compile(r"DENIED|FORBIDDEN|INVALID_ACCESS|SIGNATURE|credential|HTTP status 40[0134]", re.IGNORECASE)


@dataclass
class Checkpoints:
    """Where a run's checkpoints are kept; a process has one for all of its trials.

    Attributes:
        run: The run's folder, as every node is to reach it.
        token: That of the driver: once another one has taken the run, its own trials write checkpoints.
        is_reached: Whether this process may wait for the storage: not once it has waited in vain.
    """

    run: Folder
    token: str
    is_reached: bool = True

    def of(self, trial: int, made_with: Mapping[str, Any]) -> TrialCheckpoint:
        """Return a trial's; ``made_with`` as for ``nids.training.checkpoint``."""
        return TrialCheckpoint(self, trial, made_with)


class TrialCheckpoint:
    """The checkpoint of one trial, see ``nids.training.checkpoint.Checkpoint``.

    Attributes:
        is_kept: Whether there is one.
        fault: Why none could be kept, or none read, the last time; empty if it could.
    """

    def __init__(self, checkpoints: Checkpoints, trial: int, made_with: Mapping[str, Any]) -> None:
        self.is_kept = False
        self.fault = ""
        self._checkpoints = checkpoints
        self._folder = checkpoints.run.folder(CHECKPOINTS)
        self._name = _name(trial)
        self._made_with = made_with
        self._epochs = 0  # that are kept; -1 if that could not be found out
        self._is_usable: Callable[[Progress], bool] = lambda _: True

    def load(self, is_usable: Callable[[Progress], bool]) -> Progress | None:
        """Return what was kept; None if that is nothing, damaged, or of other hyperparameters or versions."""
        self._is_usable = is_usable
        try:
            progress = self._waited_for(self._read, OUTAGE_SECONDS if self._checkpoints.is_reached else 0.0)
        except StorageError:
            self._epochs, self._checkpoints.is_reached = -1, False
            return None
        self._checkpoints.is_reached = True
        return progress

    def save(self, progress: Progress, patience: float = 0.0) -> None:
        """Keep a trial's progress, unless the run is another driver's by now or the storage stays out of reach."""
        with suppress(StorageError):
            self._waited_for(lambda: self._save(progress), patience)

    def _waited_for(self, use: Callable[[], Result], patience: float) -> Result:
        """Use the storage, again and again while it is out of reach, for so many seconds; errors as for ``use``."""
        ends = time.monotonic() + patience
        while True:
            self.fault = ""
            try:
                return use()
            except StorageError as error:
                self.fault = str(error)
                if time.monotonic() > ends or _DENIED.search(self.fault):
                    raise
                time.sleep(min(1.0, patience))

    def _save(self, progress: Progress) -> None:
        run = self._checkpoints.run
        token = token_in(run)
        if not token:  # a folder that is on the driver's disk alone has none here
            self.fault = f"{run.uri} cannot be reached from there."
        if token != self._checkpoints.token:
            return
        if self._epochs < 0:
            self._read()
        if len(progress.reports) > self._epochs:
            self._folder.write(self._name, checkpoint.to_bytes(progress, self._made_with))
            self.is_kept, self._epochs = True, len(progress.reports)

    def _read(self) -> Progress | None:
        try:
            content = self._folder.read(self._name, npz.largest_file())
            progress = checkpoint.from_bytes(content, self._made_with)
        except (FileNotFoundError, NotAFileError):
            progress = None
        if progress is not None and not self._is_usable(progress):
            progress = None
        self.is_kept = progress is not None
        self._epochs = 0 if progress is None else len(progress.reports)
        return progress


def kept_checkpoints(run: Folder) -> set[int]:
    """Return the numbers of the trials of which a run has a checkpoint.

    Raises:
        UserError: They cannot be listed.
    """
    numbers = [name.removeprefix("trial-") for name in run.folder(CHECKPOINTS).versions()]
    return {int(number) for number in numbers if number.isdecimal()}


def delete_checkpoint(run: Folder, trial: int) -> None:
    """Delete a trial's checkpoint, which need not be there.

    Raises:
        StorageError: It cannot be deleted.
    """
    run.folder(CHECKPOINTS).delete_file(_name(trial))


def delete_checkpoints(run: Folder) -> None:
    """Delete all of a run's checkpoints.

    Raises:
        UserError: They cannot be deleted.
    """
    run.folder(CHECKPOINTS).delete()


def _name(trial: int) -> str:
    return f"trial-{trial:05d}"
