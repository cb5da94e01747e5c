from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from nids import job_file, npz
from nids.config import Folds
from nids.datasets.catalog.nsl_kdd import DATASET as NSL_KDD
from nids.errors import UserError
from nids.folds import cache as fold_cache
from nids.folds import kept
from nids.folds.build import build
from nids.folds.fold import Fold, TrainingSet
from nids.folds.split import split
from nids.storage import Folder

if TYPE_CHECKING:
    from pathlib import Path

    from nids.config import Job
    from nids.datasets.traffic import Traffic

FOLDS = Folds(count=3, k_neighbors=12)  # more neighbours than U2R has, so that there are notes


@pytest.fixture(scope="module")
def training_set(traffic: Traffic) -> TrainingSet:
    return TrainingSet.from_traffic(traffic)


@pytest.fixture(scope="module")
def folds(traffic: Traffic, training_set: TrainingSet) -> list[Fold]:
    return [build(training_set, i, sides, FOLDS, seed=0) for i, sides in enumerate(split(traffic, FOLDS, seed=0))]


@pytest.fixture(params=["local disk", "object store"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Folder:
    return Folder.from_uri(str(tmp_path / "folds") if request.param == "local disk" else "mock://bucket/folds")


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


def test_what_is_saved_is_loaded_to_the_last_bit(folder: Folder, training_set: TrainingSet, folds: list[Fold]) -> None:
    fold_cache.save(folder, training_set, folds)
    loaded = fold_cache.load(folder, training_set.dataset)
    assert loaded is not None
    assert folds[0].notes
    assert [content(fold) for fold in loaded[1]] == [content(fold) for fold in folds]
    again = loaded[0]
    assert again.dataset == training_set.dataset
    assert exact(again.labels) == exact(training_set.labels)
    assert exact(again.rows.numeric) == exact(training_set.rows.numeric)
    assert exact(again.rows.codes) == exact(training_set.rows.codes)
    assert again.rows.vocabularies == training_set.rows.vocabularies


def test_folds_without_synthetic_rows_are_kept_too(traffic: Traffic, folder: Folder, training_set: TrainingSet) -> None:
    plain = Folds(count=2, resampling="none")
    folds = [build(training_set, i, sides, plain, seed=0) for i, sides in enumerate(split(traffic, plain, seed=0))]
    fold_cache.save(folder, training_set, folds)
    loaded = fold_cache.load(folder, training_set.dataset)
    assert loaded is not None
    assert [content(fold) for fold in loaded[1]] == [content(fold) for fold in folds]


def test_nothing_is_loaded_before_all_is_there(tmp_path: Path, training_set: TrainingSet, folds: list[Fold]) -> None:
    folder = Folder.from_uri(str(tmp_path / "folds"))
    assert fold_cache.load(folder, training_set.dataset) is None
    fold_cache.save(folder, training_set, folds)
    (tmp_path / "folds" / "complete.json").unlink()  # the last file of a save that was cut off
    assert fold_cache.load(folder, training_set.dataset) is None


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"sha256": "cd"}, id="data"),
        pytest.param({"dataset": replace(NSL_KDD, columns=NSL_KDD.columns[:-1], layout=())}, id="columns"),
        pytest.param({"dataset": NSL_KDD.labelled_by("nsl-kdd-variant")}, id="label map"),
        pytest.param({"dataset": replace(NSL_KDD, files=(), hold_out=0.1)}, id="rows held out"),
        pytest.param({"seed": 1}, id="seed"),
        pytest.param({"folds": Folds(count=4)}, id="number of folds"),
        pytest.param({"folds": Folds(use=3)}, id="folds used"),
        pytest.param({"folds": Folds(resampling="adasyn")}, id="method"),
        pytest.param({"folds": Folds(k_neighbors=4)}, id="neighbours"),
        pytest.param({"folds": Folds(targets={"U2R": 9})}, id="targets"),
        pytest.param({"folds": Folds(undersample={"Normal": 9})}, id="undersampling"),
    ],
)
def test_other_inputs_have_another_key(traffic: Traffic, other: dict[str, Any]) -> None:
    of_rows = {name: other[name] for name in ("sha256", "dataset") if name in other}
    folds, seed = other.get("folds", Folds()), other.get("seed", 0)
    assert fold_cache.key(replace(traffic, **of_rows), folds, seed) != fold_cache.key(traffic, Folds(), 0)


def test_the_same_inputs_have_the_same_key(traffic: Traffic) -> None:
    key = fold_cache.key(traffic, Folds(targets={"U2R": 9, "R2L": 8}), 0)
    assert fold_cache.key(traffic, Folds(targets={"R2L": 8, "U2R": 9}), 0) == key
    assert fold_cache.key(traffic, Folds(use=5), 0) == fold_cache.key(traffic, Folds(), 0)
    assert fold_cache.key(replace(traffic, dataset=replace(traffic.dataset, citation="?")), Folds(), 0) == (
        fold_cache.key(traffic, Folds(), 0)
    )
    assert key.isalnum()


def test_keys_are_those_of_earlier_versions(traffic: Traffic, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of [folds] as it was before it had undersampling."""
    monkeypatch.setattr(fold_cache, "version", lambda package: "1")
    # As commit e1eb8bf computes them.
    assert fold_cache.former_keys(traffic, Folds(count=3), 0)[0] == "0ef8150d9d59f2c7fc19"
    assert fold_cache.former_keys(traffic, Folds(targets={"U2R": 20}), 3)[0] == "eaff514dbc286733770c"


def test_former_keys_are_those_of_earlier_versions(traffic: Traffic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fold_cache, "version", lambda package: "1")
    # As commit 713edba computes it.
    assert fold_cache.former_keys(traffic, Folds(targets={"U2R": 20}), 3)[1] == "d98e19fcf2cb7196fb9b"


def test_rows_that_only_models_cannot_tell_apart_have_no_former_folds(traffic: Traffic) -> None:
    """log1p(10,000,000) and log1p(10,000,001) are the same in single precision."""
    number = np.arange(len(traffic.label))
    pairs = traffic.features.loc[number // 2].reset_index(drop=True)
    alike = replace(traffic, features=pairs.assign(src_bytes=10_000_000.0 + number % 2))
    assert len(fold_cache.former_keys(traffic, Folds(), 0)) == 2
    assert fold_cache.former_keys(alike, Folds(), 0) == ()


def test_a_damaged_entry_counts_as_none(folder: Folder, training_set: TrainingSet, folds: list[Fold]) -> None:
    fold_cache.save(folder, training_set, folds)
    folder.write("fold-1.npz", folder.read("fold-1.npz")[:1000])
    assert fold_cache.load(folder, training_set.dataset) is None
    fold_cache.save(folder, training_set, folds)
    assert fold_cache.load(folder, training_set.dataset) is not None


def test_a_file_larger_than_the_memory_is_not_read(
    tmp_path: Path, training_set: TrainingSet, folds: list[Fold], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Folder.from_uri(str(tmp_path))
    fold_cache.save(folder, training_set, folds)
    monkeypatch.setattr(npz, "usable_memory", lambda: 3 * (tmp_path / "fold-0.npz").stat().st_size - 1)
    assert fold_cache.load(folder, training_set.dataset) is None


def test_a_file_that_is_not_the_one_that_was_written_counts_as_none(
    tmp_path: Path, training_set: TrainingSet, folds: list[Fold]
) -> None:
    folder = Folder.from_uri(str(tmp_path))
    fold_cache.save(folder, training_set, folds)
    folder.write("fold-1.npz", folder.read("fold-2.npz"))
    assert fold_cache.load(folder, training_set.dataset) is None


@pytest.mark.parametrize("content", ["[]", "{", "null", '{"sha256": 1}', '{"sha256": {}}', "[" * 100_000])
def test_a_list_of_sums_that_is_none_counts_as_no_folds(
    content: str, tmp_path: Path, training_set: TrainingSet, folds: list[Fold]
) -> None:
    folder = Folder.from_uri(str(tmp_path))
    fold_cache.save(folder, training_set, folds)
    folder.write("complete.json", content.encode())
    assert fold_cache.load(folder, training_set.dataset) is None


def test_folds_of_earlier_versions_have_no_sums_but_are_checked(
    tmp_path: Path, training_set: TrainingSet, folds: list[Fold]
) -> None:
    folder = Folder.from_uri(str(tmp_path))
    fold_cache.save(folder, training_set, folds)
    folder.write("complete.json", b'{"vocabularies": [], "attack_types": [], "folds": 3}')
    folder.move("training_set.npz", "corpus.npz")
    loaded = fold_cache.load(folder, training_set.dataset)
    assert loaded is not None
    assert [content(fold) for fold in loaded[1]] == [content(fold) for fold in folds]
    outside = replace(folds[1], training=np.array([2**30], np.int32))
    folder.write("fold-1.npz", kept.to_bytes(kept.fold_arrays(outside), kept.about_fold(outside)))
    assert fold_cache.load(folder, training_set.dataset) is None


def no_rows() -> Traffic:
    raise AssertionError("the cache has the folds")


def job_of(**folds: Any) -> Job:
    sections = {"data": {"dataset": "nsl-kdd-sample"}, "folds": folds, "search": {"seed": 5}}
    return job_file.make({"name": "a-job", **sections}, source="a test")


def test_folds_are_those_of_the_builder_and_then_those_of_the_cache(tmp_path: Path, traffic: Traffic) -> None:
    job = job_of(count=3, use=2)
    training_set = TrainingSet.from_traffic(traffic)
    sides = split(traffic, job.folds, 5)
    folds = [build(training_set, number, sides[number], job.folds, 5) for number in range(2)]
    cache, lines = Folder.from_uri(str(tmp_path)), list[str]()

    made = fold_cache.folds_of(job, traffic.dataset, "a-key", cache, lambda: traffic, lines.append)[1]
    assert [content(fold) for fold in made] == [content(fold) for fold in folds]
    assert sorted(lines) == [
        f"fold {fold.number}: {len(fold.training):,} training rows + {len(fold.synthetic_labels):,} synthetic, "
        f"{len(fold.validation):,} for validation"
        for fold in folds
    ]
    assert all(len(fold.synthetic_labels) for fold in folds)

    lines.clear()
    again = fold_cache.folds_of(job, traffic.dataset, "a-key", cache, no_rows, lines.append)[1]
    assert [content(fold) for fold in again] == [content(fold) for fold in folds]
    assert lines == ["2 folds read from the cache (a-key)"]
    with pytest.raises(AssertionError):
        fold_cache.folds_of(job, traffic.dataset, "another-key", cache, no_rows, lines.append)


@pytest.mark.parametrize(
    ("folds", "message"),
    [
        pytest.param(
            {"targets": {"DoS": 1}}, "folds.targets.DoS is 1, but a fold's training part already has", id="in a thread"
        ),
        pytest.param(
            {"count": 13},
            "found 12 distinct rows of class R2L in nsl-kdd-sample (synthetic, 240 rows, seed 0), but 13 folds",
            id="found before",
        ),
    ],
)
def test_folds_that_cannot_be_built_are_not_kept(
    tmp_path: Path, traffic: Traffic, folds: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError, match=f"^{re.escape(message)}"):
        fold_cache.folds_of(
            job_of(**folds),
            traffic.dataset,
            "a-key",
            Folder.from_uri(str(tmp_path)),
            lambda: traffic,
            lambda line: None,
        )
    assert list(tmp_path.iterdir()) == []
