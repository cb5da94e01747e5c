from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import f1_score
from sklearn.tree import DecisionTreeClassifier

from nids import datasets
from nids.datasets.catalog.nsl_kdd_sample.profiles import BEHAVIOURS
from nids.datasets.catalog.nsl_kdd_sample.sample import DATASET, class_sizes
from nids.errors import UserError


@pytest.fixture(scope="module")
def sample():
    return datasets.load_training("nsl-kdd-sample", rows=6000, seed=0)


def test_the_sample_is_called_synthetic(sample):
    assert DATASET.synthetic
    assert sample.source == "nsl-kdd-sample (synthetic, 6000 rows, seed 0)"


@pytest.mark.parametrize(
    ("rows", "sizes"),
    [
        pytest.param(125_973, [67_343, 45_927, 11_656, 995, 52], id="the shares of KDDTrain+"),
        pytest.param(6000, [3199, 2187, 555, 47, 12], id="the default"),
        pytest.param(100, [32, 32, 12, 12, 12], id="small"),
        pytest.param(60, [12, 12, 12, 12, 12], id="smallest"),
    ],
)
def test_class_sizes(rows, sizes):
    assert class_sizes(rows) == dict(zip(DATASET.classes, sizes, strict=True))


def test_too_few_rows_are_refused():
    with pytest.raises(UserError) as refusal:
        datasets.load_training("nsl-kdd-sample", rows=59)
    assert str(refusal.value) == ("rows is 59, but a sample needs at least 60: 12 of each class. Ask for more rows.")


def test_the_same_seed_gives_the_same_rows(sample):
    again, other = (datasets.load_training("nsl-kdd-sample", rows=6000, seed=seed) for seed in (0, 1))
    assert again.features.equals(sample.features)
    assert again.attack.equals(sample.attack)
    assert again.sha256 == sample.sha256 != other.sha256


def test_rows_are_in_the_schema_of_nsl_kdd(sample):
    assert list(sample.features.columns) == [column.name for column in DATASET.columns]
    assert sample.features.dtypes.astype(str).tolist() == [
        "str" if column.kind == "categorical" else "float64" for column in DATASET.columns
    ]
    for feature in DATASET.numeric:
        values = sample.features[feature.name].to_numpy()
        assert feature.allows(values).all(), feature.name
        assert (np.round(values, 2) == values).all(), feature.name
    assert sample.attack.dtype == "str"
    assert sample.label.dtype == np.int8
    assert np.bincount(sample.label).tolist() == list(class_sizes(6000).values())
    names = [DATASET.classes[label] for label in sample.label]
    assert names == sample.attack.map(DATASET.label_maps[0].class_of_label).tolist()


def test_features_agree_with_each_other(sample):
    rows = sample.features
    binary = [column.name for column in DATASET.columns if column.kind == "binary"]
    assert (rows[binary] <= 1).all(axis=None)
    assert (rows["num_outbound_cmds"] == 0).all()
    assert (rows[["count", "srv_count"]].max() <= 511).all()
    assert (rows[["dst_host_count", "dst_host_srv_count"]].max() <= 255).all()
    unanswered, rejected = rows[rows["flag"] == "S0"], rows[rows["flag"] == "REJ"]
    assert (unanswered[["serror_rate", "dst_host_serror_rate"]] > 0).all(axis=None)
    assert (rejected[["rerror_rate", "dst_host_rerror_rate"]] > 0).all(axis=None)
    for silent in (unanswered, rejected):
        assert (silent[["src_bytes", "dst_bytes", "logged_in"]] == 0).all(axis=None)
    # Both are rounded.
    assert (rows["same_srv_rate"] + rows["diff_srv_rate"] < 1.02).all()
    icmp = rows["service"].isin(["eco_i", "ecr_i", "urp_i", "tim_i", "red_i"])
    assert ((rows["protocol_type"] == "icmp") == icmp).all()


def test_every_profile_names_features_of_the_schema():
    numeric = {column.name for column in DATASET.numeric} | {"elsewhere"}
    assert {behaviour.attack for behaviour in BEHAVIOURS} <= DATASET.label_maps[0].class_of_label.keys()
    assert {name for behaviour in BEHAVIOURS for name in behaviour.values} <= numeric


def test_classes_can_be_learned_but_not_perfectly(sample):
    rows = sample.features.drop(columns=["protocol_type", "service", "flag"]).to_numpy()
    tree = DecisionTreeClassifier(random_state=0).fit(rows[:4000], sample.label[:4000])
    predicted, actual = tree.predict(rows[4000:]), sample.label[4000:]
    assert 0.9 < np.mean(predicted == actual) < 0.995
    assert 0.5 < f1_score(actual, predicted, average="macro") < 0.95
