from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from nids import datasets
from nids.folds.encoding import Encoding, compact
from nids.models.cnn_bigru import MODEL
from nids.models.cnn_bigru.hyperparameters import Hyperparameters
from nids.training.ensemble import Ensemble, Network

if TYPE_CHECKING:
    from nids.datasets.traffic import Traffic

HP = Hyperparameters(conv_kernel_size=3, conv_filters=4, gru_units=4, sequence_gru_units=4)


@pytest.fixture(scope="module")
def models(traffic: Traffic) -> list[Any]:
    """Two models that were never trained: their weights are as good as any."""
    return [MODEL.build_for(encoding_of(traffic).width, 5, HP, seed) for seed in (1, 2)]


@pytest.fixture(scope="module")
def both(traffic: Traffic, models: list[Any]) -> Ensemble:
    """They as an ensemble."""
    weights = [{weight.path: np.array(weight) for weight in model.weights} for model in models]
    return Ensemble.of_networks(traffic.dataset, encoding_of(traffic), HP, weights)


def encoding_of(traffic: Traffic) -> Encoding:
    rows = compact(traffic.features, traffic.dataset)
    return Encoding.fit(rows, np.arange(len(rows)), traffic.dataset)


def test_each_member_has_the_weights_that_it_was_given(both: Ensemble, models: list[Any], traffic: Traffic) -> None:
    for member, model in zip(both.members, models, strict=True):
        assert isinstance(member, Network)
        for ours, theirs in zip(member.model.weights, model.weights, strict=True):
            assert ours.path == theirs.path
            np.testing.assert_array_equal(ours, theirs)


@pytest.mark.slow
def test_its_probabilities_are_the_mean_of_its_members(both: Ensemble, models: list[Any], traffic: Traffic) -> None:
    rows = compact(traffic.features, traffic.dataset)
    encoded = both.encoding.transform(rows, np.arange(len(rows)))[..., np.newaxis]
    expected = np.stack([np.array(model(encoded, training=False)) for model in models])
    np.testing.assert_allclose(both.by_member(traffic.features), expected, rtol=1e-5)
    np.testing.assert_allclose(both.probabilities(traffic.features), expected.mean(axis=0), rtol=1e-5)


@pytest.mark.slow
def test_rows_are_scored_alike_however_they_are_divided(both: Ensemble) -> None:
    features = datasets.load_training("nsl-kdd-sample", rows=700, seed=1).features  # more than one batch
    whole = both.probabilities(features)
    parts = [both.probabilities(features.iloc[start : start + 90]) for start in range(0, 700, 90)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    assert both.probabilities(features.iloc[:0]).shape == (0, 5)
