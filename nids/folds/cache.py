"""Folds on disk, under a hash of everything that they depend on: built once, whichever run or driver asks."""

from __future__ import annotations

import hashlib
import io
import json
from importlib.metadata import version
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from nids.folds.build import build_folds
from nids.folds.encoding import CompactRows, Encoding
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
LATER_KEYS = ("undersample",)

# Part of every hash: raised whenever the same inputs would give other folds, or be stored in another form.
FORMAT = 7


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
    if (cached := load(folder, dataset)) is not None:
        progress(f"{counted(job.folds.used, 'fold')} read from the cache ({key})")
        return cached
    traffic = rows()
    training_set = TrainingSet.from_traffic(traffic)
    folds = build_folds(training_set, traffic, job, progress)
    save(folder, training_set, folds)
    return training_set, folds


def save(folder: Folder, training_set: TrainingSet, folds: Sequence[Fold]) -> None:
    """Write the folds; they count as there once all of them are."""
    content = {
        "vocabularies": training_set.rows.vocabularies,
        "attack_types": training_set.attack_types,
        "folds": len(folds),
    }
    shared = {
        "numeric": training_set.rows.numeric,
        "codes": training_set.rows.codes,
        "labels": training_set.labels,
        "attacks": training_set.attacks,
    }
    _write(folder, "training_set.npz", shared, content)
    for fold in folds:
        arrays = {
            "training": fold.training,
            "validation": fold.validation,
            "synthetic_data": fold.synthetic.data,
            "synthetic_indices": fold.synthetic.indices,
            "synthetic_indptr": fold.synthetic.indptr,
            "synthetic_labels": fold.synthetic_labels,
        }
        about = {"encoding": json.loads(fold.encoding.to_json()), "notes": fold.notes, "withheld": fold.withheld}
        _write(folder, f"fold-{fold.number}.npz", arrays, about)
    folder.write("complete.json", json.dumps(content).encode())


def load(folder: Folder, dataset: DatasetSpec) -> tuple[TrainingSet, list[Fold]] | None:
    """Return what ``save`` wrote of a data set's rows, or None where it is not there, whole and sound."""
    if not folder.exists("complete.json"):
        return None
    try:
        return _load(folder, dataset)
    except (OSError, EOFError, KeyError, ValueError, BadZipFile):
        return None  # damaged: it is made again


def _load(folder: Folder, dataset: DatasetSpec) -> tuple[TrainingSet, list[Fold]]:
    name = "training_set.npz" if folder.exists("training_set.npz") else "corpus.npz"  # its name up to format 5
    arrays, content = _read(folder, name)
    vocabularies = tuple(map(tuple, content["vocabularies"]))
    rows = CompactRows(arrays["numeric"], arrays["codes"], vocabularies)
    training_set = TrainingSet(
        rows,
        arrays["labels"],
        arrays["attacks"],
        tuple(content["attack_types"]),
        dataset,
    )
    return training_set, [_fold(folder, number) for number in range(content["folds"])]


def _fold(folder: Folder, number: int) -> Fold:
    arrays, about = _read(folder, f"fold-{number}.npz")
    encoding = Encoding.from_json(json.dumps(about["encoding"]))
    parts = (arrays["synthetic_data"], arrays["synthetic_indices"], arrays["synthetic_indptr"])
    synthetic = csr_matrix(parts, shape=(len(arrays["synthetic_labels"]), encoding.width))
    return Fold(
        number,
        arrays["training"],
        arrays["validation"],
        encoding,
        synthetic,
        arrays["synthetic_labels"],
        tuple(about["notes"]),
        tuple(about["withheld"]),
    )


def _write(folder: Folder, name: str, arrays: dict[str, np.ndarray], about: dict[str, Any]) -> None:
    sink = io.BytesIO()
    text = np.frombuffer(json.dumps(about).encode(), dtype=np.uint8)
    np.savez(sink, allow_pickle=False, about=text, **arrays)
    folder.write(name, sink.getbuffer())


def _read(folder: Folder, name: str) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    with np.load(io.BytesIO(folder.read(name)), allow_pickle=False) as file:
        arrays = {key: file[key] for key in file.files}
    return arrays, json.loads(arrays.pop("about").tobytes())


def _hash(form: int, data_sha256: str, description: str, folds: config.Folds, seed: int) -> str:
    made_by = {name: version(name) for name in ("imbalanced-learn", "numpy", "pandas", "scikit-learn")}
    later = {name for name in LATER_KEYS if getattr(folds, name) == type(folds).model_fields[name].default}
    asked = folds.model_dump(exclude={"use", *later})
    inputs = [form, data_sha256, description, asked, folds.used, seed, made_by]
    return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()[:20]
