from __future__ import annotations

from collections import Counter

import pandas as pd

from nids.datasets.catalog.nsl_kdd import DATASET
from nids.datasets.io.load import load
from nids.datasets.locate import find
from nids.evaluation.held_out_subset import load_subset


def test_columns():
    kinds = Counter(column.kind for column in DATASET.columns)
    assert kinds == {"categorical": 3, "binary": 6, "count": 17, "rate": 15}
    assert [column.name for column in DATASET.columns if column.kind == "binary"] == [
        "land",
        "logged_in",
        "root_shell",
        "su_attempted",
        "is_host_login",
        "is_guest_login",
    ]
    assert {column.name for column in DATASET.columns if column.kind == "rate"} == {
        column.name for column in DATASET.columns if column.name.endswith("_rate")
    }


def test_label_maps():
    default, variant, binary = (label_map.class_of_label for label_map in DATASET.label_maps)
    assert Counter(default.values()) == {"Normal": 1, "DoS": 11, "Probe": 6, "R2L": 15, "U2R": 7}
    assert default.items() - variant.items() == {("worm", "DoS"), ("httptunnel", "R2L")}
    assert variant.items() - default.items() == {("worm", "R2L"), ("httptunnel", "U2R")}
    assert binary.keys() - default.keys() == {"anomaly"}
    assert [label for label, name in binary.items() if name == "Normal"] == ["normal"]


def test_a_search_may_see_training_files_only():
    assert {file.name: file.role for file in DATASET.files} == {
        "KDDTrain+": "training",
        "KDDTrain+_20Percent": "training",
        "KDDTest+": "held-out",
        "KDDTest-21": "held-out",
    }


def test_the_rows_of_a_subset_are_those_of_its_published_file(real_data):
    file = DATASET.file("KDDTest-21")
    part, whole = find(DATASET, file, real_data), find(DATASET, DATASET.file("KDDTest+"), real_data)
    assert part is not None
    assert whole is not None
    published, taken = load(part, DATASET), load_subset(whole, DATASET, file)
    assert (taken.source, published.source) == ("KDDTest-21", "KDDTest-21")
    hashes = [
        sorted(pd.util.hash_pandas_object(traffic.features.assign(attack=traffic.attack), index=False))
        for traffic in (taken, published)
    ]
    assert hashes[0] == hashes[1]
