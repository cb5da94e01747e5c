from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from nids import config
from nids.folds import Corpus, Fold, build, split
from nids.hyperparameters import Hyperparameters
from nids.model import build_model
from nids.refit import Fitted, fit, fold_seed, member_seed, whole
from nids.trial import TrialFailed, run_trial
from nids.validation import validation_figures

if TYPE_CHECKING:
    from nids.datasets.schema import Traffic

HP = Hyperparameters(
    conv_kernel_size=3, conv_filters=4, gru_units=4, sequence_gru_units=4, batch_size=64, class_weight_power=0.5
)
JOB = config.make(
    {
        "name": "job",
        "folds": {"count": 3, "targets": {"U2R": 20}},
        "training": {"epochs": 3},
        "scheduler": {"kind": "none"},
    },
    source="job.toml",
)


@pytest.fixture(scope="module")
def shared(traffic: Traffic) -> tuple[Corpus, list[Fold]]:
    corpus = Corpus.of(traffic)
    splits = split(traffic, JOB.folds, seed=1)[:2]
    return corpus, [build(corpus, number, sides, JOB.folds, seed=0) for number, sides in enumerate(splits)]


def test_a_fold_gives_the_model_that_the_trial_had(shared: tuple[Corpus, list[Fold]]) -> None:
    corpus, folds = shared
    width = max(fold.encoding.width for fold in folds)
    second = list(run_trial(HP, corpus, folds, JOB))[1]
    for fold, theirs in zip(folds, second["folds"], strict=True):
        *epochs, found = fit(corpus, fold, width, HP, JOB, epochs=2, seed=fold_seed(JOB, fold))
        assert epochs == [1, 2]
        assert isinstance(found, Fitted)
        figures = validation_figures(corpus, fold, found.probabilities)
        assert {name: theirs[name] for name in figures} == figures


def test_all_rows_are_trained_on_and_resampled_as_a_fold_is(shared: tuple[Corpus, list[Fold]]) -> None:
    corpus, _ = shared
    everything = whole(corpus, JOB)
    np.testing.assert_array_equal(everything.training, np.arange(len(corpus.rows)))
    assert len(everything.validation) == 0
    u2r = corpus.dataset.classes.index("U2R")
    assert np.bincount(everything.synthetic_labels, minlength=5).tolist() == [
        0, 0, 0, 0, 20 - np.count_nonzero(corpus.labels == u2r)
    ]  # fmt: skip


def test_members_differ_by_their_seed_alone(shared: tuple[Corpus, list[Fold]]) -> None:
    corpus, _ = shared
    everything = whole(corpus, JOB)
    width = everything.encoding.width

    def weights(member: int) -> dict[str, Any]:
        *_, found = fit(corpus, everything, width, HP, JOB, epochs=1, seed=member_seed(JOB, member))
        assert isinstance(found, Fitted)
        assert found.probabilities.shape == (0, 5)
        return {path: value.tobytes() for path, value in found.weights.items()}

    first = weights(0)
    assert weights(0) == first
    other = weights(1)
    assert other.keys() == first.keys() == {weight.path for weight in build_model(width, 5, HP, seed=0).weights}
    assert other["conv/kernel"] != first["conv/kernel"]


def test_a_training_that_diverges_says_so(shared: tuple[Corpus, list[Fold]]) -> None:
    corpus, folds = shared
    hp = HP.model_copy(update={"learning_rate": 1.0, "optimizer": "rmsprop"})
    wild = JOB.model_copy(update={"training": config.Training(epochs=60, learning_rate_schedule="constant")})
    numbers = corpus.rows.numeric.copy()
    numbers[folds[0].training] = np.nan
    broken = Corpus(
        type(corpus.rows)(numbers, corpus.rows.codes, corpus.rows.vocabularies),
        corpus.labels,
        corpus.attacks,
        corpus.attack_types,
        corpus.dataset,
    )
    with pytest.raises(TrialFailed, match=r"the training loss became nan in epoch 1"):
        list(fit(broken, folds[0], folds[0].encoding.width, hp, wild, epochs=1, seed=0))
