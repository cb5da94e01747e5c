from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import pytest

from nids.config import Folds, Training
from nids.folds.build import build
from nids.folds.fold import TrainingSet
from nids.folds.split import split
from nids.models.cnn_bigru.hyperparameters import Hyperparameters
from nids.training.batches import TrainingRows, ValidationRows
from nids.training.trainer import Trainer

if TYPE_CHECKING:
    from collections.abc import Callable

    from nids.datasets.traffic import Traffic
    from nids.training.traced_network import State

HP = Hyperparameters(conv_kernel_size=3, conv_filters=4, gru_units=4, sequence_gru_units=4, batch_size=64)
TRAINING = Training(epochs=2)
WIDTH, CLASSES = 60, 5


class Fold:
    """A fold's rows, as a trial prepares them."""

    def __init__(self, traffic: Traffic, number: int) -> None:
        folds = Folds(count=3, targets={"U2R": 20})
        training_set = TrainingSet.from_traffic(traffic)
        fold = build(training_set, number, split(traffic, folds, seed=0)[number], folds, seed=0)
        self.training = TrainingRows(training_set, fold, WIDTH)
        self.validation = ValidationRows(training_set, fold, WIDTH)
        self.even = np.ones(len(self.training), dtype=np.float32)


@pytest.fixture(scope="module")
def folds(traffic: Traffic) -> tuple[Fold, Fold]:
    return Fold(traffic, 0), Fold(traffic, 1)


@pytest.fixture(scope="module")
def traced(trainer: Callable[..., Trainer]) -> Trainer:
    return trainer(WIDTH, CLASSES, HP, TRAINING)


def bits(state: State) -> list[bytes]:
    return [value.tobytes() for value in state]


def trained(trainer: Trainer, fold: Fold, seed: int) -> tuple[list[bytes], list[float], bytes]:
    """Train a fresh state through the whole schedule; return it, the losses and the last prediction, to the bit."""
    state, losses = trainer.fresh(seed, fold.training), []
    for epoch in (1, 2):
        state, loss = trainer.train(state, fold.training, fold.even, epoch, seed=seed + epoch)
        losses.append(loss)
        prediction = trainer.predict(state, fold.validation)
    return bits(state), losses, prediction.tobytes()


def test_a_fresh_state_is_fresh_whatever_was_trained_before(traced: Trainer, folds: tuple[Fold, Fold]) -> None:
    expected = bits(Trainer(WIDTH, CLASSES, HP, TRAINING).fresh(7, folds[0].training))
    assert bits(traced.fresh(7, folds[0].training)) == expected
    trained(traced, folds[0], seed=1)
    assert bits(traced.fresh(7, folds[0].training)) == expected
    assert bits(traced.fresh(8, folds[0].training)) != expected


def test_nothing_of_a_fold_reaches_the_next_one(traced: Trainer, folds: tuple[Fold, Fold]) -> None:
    first, second = folds
    alone = trained(traced, second, seed=2)
    trained(traced, first, seed=1)
    assert trained(traced, second, seed=2) == alone


def test_folds_may_take_turns(traced: Trainer, folds: tuple[Fold, Fold]) -> None:
    alone = [trained(traced, fold, seed=i) for i, fold in enumerate(folds)]
    states = [traced.fresh(i, folds[0].training) for i in range(2)]
    losses: list[list[float]] = [[], []]
    predictions = [b"", b""]
    for epoch in (1, 2):
        for i, fold in enumerate(folds):
            states[i], loss = traced.train(states[i], fold.training, fold.even, epoch, seed=i + epoch)
            losses[i].append(loss)
            predictions[i] = traced.predict(states[i], fold.validation).tobytes()
    assert [(bits(states[i]), losses[i], predictions[i]) for i in range(2)] == alone


def test_prediction_changes_nothing(traced: Trainer, folds: tuple[Fold, Fold]) -> None:
    state = traced.fresh(0, folds[0].training)
    before = bits(state)
    first, again = (traced.predict(state, folds[0].validation) for _ in range(2))
    assert bits(state) == before
    assert bits(traced._network.read()) == before
    assert first.tobytes() == again.tobytes()
    assert (first.shape, first.dtype) == ((len(folds[0].validation), CLASSES), np.float32)
    np.testing.assert_allclose(first.sum(axis=1), 1, rtol=1e-5)


def test_training_makes_a_new_state_and_keeps_the_old_one(traced: Trainer, folds: tuple[Fold, Fold]) -> None:
    state = traced.fresh(0, folds[0].training)
    before = bits(state)
    later, loss = traced.train(state, folds[0].training, folds[0].even, epoch=1, seed=0)
    assert bits(state) == before
    assert bits(later) != before
    assert np.isfinite(loss)


def test_the_seed_decides_the_order_of_the_rows(traced: Trainer, folds: tuple[Fold, Fold]) -> None:
    state = traced.fresh(0, folds[0].training)
    once, again, other = (bits(traced.train(state, folds[0].training, folds[0].even, 1, seed)[0]) for seed in (1, 1, 2))
    assert once == again
    assert once != other


def test_class_weights_scale_the_loss(traced: Trainer, folds: tuple[Fold, Fold]) -> None:
    state = traced.fresh(0, folds[0].training)
    _, nothing = traced.train(state, folds[0].training, 0 * folds[0].even, epoch=1, seed=0)
    assert nothing == 0


def test_a_loss_that_is_not_finite_ends_the_epoch(traced: Trainer, folds: tuple[Fold, Fold]) -> None:
    weights = folds[0].even.copy()
    weights[0] = np.nan
    _, loss = traced.train(traced.fresh(0, folds[0].training), folds[0].training, weights, epoch=1, seed=0)
    assert np.isnan(loss)


def test_a_perceptron_beside_a_network_changes_nothing_in_what_the_network_learns(folds: tuple[Fold, Fold]) -> None:
    rows = folds[0].training
    plain = HP.model_copy(update={"input_form": "piecewise-linear", "input_knots": 5})
    learned, losses = [], []
    for hp in (plain, plain.model_copy(update={"perceptron_layers": 1, "perceptron_units": 4})):
        trainer = Trainer(WIDTH, CLASSES, hp, TRAINING)
        state, loss = trainer.train(trainer.fresh(1, rows), rows, folds[0].even, 1, seed=2)
        learned.append(trainer.weights(state))
        losses.append(loss)
    alone, beside = learned
    for path, values in alone.items():
        np.testing.assert_allclose(beside[path], values, rtol=1e-4, atol=1e-6, err_msg=path)
    of_perceptron = {path: values for path, values in beside.items() if path not in alone}
    np.testing.assert_array_equal(of_perceptron["perceptron_piecewise_linear/knots"], alone["piecewise_linear/knots"])
    assert losses[0] != losses[1]  # the mean of both networks' losses


def test_rows_count_by_their_weight_in_the_loss_of_all_that_learns(folds: tuple[Fold, Fold]) -> None:
    rows = folds[0].training
    trainer = Trainer(WIDTH, CLASSES, HP.model_copy(update={"perceptron_layers": 1}), TRAINING)
    state = trainer.fresh(1, rows)
    _, plain = trainer.train(state, rows, folds[0].even, 1, seed=2)
    _, half = trainer.train(state, rows, 0.5 * folds[0].even, 1, seed=2)
    assert half == pytest.approx(plain / 2, rel=0.02)  # Adam's steps hardly depend on the scale of a loss
    weights = np.where(rows.labels == 0, 1.0, 0.0).astype(np.float32)
    later, _ = trainer.train(state, rows, weights, 1, seed=2)
    benign = trainer.predict(later, folds[0].validation)[:, 0]
    assert benign.mean() > trainer.predict(state, folds[0].validation)[:, 0].mean()


def test_a_longer_training_learns_the_training_rows(traced: Trainer, folds: tuple[Fold, Fold]) -> None:
    state, losses = traced.fresh(0, folds[0].training), []
    for seed in range(6):
        state, loss = traced.train(state, folds[0].training, folds[0].even, epoch=1, seed=seed)
        losses.append(loss)
    assert losses[-1] < losses[0]


@pytest.mark.parametrize(
    ("schedule", "expected"), [("constant", [1, 1, 1, 1, 1]), ("cosine", [1, 0.853553, 0.5, 0.146447, 0])]
)
def test_the_learning_rate_follows_its_schedule(schedule: Literal["constant", "cosine"], expected: list[float]) -> None:
    trainer = Trainer(6, 2, HP, Training(epochs=4, learning_rate_schedule=schedule))
    assert [trainer._decay(epochs) for epochs in range(5)] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "nadam", "rmsprop"])
def test_every_optimizer_has_a_state_of_its_own(optimizer: str, folds: tuple[Fold, Fold]) -> None:
    hp = HP.model_copy(update={"optimizer": optimizer})
    trainer = Trainer(6, 2, hp, TRAINING)
    assert type(trainer._network.model.optimizer).__name__.lower() == optimizer
    assert bits(trainer.fresh(0, folds[0].training)) == bits(trainer.fresh(0, folds[0].training))
    model = trainer._network.model
    assert len(trainer.fresh(0, folds[0].training)) == len(model.variables) + len(model.optimizer.variables)


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", ["adam", "adamw", "nadam", "rmsprop"])
def test_no_optimizer_takes_anything_from_fold_to_fold(optimizer: str, folds: tuple[Fold, Fold]) -> None:
    trainer = Trainer(WIDTH, CLASSES, HP.model_copy(update={"optimizer": optimizer}), TRAINING)
    first, second = folds
    alone = trained(trainer, second, seed=2)
    trained(trainer, first, seed=1)
    assert trained(trainer, second, seed=2) == alone
