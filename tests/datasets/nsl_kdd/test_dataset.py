from __future__ import annotations

from collections import Counter

from nids.datasets.nsl_kdd.dataset import DATASET


def test_features():
    kinds = Counter(feature.kind for feature in DATASET.features)
    assert kinds == {"categorical": 3, "binary": 6, "count": 17, "rate": 15}
    assert [feature.name for feature in DATASET.features if feature.kind == "binary"] == [
        "land",
        "logged_in",
        "root_shell",
        "su_attempted",
        "is_host_login",
        "is_guest_login",
    ]
    assert {feature.name for feature in DATASET.features if feature.kind == "rate"} == {
        feature.name for feature in DATASET.features if feature.name.endswith("_rate")
    }


def test_class_maps():
    default, variant = DATASET.class_map(), DATASET.class_map("nsl-kdd-variant")
    assert Counter(default.values()) == {"Normal": 1, "DoS": 11, "Probe": 6, "R2L": 15, "U2R": 7}
    assert default.items() - variant.items() == {("worm", "DoS"), ("httptunnel", "R2L")}
    assert variant.items() - default.items() == {("worm", "R2L"), ("httptunnel", "U2R")}


def test_a_search_may_see_training_files_only():
    assert {file.name: file.role for file in DATASET.files} == {
        "KDDTrain+": "training",
        "KDDTrain+_20Percent": "training",
        "KDDTest+": "held-out",
        "KDDTest-21": "held-out",
    }
