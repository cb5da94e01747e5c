"""Where a trial stands after an epoch, as bytes: one that was interrupted goes on from there."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from nids import npz

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from nids.training.traced_network import State

# Names in the archive; all others are arrays, FOLD-POSITION.
_REPORTS, _MADE_WITH = "reports", "made_with"
DIGEST_SIZE = 16  # bytes


class Progress(NamedTuple):
    """What a trial has done so far.

    Attributes:
        reports: Those of ``nids.training.trial.run_trial``, of each epoch so far.
        states: The state of each fold's network and optimizer after the last of them.
    """

    reports: list[dict[str, Any]]
    states: list[State]


class Checkpoint(Protocol):
    """Where the progress of one trial is kept."""

    def load(self, is_usable: Callable[[Progress], bool]) -> Progress | None:
        """Return what was kept; None if there is nothing to go on from.

        Args:
            is_usable: Whether the trial can go on from what was kept. What it cannot go on from counts as nothing, and
                is replaced by what is kept next.
        """

    def save(self, progress: Progress, patience: float) -> None:
        """Keep it instead of what was kept before; that it cannot be kept is no error.

        Args:
            progress: What the trial has done.
            patience: Seconds to wait, at most, for a storage that is out of reach.
        """


def to_bytes(progress: Progress, made_with: Mapping[str, Any]) -> bytes:
    """Return a trial's progress: the BLAKE2b digest of what follows, an archive of NumPy's (``.npz``) without pickle.

    Args:
        progress: What the trial has done.
        made_with: What must be the same for the trial to go on from it, such as its hyperparameters; goes into JSON.
    """
    arrays = {f"{fold}-{i}": value for fold, state in enumerate(progress.states) for i, value in enumerate(state)}
    texts = {_REPORTS: progress.reports, _MADE_WITH: made_with}
    written = {name: npz.json_array(text) for name, text in texts.items()}
    content = npz.to_bytes({**written, **arrays})
    return _digest(content) + content


def from_bytes(content: bytes, made_with: Mapping[str, Any]) -> Progress | None:
    """Return a trial's progress; None where the bytes are damaged, or were made with something else.

    Whoever can write to the storage can give them the right digest; but they take no more memory than they are long.
    """
    digest, archived = content[:DIGEST_SIZE], content[DIGEST_SIZE:]
    if digest != _digest(archived):
        return None
    try:
        arrays = npz.read(archived)
        if npz.json_in(arrays.pop(_MADE_WITH)) != json.loads(json.dumps(made_with)):
            return None
        reports = npz.json_in(arrays.pop(_REPORTS))
    except (npz.ArraysError, KeyError):
        return None
    if not isinstance(reports, list) or not all(isinstance(report, dict) for report in reports):
        return None
    states: dict[str, State] = {}
    for name, values in arrays.items():
        states.setdefault(name.partition("-")[0], []).append(values)
    return Progress(reports, list(states.values()))


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=DIGEST_SIZE).digest()
