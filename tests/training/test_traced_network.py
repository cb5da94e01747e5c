from __future__ import annotations

import numpy as np
import pytest

from nids import models
from nids.models.mlp import Hyperparameters
from nids.training.traced_network import TracedNetwork

WIDTH, CLASSES, ROWS = 6, 3, 16
GAMMAS = [
    pytest.param(0.0, id="cross-entropy"),
    pytest.param(0.5, id="focal-0.5"),
    pytest.param(1.0, id="focal-1"),
    pytest.param(2.5, id="focal-2.5"),
]


def traced(gamma: float) -> TracedNetwork:
    """A fresh network of a small perceptron without anything random in its training."""
    hp = Hyperparameters(layers=1, units=8, dropout=0.0, batch_norm=False, focal_gamma=gamma)
    spec = models.of(hp)
    network = TracedNetwork(spec, WIDTH, CLASSES, spec.architecture_of(hp), hp.compile_options)
    network.write(network.fresh(hp, seed=0))
    return network


def a_batch() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    rows = generator.random((ROWS, WIDTH), dtype=np.float32)
    return rows, generator.integers(0, CLASSES, ROWS, dtype=np.int8), generator.random(ROWS, dtype=np.float32)


@pytest.mark.parametrize("gamma", GAMMAS)
def test_loss_of_a_step(gamma: float) -> None:
    network, (rows, labels, weights) = traced(gamma), a_batch()
    of_class = network.model.predict_on_batch(rows)[np.arange(ROWS), labels]
    expected = np.mean(weights * (1 - of_class) ** gamma * -np.log(of_class))
    assert network.train(rows, labels, weights, learning_rate=0.01) == pytest.approx(expected, rel=1e-5)
    assert network.train(rows, labels, weights, learning_rate=0.01) < expected


@pytest.mark.parametrize("gamma", GAMMAS)
@pytest.mark.parametrize("gap", [pytest.param(20.0, id="wrong"), pytest.param(-200.0, id="right")])
def test_rows_that_are_right_or_wrong_for_certain(gamma: float, gap: float) -> None:
    network, (rows, _, weights) = traced(gamma), a_batch()
    bias = network.model.layers[-1].bias
    bias.assign([0.0, gap, gap])
    before = bias.numpy()
    loss = network.train(rows, np.zeros(ROWS, dtype=np.int8), weights, learning_rate=0.01)
    assert np.isfinite(loss)
    assert np.isfinite(bias.numpy()).all()
    if gap > 0:
        assert loss == pytest.approx(weights.mean() * (gap + np.log(2)), rel=0.1)
        assert (np.sign(bias.numpy() - before) == [1, -1, -1]).all()
