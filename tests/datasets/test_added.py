"""A data set of another shape goes the whole way, and nothing but its own file knows of it."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from nids import datasets, job_file, models
from nids.config import Folds
from nids.datasets import catalog, registry
from nids.datasets.catalog.nsl_kdd import DATASET as NSL_KDD
from nids.datasets.describe import check
from nids.datasets.io.stream import stream
from nids.detector import bundle
from nids.detector.score import score
from nids.errors import UserError
from nids.evaluation.held_out import read_held_out
from nids.folds.build import build_folds, full_fold
from nids.folds.encoding import compact
from nids.folds.fold import TrainingSet
from nids.folds.split import split
from nids.storage import Folder
from nids.training.refit import FitResult, fit, on_all
from nids.training.trial import run_trial
from tests.manifests import a_bundle_manifest, networks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nids.config import Job
    from nids.datasets.traffic import Traffic

CLASSES = ("Benign", "Botnet", "BruteForce", "DDoS", "Infiltration", "PortScan", "Web")
ROWS_OF_CLASS = 60


@pytest.fixture(autouse=True, scope="module")
def _added() -> Iterator[None]:
    """Let the catalog have the file of the added data set."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalog, "__path__", [*catalog.__path__, str(Path(__file__).parent / "added")])
        registry.find.cache_clear()
        yield
    registry.find.cache_clear()


def flows(rows_of_class: int, seed: int) -> pd.DataFrame:
    """Return a table in which the classes can be told apart, with an index, and labels in front of the features."""
    random = np.random.default_rng(seed)
    label = np.repeat(np.arange(len(CLASSES)), rows_of_class)
    rows = len(label)
    table = pd.DataFrame(
        {
            "id": np.arange(rows),
            "category": np.array(CLASSES)[label],
            "attack": [f"{CLASSES[k]} {i % 2}" for i, k in enumerate(label)],
            "duration": np.exp(random.normal(label, 0.5, rows)),
            "jitter": random.normal(0, 1, rows) * 1000.0 ** (label - 3),
            "clock_offset": random.integers(-9, 9, rows) * (label - 3),
            "balance": np.tanh(random.normal(label - 3, 1, rows)),
            "packets": random.poisson(10 * (label + 1)),
            "urgent": random.integers(0, 2, rows),
            "note": 'with "quotes", and a comma',
        }
    )
    return table.sample(frac=1, random_state=seed)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the training file and the held-out file."""
    path = tmp_path_factory.mktemp("flows")
    flows(ROWS_OF_CLASS, 0).to_csv(path / "monday.csv", index=False)
    flows(20, 1).to_csv(path / "friday.csv", index=False)
    return path


@pytest.fixture(scope="module")
def traffic(folder: Path) -> Traffic:
    return datasets.load_training("flows", folder=folder)


@pytest.fixture(scope="module")
def job() -> Job:
    return job_file.make(
        {
            "name": "flows",
            "data": {"dataset": "flows"},
            "folds": {"count": 2, "targets": {"Web": 40}},
            "model": {"name": "mlp"},
            "training": {"epochs": 1},
            "scheduler": {"kind": "none"},
        },
        source="a test",
    )


def test_it_is_found_by_its_name(traffic: Traffic, folder: Path, job: Job) -> None:
    assert {"flows", "nsl-kdd", "cic-ids2017"} < {*datasets.names()}
    assert traffic.dataset == datasets.get("flows").labelled_by("categories")
    assert datasets.load_for(job.data, 0, folder).sha256 == traffic.sha256
    with pytest.raises(UserError, match="friday is held out"):
        datasets.load_training("flows", file="friday", folder=folder)


def test_its_rows_are_read(traffic: Traffic) -> None:
    table = flows(ROWS_OF_CLASS, 0).reset_index(drop=True)
    names = ["duration", "jitter", "clock_offset", "balance", "packets", "urgent"]
    pd.testing.assert_frame_equal(traffic.features, table[names].astype("float64"))
    assert [traffic.dataset.classes[label] for label in traffic.label] == table["category"].tolist()
    assert traffic.attack.tolist() == table["attack"].tolist()


@pytest.mark.parametrize(
    ("label_map", "classes", "benign", "counts"),
    [
        pytest.param(None, CLASSES, "Benign", [60] * 7, id="as they are"),
        pytest.param("families", ("Benign", "Flood", "Intrusion"), "Benign", [60, 120, 240], id="families"),
        pytest.param("binary", ("Attack", "Benign"), "Benign", [360, 60], id="binary, benign last"),
    ],
)
def test_each_label_map_has_its_own_classes(
    folder: Path, label_map: str | None, classes: tuple[str, ...], benign: str, counts: list[int]
) -> None:
    found = datasets.load_training("flows", class_map=label_map, folder=folder)
    assert (found.dataset.classes, found.dataset.benign) == (classes, benign)
    assert np.bincount(found.label).tolist() == counts


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        pytest.param("clock_offset", "0.5", "this column holds whole numbers below 3.4e38", id="integer"),
        pytest.param("balance", "-1.5", "this column holds numbers >= -1 and <= 1", id="bounds"),
        pytest.param("duration", "-0.1", "this column holds numbers >= 0", id="minimum"),
        pytest.param("category", "Worm", f"this is not a known label (known: {', '.join(CLASSES)})", id="label"),
        pytest.param("category", "benign", "this is not a known label (close ones: Benign)", id="capital"),
        pytest.param("attack", "", "categories are not empty", id="attack"),
    ],
)
def test_a_value_that_breaks_a_rule_is_named(tmp_path: Path, column: str, value: str, message: str) -> None:
    table = flows(1, 0).astype(str)
    position = list(table.columns).index(column)
    table.isetitem(position, [*table[column][:2], value, *table[column][3:]])
    table.to_csv(tmp_path / "monday.csv", index=False)
    with pytest.raises(UserError) as refusal:
        datasets.load_training("flows", folder=tmp_path)
    place = f"monday.csv, line 4, column {position + 1} ({column}): found {value!r}"
    assert str(refusal.value).startswith(place)
    assert message in str(refusal.value)


def test_a_file_without_a_header_is_refused(tmp_path: Path) -> None:
    flows(1, 0).to_csv(tmp_path / "monday.csv", index=False, header=False)
    with pytest.raises(UserError) as refusal:
        datasets.load_training("flows", folder=tmp_path)
    assert "but files of flows name their columns in the first line. Add such a line" in str(refusal.value)


def test_it_is_described(folder: Path) -> None:
    found = check(folder / "monday.csv", datasets.get("flows"), "binary")
    assert found.classes == {"Attack": 360, "Benign": 60}
    assert found.attacks["Benign", "Benign 0"] == 30


@pytest.mark.parametrize("resampling", ["smote", "borderline-smote", "adasyn", "none"])
def test_its_folds_are_encoded_and_resampled(traffic: Traffic, resampling: str) -> None:
    folds_of = {"count": 3, "resampling": resampling, "targets": {} if resampling == "none" else {"Web": 50}}
    job = job_file.make({"name": "j", "data": {"dataset": "flows"}, "folds": folds_of}, source="a test")
    training_set = TrainingSet.from_traffic(traffic)
    assert np.isfinite(training_set.rows.numeric).all()
    assert training_set.rows.codes.shape == (420, 0)
    for fold in build_folds(training_set, traffic, job, lambda text: None):
        assert fold.encoding.feature_names == tuple(column.name for column in traffic.dataset.columns)
        encoded = fold.encoding.transform(training_set.rows, fold.validation)
        assert encoded.shape == (140, 6)
        assert encoded.min() >= 0
        assert encoded.max() <= 1
        assert (fold.synthetic_labels == CLASSES.index("Web")).all()
        assert fold.synthetic.shape == (0 if resampling == "none" else fold.synthetic.shape[0], 6)


def test_smotenc_says_that_it_needs_categories(traffic: Traffic, job: Job) -> None:
    other = job.model_copy(update={"folds": Folds(resampling="smotenc", count=2, targets={"Web": 90})})
    with pytest.raises(UserError, match=r'folds\.resampling = "smotenc" needs categorical columns, and there are none'):
        full_fold(TrainingSet.from_traffic(traffic), other)


def test_attack_types_can_be_withheld(traffic: Traffic) -> None:
    splits = split(traffic, Folds(count=2, scheme="unseen-attacks"), 0)
    attacks = [f"{name} {i}" for name in CLASSES[1:] for i in range(2)]
    assert sorted(name for sides in splits for name in sides.withheld) == attacks


def test_its_held_out_file_is_read(folder: Path, job: Job) -> None:
    (found,) = read_held_out(datasets.get("flows"), job.data, 0, "a test", lambda access: None, folder)
    assert (found.source, len(found.label)) == ("friday.csv", 140)


def test_what_can_be_scored_can_be_trained_on(folder: Path, traffic: Traffic, tmp_path: Path) -> None:
    (chunk,) = stream(folder / "monday.csv", traffic.dataset)
    pd.testing.assert_frame_equal(chunk.table, traffic.features)
    assert chunk.unused == ("id", "category", "attack", "note")
    flows(ROWS_OF_CLASS, 0).to_parquet(tmp_path / "monday.csv", index=False)
    again = datasets.load_training("flows", folder=tmp_path)
    pd.testing.assert_frame_equal(again.features, traffic.features)
    assert again.label.tolist() == traffic.label.tolist()


@pytest.mark.slow
@pytest.mark.parametrize("label_map", [None, "binary"])
def test_a_detector_of_it_is_trained_saved_and_scores(
    folder: Path, job: Job, tmp_path: Path, label_map: str | None
) -> None:
    traffic = datasets.load_training("flows", class_map=label_map, folder=folder)
    classes = len(traffic.dataset.classes)
    training_set, hp = TrainingSet.from_traffic(traffic), models.get(job.model.name).hyperparameters()
    plain = job.model_copy(update={"folds": Folds(count=2, resampling="none")})
    (report,) = run_trial(hp, training_set, build_folds(training_set, traffic, plain, lambda text: None), plain)
    assert np.shape(report["folds"][0]["confusion"]) == (classes, classes)

    all_rows = full_fold(training_set, plain)
    ((_, task),) = on_all(all_rows, 1, plain, hp, epochs=1)
    *_, fitted = fit(training_set, all_rows, task, plain)
    assert isinstance(fitted, FitResult)
    shares = (1 / classes,) * classes
    manifest = a_bundle_manifest(
        networks(hp, model=job.model.name, members=1),
        dataset="flows",
        class_map=traffic.dataset.label_maps[0].name,
        classes=traffic.dataset.classes,
        calibration={"temperature": 1.0, "trained_on": shares, "natural": shares},
    )
    saved = Folder.from_uri(str(tmp_path / "bundle"))
    bundle.save(saved, manifest, traffic.dataset, all_rows.encoding, [fitted.weights], card="")
    detector = bundle.load(saved)
    assert detector.benign == traffic.dataset.classes.index("Benign")
    result = score(detector, [folder / "friday.csv"], tmp_path / "scores.csv", Console(file=io.StringIO()))
    assert (result.rows, result.rejected, set(result.by_class)) == (140, 0, set(traffic.dataset.classes))


def test_nsl_kdd_has_other_folds(traffic: Traffic) -> None:
    assert traffic.dataset.fingerprint != NSL_KDD.labelled_by().fingerprint
    assert len(compact(traffic.features, traffic.dataset)) == 420
