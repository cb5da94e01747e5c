from __future__ import annotations

import numpy as np
import pytest

from nids import models
from nids.models.mlp import Hyperparameters
from nids.training.traced_network import TracedNetwork

WIDTH, CLASSES, ROWS = 6, 3, 16


@pytest.mark.parametrize("gamma", [0.0, 1.0, 2.5])
def test_loss_of_a_step(gamma: float) -> None:
    hp = Hyperparameters(layers=1, units=8, dropout=0.0, batch_norm=False, focal_gamma=gamma)
    spec = models.of(hp)
    network = TracedNetwork(spec, WIDTH, CLASSES, spec.architecture_of(hp), hp.compiled)
    network.write(network.fresh(hp, seed=0))
    generator = np.random.default_rng(0)
    rows = generator.random((ROWS, WIDTH), dtype=np.float32)
    labels = generator.integers(0, CLASSES, ROWS, dtype=np.int8)
    weights = generator.random(ROWS, dtype=np.float32)
    of_class = network.model.predict_on_batch(rows)[np.arange(ROWS), labels]
    expected = np.mean(weights * (1 - of_class) ** gamma * -np.log(of_class))
    assert network.train(rows, labels, weights, learning_rate=0.01) == pytest.approx(expected, rel=1e-5)
    assert network.train(rows, labels, weights, learning_rate=0.01) < expected
