"""The same trial on TensorFlow, in the process of the tests, and on JAX, in another process that runs this file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from nids import datasets, job_file, models
from nids.detector import bundle
from nids.folds.build import build
from nids.folds.fold import Fold, TrainingSet
from nids.folds.split import split
from nids.models import backend
from nids.storage import Folder
from nids.training.refit import FitResult, fit, on_folds
from nids.training.traced_network import State, TracedNetwork
from nids.training.trial import run_trial
from tests.manifests import a_bundle_manifest, networks

ROOT = Path(__file__).parents[2]
# Without dropout, whose masks each framework draws in its own way.
_WITHOUT_DROPOUT = {"conv_dropout": 0.0, "gru_dropout": 0.0, "attention_dropout": 0.0, "perceptron_dropout": 0.0}
HPS = {
    "mlp": models.get("mlp").hyperparameters.model_validate(
        {"layers": 1, "units": 8, "dropout": 0.0, "batch_size": 64, "optimizer": "nadam"}
    ),
    # With two outputs that learn, each from its own focal loss, and two layers of learned input.
    "cnn-bigru": models.get("cnn-bigru").hyperparameters.model_validate(
        {
            **_WITHOUT_DROPOUT,
            "conv_filters": 4,
            "gru_units": 4,
            "sequence_gru_units": 4,
            "batch_size": 64,
            "focal_gamma": 1.0,
            "input_form": "piecewise-linear",
            "input_knots": 5,
            "perceptron_layers": 1,
            "perceptron_units": 8,
        }
    ),
}
JOB = job_file.make(
    {
        "name": "job",
        "data": {"dataset": "nsl-kdd-sample", "rows": 240},
        "model": {"name": "mlp"},
        "folds": {"count": 3, "targets": {"U2R": 20}},
        "training": {"epochs": 3},
        "scheduler": {"kind": "none"},
    },
    source="a test",
)
# Single precision, after three epochs of sums in another order.
TOLERANCE = 1e-4


def start_from(folder: Path) -> None:
    """Have networks begin with the weights in a folder, or keep there those that they begin with."""
    own = TracedNetwork.fresh

    def fresh(self: TracedNetwork, hp: Any, seed: int, knots: np.ndarray | None = None) -> State:
        state = own(self, hp, seed, knots)
        paths = {weight.path for weight in self.model.weights}
        file = folder / f"{seed}.npz"
        if not file.exists():
            np.savez(file, allow_pickle=False, **{path: v for path, v in self.named(state).items() if path in paths})
        with np.load(file) as kept:
            return [
                kept[variable.path] if variable.path in paths else value
                for variable, value in zip(self._variables, state, strict=True)
            ]

    TracedNetwork.fresh = fresh  # type: ignore[method-assign]


def outcome(model: str, training_set: TrainingSet, fold: Fold) -> tuple[list[list[float]], FitResult]:
    """Return the losses of each epoch of a trial, in training and in validation, and its model trained once more."""
    reports = [report["folds"][0] for report in run_trial(HPS[model], training_set, [fold], JOB)]
    work, task = on_folds([fold], 1, JOB, HPS[model], epochs=JOB.training.epochs)[0]
    *_, result = fit(training_set, work, task, JOB)
    assert isinstance(result, FitResult)
    return [[report["training_loss"], report["log_loss"]] for report in reports], result


def prepared() -> tuple[Any, TrainingSet, Fold]:
    traffic = datasets.load_training("nsl-kdd-sample", rows=240, seed=0)
    training_set = TrainingSet.from_traffic(traffic)
    return traffic, training_set, build(training_set, 0, split(traffic, JOB.folds, seed=1)[0], JOB.folds, seed=0)


@pytest.fixture
def initial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(TracedNetwork, "fresh", TracedNetwork.fresh)  # as it was, after the test
    start_from(tmp_path)
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("model", HPS)
def test_run_trial_on_jax_does_what_it_does_on_tensorflow(initial: Path, model: str) -> None:
    traffic, training_set, fold = prepared()
    losses, here = outcome(model, training_set, fold)
    environment = {
        **os.environ,
        "KERAS_BACKEND": "jax",
        "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, sys.path)]),
    }
    ended = subprocess.run(
        [sys.executable, __file__, str(initial), model], env=environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    on_jax = json.loads(ended.stdout.splitlines()[-1])
    assert on_jax["framework"] == "jax"
    np.testing.assert_allclose(on_jax["losses"], losses, rtol=TOLERANCE)
    assert losses[0] != losses[-1]

    detector = bundle.load(Folder.from_uri(f"{initial}/bundle"))
    scored = detector.probabilities(traffic.features.iloc[fold.validation])
    np.testing.assert_allclose(scored, on_jax["probabilities"], atol=TOLERANCE)
    np.testing.assert_allclose(scored, here.probabilities, atol=TOLERANCE)


def main(folder: Path, model: str) -> None:
    backend.configure(1, 0.0)
    start_from(folder)
    traffic, training_set, fold = prepared()
    losses, result = outcome(model, training_set, fold)
    manifest = a_bundle_manifest(networks(HPS[model], model=model, members=1))
    bundle.save(Folder.from_uri(f"{folder}/bundle"), manifest, traffic.dataset, fold.encoding, [result.weights])
    about = {"framework": keras.backend.backend(), "losses": losses}
    print(json.dumps({**about, "probabilities": result.probabilities.tolist()}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
