"""Folds that are kept as arrays: which arrays, and whether what is read is what was made.

Rows, columns and classes are numbers that compiled code follows without looking: one that is out of range reads or
writes the memory of something else.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_matrix

from nids import npz
from nids.folds.encoding import CompactRows, Encoding
from nids.folds.fold import Fold, TrainingSet

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nids.datasets.schema import DatasetSpec

_ABOUT = "about"


def training_set_arrays(training_set: TrainingSet) -> dict[str, np.ndarray]:
    """Return what the folds share, without what is text."""
    rows = training_set.rows
    return {
        "numeric": rows.numeric,
        "codes": rows.codes,
        "labels": training_set.labels,
        "attacks": training_set.attacks,
    }


def about_training_set(training_set: TrainingSet, folds: int) -> dict[str, Any]:
    """Return what is text of it, with the number of folds."""
    return {
        "vocabularies": training_set.rows.vocabularies,
        "attack_types": training_set.attack_types,
        "folds": folds,
    }


def fold_arrays(fold: Fold) -> dict[str, np.ndarray]:
    """Return a fold, without what is text."""
    return {
        "training": fold.training,
        "validation": fold.validation,
        "synthetic_data": fold.synthetic.data,
        "synthetic_indices": fold.synthetic.indices,
        "synthetic_indptr": fold.synthetic.indptr,
        "synthetic_labels": fold.synthetic_labels,
    }


def about_fold(fold: Fold) -> dict[str, Any]:
    """Return what is text of it."""
    return {"encoding": json.loads(fold.encoding.to_json()), "notes": fold.notes, "withheld": fold.withheld}


def training_set_from(content: bytes, dataset: DatasetSpec) -> tuple[TrainingSet, int]:
    """Return what the folds of a data set's rows share, and how many folds there are.

    Raises:
        ValueError: It is not sound.
        KeyError: It lacks a part.
    """
    arrays, about = _arrays_and_about(content)
    vocabularies, attack_types = tuple(map(_texts, about["vocabularies"])), _texts(about["attack_types"])
    folds = about["folds"]
    _require(type(folds) is int and folds > 0, "the number of folds")
    _require(len(vocabularies) == len(dataset.categorical), "the number of vocabularies")
    labels = _numbers(arrays, "labels", np.int8, len(dataset.classes))
    rows = len(labels)
    attacks = _numbers(arrays, "attacks", np.int16, len(attack_types), rows)
    numeric, codes = arrays["numeric"], arrays["codes"]
    _require(numeric.dtype == np.float32 and numeric.shape == (rows, len(dataset.encoded_numbers)), "numeric")
    _require(codes.dtype == np.int32 and codes.shape == (rows, len(vocabularies)), "codes")
    for column, vocabulary in enumerate(vocabularies):
        _require(_within(codes[:, column], len(vocabulary)), "codes")
    for column, of_numbers in enumerate(dataset.numeric):
        known = np.isfinite(numeric[:, column])
        _require(bool((known | np.isnan(numeric[:, column])).all() if of_numbers.missing else known.all()), "numeric")
    for column in range(len(dataset.numeric), len(dataset.encoded_numbers)):
        _require(bool(np.isin(numeric[:, column], (0, 1)).all()), "numeric")
    return TrainingSet(CompactRows(numeric, codes, vocabularies), labels, attacks, attack_types, dataset), folds


def fold_from(content: bytes, number: int, training_set: TrainingSet) -> Fold:
    """Return a fold of some rows.

    Raises:
        ValueError: It is not sound.
        KeyError: It lacks a part.
    """
    arrays, about = _arrays_and_about(content)
    encoding = Encoding.checked(about["encoding"], training_set.dataset)
    rows, classes = len(training_set.labels), len(training_set.dataset.classes)
    training, validation = (_numbers(arrays, name, np.int32, rows) for name in ("training", "validation"))
    for side in (training, validation):
        _require(bool((np.diff(side) > 0).all()), "the order of rows")
    labels = _numbers(arrays, "synthetic_labels", np.int8, classes)
    _require(bool((np.diff(labels) >= 0).all()), "the order of synthetic rows")
    notes, withheld = _texts(about["notes"]), _texts(about["withheld"])
    _require(set(withheld) <= set(training_set.attack_types), "withheld")
    synthetic = _matrix(arrays, len(labels), encoding.width)
    return Fold(number, training, validation, encoding, synthetic, labels, notes, withheld)


def to_bytes(arrays: Mapping[str, np.ndarray], about: Mapping[str, Any]) -> bytes:
    """Return the content of a file with some arrays and what is text."""
    return npz.to_bytes({_ABOUT: npz.json_array(about), **arrays})


def _arrays_and_about(content: bytes) -> tuple[dict[str, np.ndarray], Mapping[str, Any]]:
    arrays = npz.read(content)
    about = npz.json_in(arrays[_ABOUT])
    _require(isinstance(about, dict), _ABOUT)
    return arrays, about


def _matrix(arrays: Mapping[str, np.ndarray], rows: int, width: int) -> csr_matrix:
    """Return synthetic rows, none of whose places is outside the matrix."""
    data, indices, starts = (arrays[f"synthetic_{part}"] for part in ("data", "indices", "indptr"))
    _require(data.dtype == np.float32 and data.ndim == 1 and bool(np.isfinite(data).all()), "synthetic_data")
    for part in (indices, starts):
        _require(part.dtype in (np.int32, np.int64) and part.ndim == 1, "synthetic_indices")
    _require(len(starts) == rows + 1 and starts[-1] == len(indices) == len(data), "synthetic_indptr")
    # Before the matrix is made, which already believes them.
    _require(starts[0] == 0 and bool((np.diff(starts) >= 0).all()), "synthetic_indptr")
    _require(_within(indices, width), "synthetic_indices")
    return csr_matrix((data, indices, starts), shape=(rows, width))


def _numbers(
    arrays: Mapping[str, np.ndarray], name: str, dtype: type[np.integer[Any]], end: int, length: int | None = None
) -> np.ndarray:
    """Return an array of a type, all of whose values are at least 0 and below ``end``."""
    values = arrays[name]
    _require(values.dtype == dtype and values.ndim == 1 and length in (None, len(values)), name)
    _require(_within(values, end), name)
    return values


def _within(values: np.ndarray, end: int) -> bool:
    return not values.size or (values.min() >= 0 and values.max() < end)


def _texts(values: object) -> tuple[str, ...]:
    _require(isinstance(values, list) and all(isinstance(value, str) for value in values), "a list of texts")
    return tuple(values)  # type: ignore[arg-type]


def _require(holds: bool, name: str) -> None:
    if not holds:
        raise ValueError(f"{name} is not what a fold has")
