from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from nids import fold_cache
from nids.config import Folds
from nids.folds import Corpus, Fold, build, split
from nids.storage import Folder

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

    from nids.datasets.schema import Traffic

FOLDS = Folds(count=3, k_neighbors=12)  # more neighbours than U2R has, so that there are notes


@pytest.fixture(scope="module")
def corpus(traffic: Traffic) -> Corpus:
    return Corpus.of(traffic)


@pytest.fixture(scope="module")
def folds(traffic: Traffic, corpus: Corpus) -> list[Fold]:
    return [build(corpus, i, sides, FOLDS, seed=0) for i, sides in enumerate(split(traffic, FOLDS, seed=0))]


@pytest.fixture(params=["local disk", "object store"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Folder:
    return Folder.at(str(tmp_path / "folds") if request.param == "local disk" else "mock://bucket/folds")


def exact(array: np.ndarray) -> tuple[str, tuple[int, ...], bytes]:
    return array.dtype.str, array.shape, array.tobytes()


def content(fold: Fold) -> dict[str, Any]:
    return {
        "number": fold.number,
        "sides": [exact(fold.training), exact(fold.validation)],
        "encoding": fold.encoding,
        "synthetic": [exact(part) for part in (fold.synthetic.data, fold.synthetic.indices, fold.synthetic.indptr)],
        "shape": fold.synthetic.shape,
        "synthetic_labels": exact(fold.synthetic_labels),
        "notes": fold.notes,
    }


def test_what_is_saved_is_loaded_to_the_last_bit(folder: Folder, corpus: Corpus, folds: list[Fold]) -> None:
    fold_cache.save(folder, corpus, folds)
    loaded = fold_cache.load(folder)
    assert loaded is not None
    assert folds[0].notes
    assert [content(fold) for fold in loaded[1]] == [content(fold) for fold in folds]
    again = loaded[0]
    assert again.dataset is corpus.dataset
    assert exact(again.labels) == exact(corpus.labels)
    assert exact(again.rows.numeric) == exact(corpus.rows.numeric)
    assert exact(again.rows.codes) == exact(corpus.rows.codes)
    assert again.rows.vocabularies == corpus.rows.vocabularies


def test_folds_without_synthetic_rows_are_kept_too(traffic: Traffic, folder: Folder, corpus: Corpus) -> None:
    plain = Folds(count=2, resampling="none")
    folds = [build(corpus, i, sides, plain, seed=0) for i, sides in enumerate(split(traffic, plain, seed=0))]
    fold_cache.save(folder, corpus, folds)
    loaded = fold_cache.load(folder)
    assert loaded is not None
    assert [content(fold) for fold in loaded[1]] == [content(fold) for fold in folds]


def test_nothing_is_loaded_before_all_is_there(tmp_path: Path, corpus: Corpus, folds: list[Fold]) -> None:
    folder = Folder.at(str(tmp_path / "folds"))
    assert fold_cache.load(folder) is None
    fold_cache.save(folder, corpus, folds)
    (tmp_path / "folds" / "complete.json").unlink()  # the last file of a save that was cut off
    assert fold_cache.load(folder) is None


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"data_sha256": "cd"}, id="data"),
        pytest.param({"class_map": "nsl-kdd-variant"}, id="class map"),
        pytest.param({"seed": 1}, id="seed"),
        pytest.param({"folds": Folds(count=4)}, id="number of folds"),
        pytest.param({"folds": Folds(use=3)}, id="folds used"),
        pytest.param({"folds": Folds(resampling="adasyn")}, id="method"),
        pytest.param({"folds": Folds(k_neighbors=4)}, id="neighbours"),
        pytest.param({"folds": Folds(targets={"U2R": 9})}, id="targets"),
    ],
)
def test_other_inputs_have_another_key(other: dict[str, Any]) -> None:
    inputs = {"data_sha256": "ab", "class_map": "nsl-kdd", "folds": Folds(), "seed": 0}
    assert fold_cache.key(**(inputs | other)) != fold_cache.key(**inputs)


def test_the_same_inputs_have_the_same_key() -> None:
    key = fold_cache.key("ab", "nsl-kdd", Folds(targets={"U2R": 9, "R2L": 8}), 0)
    assert fold_cache.key("ab", "nsl-kdd", Folds(targets={"R2L": 8, "U2R": 9}), 0) == key
    assert fold_cache.key("ab", "nsl-kdd", Folds(use=5), 0) == fold_cache.key("ab", "nsl-kdd", Folds(), 0)
    assert key.isalnum()


def test_a_damaged_entry_counts_as_none(folder: Folder, corpus: Corpus, folds: list[Fold]) -> None:
    fold_cache.save(folder, corpus, folds)
    folder.write("fold-1.npz", folder.read("fold-1.npz")[:1000])
    assert fold_cache.load(folder) is None
    fold_cache.save(folder, corpus, folds)
    assert fold_cache.load(folder) is not None
