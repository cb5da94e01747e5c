from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from nids import config, job_file, npz
from nids.folds.build import build, full_fold
from nids.folds.fold import Fold, TrainingSet
from nids.folds.split import split
from nids.metrics.cross_validation import validation_figures
from nids.models.cnn_bigru import MODEL
from nids.models.cnn_bigru.hyperparameters import Hyperparameters
from nids.storage import Folder
from nids.training.refit import FitResult, FitTask, FitWork, fit, on_all, on_folds
from nids.training.trial import TrialFailed, run_trial

if TYPE_CHECKING:
    from pathlib import Path

    from nids.datasets.traffic import Traffic

HP = Hyperparameters(
    conv_kernel_size=3, conv_filters=4, gru_units=4, sequence_gru_units=4, batch_size=64, class_weight_power=0.5
)
JOB = job_file.make(
    {
        "name": "job",
        "folds": {"count": 3, "targets": {"U2R": 20}},
        "training": {"epochs": 3},
        "scheduler": {"kind": "none"},
    },
    source="job.toml",
)


@pytest.fixture(scope="module")
def shared(traffic: Traffic) -> tuple[TrainingSet, list[Fold]]:
    training_set = TrainingSet.from_traffic(traffic)
    splits = split(traffic, JOB.folds, seed=1)[:2]
    return training_set, [build(training_set, number, sides, JOB.folds, seed=0) for number, sides in enumerate(splits)]


def fitted(training_set: TrainingSet, work: FitWork) -> FitResult:
    fold, task = work
    *counted, found = fit(training_set, fold, task, JOB)
    assert counted == list(range(1, task.epochs + 1))
    assert isinstance(found, FitResult)
    return found


@pytest.mark.slow
def test_a_fold_gives_the_model_that_the_trial_had(shared: tuple[TrainingSet, list[Fold]]) -> None:
    training_set, folds = shared
    second = list(run_trial(HP, training_set, folds, JOB))[1]
    firsts = on_folds(folds, 3, JOB, HP, epochs=2)[::3]
    for work, theirs in zip(firsts, second["folds"], strict=True):
        found = fitted(training_set, work)
        figures = validation_figures(training_set, work[0], found.probabilities)
        assert {name: theirs[name] for name in figures} == figures


def test_members_have_the_same_rows_and_other_seeds(shared: tuple[TrainingSet, list[Fold]]) -> None:
    training_set, folds = shared
    everything = full_fold(training_set, JOB)
    work = [*on_folds(folds, 2, JOB, HP, epochs=1), *on_all(everything, 2, JOB, HP, epochs=3)]
    assert [(fold.number, task.name, task.epochs) for fold, task in work] == [
        (0, "fold 0, seed 1 of 2", 1),
        (0, "fold 0, seed 2 of 2", 1),
        (1, "fold 1, seed 1 of 2", 1),
        (1, "fold 1, seed 2 of 2", 1),
        (3, "all rows, seed 1 of 2", 3),
        (3, "all rows, seed 2 of 2", 3),
    ]
    assert len({task.seed for _, task in work}) == 6
    width = max(fold.encoding.width for fold in folds)
    assert [task.width for _, task in work] == [width] * 4 + [everything.encoding.width] * 2


@pytest.mark.slow
def test_a_trained_model_is_kept_and_taken_up_again(
    shared: tuple[TrainingSet, list[Fold]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    training_set, folds = shared
    fold, task = on_folds(folds, 1, JOB, HP, epochs=1)[0]
    found = fitted(training_set, (fold, task))
    folder = Folder.from_uri(str(tmp_path))
    found.save(folder, task)
    again = FitResult.load(folder, task)
    assert again is not None
    np.testing.assert_array_equal(again.probabilities, found.probabilities)
    assert {path: value.tobytes() for path, value in again.weights.items()} == {
        path: value.tobytes() for path, value in found.weights.items()
    }
    for change in ({"epochs": 2}, {"seed": 7}, {"hyperparameters": HP.model_copy(update={"gru_units": 5})}):
        assert FitResult.load(folder, replace(task, **change)) is None
    (path,) = tmp_path.iterdir()
    content = path.read_bytes()
    for damaged in (b"", b"no archive", content[: len(content) // 2]):
        path.write_bytes(damaged)
        assert FitResult.load(folder, task) is None
    path.write_bytes(content)
    with monkeypatch.context() as patched:
        patched.setattr(npz, "usable_memory", lambda: len(content))
        assert FitResult.load(folder, task) is None
    path.unlink()
    assert FitResult.load(folder, task) is None


@pytest.mark.slow
def test_members_differ_by_their_seed_alone(shared: tuple[TrainingSet, list[Fold]]) -> None:
    training_set, _ = shared
    everything = full_fold(training_set, JOB)
    width = everything.encoding.width
    work = on_all(everything, 2, JOB, HP, epochs=1)

    def weights(member: int) -> dict[str, Any]:
        found = fitted(training_set, work[member])
        assert found.probabilities.shape == (0, 5)
        return {path: value.tobytes() for path, value in found.weights.items()}

    first = weights(0)
    assert weights(0) == first
    other = weights(1)
    assert other.keys() == first.keys() == {weight.path for weight in MODEL.build_for(width, 5, HP, seed=0).weights}
    assert other["conv/kernel"] != first["conv/kernel"]


@pytest.mark.slow
def test_a_training_that_diverges_says_so(shared: tuple[TrainingSet, list[Fold]]) -> None:
    training_set, folds = shared
    hp = HP.model_copy(update={"learning_rate": 1.0, "optimizer": "rmsprop"})
    wild = JOB.model_copy(update={"training": config.Training(epochs=60, learning_rate_schedule="constant")})
    numbers = training_set.rows.numeric.copy()
    numbers[folds[0].training] = np.nan
    broken = TrainingSet(
        type(training_set.rows)(numbers, training_set.rows.codes, training_set.rows.vocabularies),
        training_set.labels,
        training_set.attacks,
        training_set.attack_types,
        training_set.dataset,
    )
    with pytest.raises(TrialFailed, match=r"the training loss became nan in epoch 1"):
        list(fit(broken, folds[0], FitTask("broken", folds[0].encoding.width, hp, epochs=1, seed=0), wild))
