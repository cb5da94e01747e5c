"""What users import: the examples of its docstrings run, and importing it loads nothing slow."""

from __future__ import annotations

import doctest
import inspect
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import nids
from nids.detector import bundle
from nids.detector.bundle import Bundle
from nids.folds.encoding import Encoding, compact
from nids.metrics.calibration import fit_temperature
from nids.metrics.detection import threshold_at
from nids.metrics.significance import compare
from nids.models.cnn_bigru import MODEL
from nids.models.cnn_bigru.hyperparameters import Hyperparameters
from nids.results import Run
from nids.search import session
from nids.storage import Folder
from tests.manifests import a_bundle_manifest, networks

if TYPE_CHECKING:
    from collections.abc import Callable

    from nids.datasets.traffic import Traffic

ROOT = Path(__file__).parents[1]
DEMONSTRATION = ROOT / "dashboard" / "demo" / "runs"
# What users import from nids, and what else has an example.
EXAMPLES = (nids.load_dataset, nids.open_run, Run, compare, threshold_at, fit_temperature, Folder)
OF_A_DETECTOR = (nids.load_detector, Bundle.probabilities)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as the examples find it: job files, and a run."""
    path = tmp_path_factory.mktemp("examples")
    shutil.copytree(ROOT / "jobs", path / "jobs")
    shutil.copytree(DEMONSTRATION, path / "runs")
    return path


@pytest.fixture(scope="module")
def detector(folder: Path, traffic: Traffic) -> None:
    """The run's detector, which was never trained."""
    rows = compact(traffic.features, traffic.dataset)
    encoding = Encoding.fit(rows, np.arange(len(rows)), traffic.dataset)
    small = Hyperparameters(conv_kernel_size=3, conv_filters=4, gru_units=4, sequence_gru_units=4)
    model = MODEL.build_for(encoding.width, len(traffic.dataset.classes), small, seed=0)
    manifest = a_bundle_manifest(networks(small, members=1), run="demonstration")
    weights = {weight.path: np.array(weight) for weight in model.weights}
    saved = Folder.from_uri(f"{folder}/runs/demonstration/bundle")
    bundle.save(saved, manifest, traffic.dataset, encoding, [weights], card="# A card\n")


def run_examples(of: Callable[..., Any] | type) -> doctest.TestResults:
    module = inspect.getmodule(of)
    assert module is not None
    tests = [
        test
        for test in doctest.DocTestFinder(recurse=False).find(of, of.__qualname__, module, globs={})
        if test.examples
    ]
    assert len(tests) == 1, f"{of.__qualname__} has no example"
    report: list[str] = []
    results = doctest.DocTestRunner(verbose=False).run(tests[0], out=report.append)
    assert results.failed == 0, "".join(report)
    return results


@pytest.mark.parametrize("of", EXAMPLES, ids=lambda of: of.__qualname__)
def test_an_example_says_what_happens(of: Callable[..., Any], folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    assert run_examples(of).attempted >= 3


@pytest.mark.slow
@pytest.mark.parametrize("of", OF_A_DETECTOR, ids=lambda of: of.__qualname__)
def test_an_example_of_a_detector_says_what_happens(
    of: Callable[..., Any], folder: Path, detector: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    assert run_examples(of).attempted >= 3


@pytest.mark.slow
def test_search_runs_its_example(folder: Path, monkeypatch: pytest.MonkeyPatch, cluster: None) -> None:
    monkeypatch.chdir(folder)
    assert run_examples(session.search).attempted == 3
    assert callable(nids.search)
    assert nids.open_run("runs", "small").manifest.data.synthetic


def test_the_names_are_those_that_are_listed() -> None:
    assert set(nids.__all__) == {"load_dataset", "load_detector", "open_run", "search"}
    with pytest.raises(AttributeError, match="module 'nids' has no attribute 'surch'"):
        nids.surch  # type: ignore[attr-defined]  # noqa: B018


def test_importing_nids_loads_nothing_slow() -> None:
    script = (
        "import sys, nids; nids.search, nids.__version__; print(sorted({'numpy', 'pandas', 'ray'} & {*sys.modules}))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env={**os.environ}, cwd=ROOT
    )
    assert ended.stdout == "[]\n"
