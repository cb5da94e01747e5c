from __future__ import annotations

from nids.detector.model_card import _composition
from nids.models.cnn_bigru.hyperparameters import Hyperparameters
from tests.manifests import a_bundle_manifest, networks


def test_what_a_detector_consists_of_is_said() -> None:
    alone = a_bundle_manifest(networks(Hyperparameters()))
    assert _composition(alone) == "CNN-BiGRU with attention, the mean of 2 models, each trained for 2 epochs."
    trees = {"kind": "boosted trees", "hyperparameters": {"max_depth": 3}, "weight": 0.25}
    both = a_bundle_manifest(networks(Hyperparameters(), weight=0.75), trees)
    assert _composition(both) == (
        "A weighted mean: 75 % CNN-BiGRU with attention, the mean of 2 models, each trained for 2 epochs; "
        "25 % gradient-boosted trees (XGBoost)."
    )
    assert _composition(a_bundle_manifest(trees | {"weight": 1.0})) == "Gradient-boosted trees (XGBoost)."
