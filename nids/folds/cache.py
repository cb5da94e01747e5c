"""Folds on disk, under a hash of everything that they depend on: built once, whichever run or driver asks."""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import version
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from nids import foreign_json, npz
from nids.errors import DamagedFileError, NotAFileError
from nids.folds import kept
from nids.folds.build import build_folds
from nids.folds.fold import Fold, TrainingSet
from nids.folds.split import vectors
from nids.metrics.formatting import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nids import config
    from nids.config import Job
    from nids.datasets.schema import DatasetSpec
    from nids.datasets.traffic import Traffic
    from nids.storage import Folder

# Keys that [folds] did not have when the first folds were kept: at their default they are no part of a hash.
LATER_KEYS = ("undersample", "repeats")

# Part of every hash: raised whenever the same inputs would give other folds, or be stored in another form.
FORMAT = 7

_SHARED, _FORMERLY_SHARED = "training_set.npz", "corpus.npz"  # the other up to format 5
_COMPLETE = "complete.json"
_DAMAGE = (
    *(FileNotFoundError, NotAFileError, DamagedFileError),
    *(ValueError, TypeError, LookupError, AttributeError),  # other JSON than it should be
)


def key(traffic: Traffic, folds: config.Folds, seed: int) -> str:
    """Return the hash under which folds of some rows are kept."""
    return _hash(FORMAT, traffic.sha256, traffic.dataset.fingerprint, folds, seed)


def former_keys(traffic: Traffic, folds: config.Folds, seed: int) -> tuple[str, ...]:
    """Return the hashes that earlier versions gave the same folds, as runs of theirs name them.

    To them, rows were the same whose features are so in double precision, before transforms; where that makes a
    difference, their folds were others.
    """
    exact = pd.factorize(pd.util.hash_pandas_object(traffic.features, index=False))[0]
    if not np.array_equal(exact, vectors(traffic)):
        return ()
    described = (traffic.dataset.fingerprint, traffic.dataset.label_maps[0].name)
    return tuple(_hash(form, traffic.sha256, each, folds, seed) for form, each in zip((6, 5), described, strict=True))


def folds_of(
    job: Job,
    dataset: DatasetSpec,
    key: str,
    cache: Folder,
    rows: Callable[[], Traffic],
    progress: Callable[[str], object],
) -> tuple[TrainingSet, list[Fold]]:
    """Return what the folds of a job share, and the folds, from the cache or built and then kept there.

    Args:
        job: The job.
        dataset: What its rows belong to.
        key: ``key`` of what the folds are made from.
        cache: Where folds are kept.
        rows: Returns the labelled rows; only called if the cache does not have the folds.
        progress: Called with a line of text when a step has ended.

    Raises:
        UserError: A class is too small for the folds or for the resampling asked for.
    """
    folder = cache.folder(key)
    if (cached := load(folder, dataset)) is not None and len(cached[1]) == job.folds.used:
        progress(f"{counted(job.folds.used, 'fold')} read from the cache ({key})")
        return cached
    traffic = rows()
    training_set = TrainingSet.from_traffic(traffic)
    folds = build_folds(training_set, traffic, job, progress)
    save(folder, training_set, folds)
    return training_set, folds


def save(folder: Folder, training_set: TrainingSet, folds: Sequence[Fold]) -> None:
    """Write the folds; they count as there once all of them are."""
    about = kept.about_training_set(training_set, len(folds))
    sums = {_SHARED: _write(folder, _SHARED, kept.to_bytes(kept.training_set_arrays(training_set), about))}
    for fold in folds:
        name, content = _name(fold.number), kept.to_bytes(kept.fold_arrays(fold), kept.about_fold(fold))
        sums[name] = _write(folder, name, content)
    folder.write(_COMPLETE, json.dumps({"sha256": sums}).encode())


def load(folder: Folder, dataset: DatasetSpec) -> tuple[TrainingSet, list[Fold]] | None:
    """Return what ``save`` wrote of a data set's rows, or None where it is not there, whole and sound.

    Whoever writes to the storage can write folds of their own, with the sums of these; but none that lead a trial
    outside its arrays, or that take more memory than their files.
    """
    if not folder.exists(_COMPLETE):
        return None
    try:
        return _load(folder, dataset)
    except _DAMAGE:
        return None  # it is made again


def delete(folder: Folder) -> None:
    """Delete what ``save`` wrote; interrupted, what is left counts as not there.

    Raises:
        StorageError: It cannot be deleted.
    """
    folder.delete_file(_COMPLETE)
    folder.delete()


def _load(folder: Folder, dataset: DatasetSpec) -> tuple[TrainingSet, list[Fold]]:
    # Earlier versions told no sums there.
    sums = foreign_json.parsed(folder.read(_COMPLETE, foreign_json.LARGEST)).get("sha256")
    name = _SHARED if folder.exists(_SHARED) else _FORMERLY_SHARED
    training_set, folds = kept.training_set_from(_read(folder, name, sums), dataset)
    return training_set, [
        kept.fold_from(_read(folder, _name(number), sums), number, training_set) for number in range(folds)
    ]


def _name(number: int) -> str:
    return f"fold-{number}.npz"


def _write(folder: Folder, name: str, content: bytes) -> str:
    """Write a file, and return the SHA-256 of its content."""
    folder.write(name, content)
    return hashlib.sha256(content).hexdigest()


def _read(folder: Folder, name: str, sums: dict[str, str] | None) -> bytes:
    content = folder.read(name, npz.largest_file())
    if sums is not None and hashlib.sha256(content).hexdigest() != sums[name]:
        raise ValueError(f"{name} is not what was written")
    return content


def _hash(form: int, data_sha256: str, description: str, folds: config.Folds, seed: int) -> str:
    made_by = {name: version(name) for name in ("imbalanced-learn", "numpy", "pandas", "scikit-learn")}
    later = {name for name in LATER_KEYS if getattr(folds, name) == type(folds).model_fields[name].default}
    asked = folds.model_dump(exclude={"use", *later})
    inputs = [form, data_sha256, description, asked, folds.used, seed, made_by]
    return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()[:20]
