"""Checkpoints of the trials that run, in the run's folder: each trial's process writes its own."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nids.errors import StorageError
from nids.results.ownership import token_in
from nids.training import checkpoint

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nids.storage import Folder
    from nids.training.checkpoint import Progress

# Tools that read a run pass over it, as over all that begins with a dot.
CHECKPOINTS = ".checkpoints"
# How long a trial waits for a storage that is out of reach before it begins anew, seconds.
WAITS = 60.0


@dataclass(frozen=True)
class Checkpoints:
    """Where a run's checkpoints are kept.

    Attributes:
        run: The run's folder, as every node is to reach it.
        token: That of the driver: once another one has taken the run, its own trials write checkpoints.
    """

    run: Folder
    token: str

    def of(self, trial: int, made_with: Mapping[str, Any]) -> TrialCheckpoint:
        """Return a trial's; ``made_with`` as for ``nids.training.checkpoint``."""
        return TrialCheckpoint(self, trial, made_with)


class TrialCheckpoint:
    """The checkpoint of one trial, see ``nids.training.checkpoint.Checkpoint``.

    Attributes:
        is_kept: Whether there is one.
        fault: Why this node can keep none; empty if it can, as far as is known.
    """

    def __init__(self, checkpoints: Checkpoints, trial: int, made_with: Mapping[str, Any]) -> None:
        self.is_kept = False
        self.fault = ""
        self._checkpoints = checkpoints
        self._folder = checkpoints.run.folder(CHECKPOINTS)
        self._name = _name(trial)
        self._made_with = made_with

    def load(self) -> Progress | None:
        """Return what was kept; None if that is nothing, damaged, or of other hyperparameters or versions."""
        ends = time.monotonic() + WAITS
        while True:
            try:
                progress = checkpoint.from_bytes(self._folder.read(self._name), self._made_with)
            except FileNotFoundError:
                return None
            except StorageError:
                if time.monotonic() > ends:
                    return None
                time.sleep(1.0)
            else:
                self.is_kept = progress is not None
                return progress

    def save(self, progress: Progress) -> None:
        """Keep a trial's progress, unless the run is another driver's by now or the storage is out of reach."""
        run = self._checkpoints.run
        try:
            token = token_in(run)
            if token == self._checkpoints.token:
                self._folder.write(self._name, checkpoint.to_bytes(progress, self._made_with))
                self.is_kept = True
        except StorageError:
            return  # the driver says so, and ends the search if that lasts
        # A folder that is on the driver's disk alone.
        self.fault = "" if token else f"{run.uri} cannot be reached from there"


def delete_checkpoint(run: Folder, trial: int) -> None:
    """Delete a trial's checkpoint, which need not be there.

    Raises:
        StorageError: It cannot be deleted.
    """
    run.folder(CHECKPOINTS).delete_file(_name(trial))


def _name(trial: int) -> str:
    return f"trial-{trial:05d}.npz"
