from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest

from nids.datasets.nsl_kdd.dataset import DATASET
from nids.datasets.schema import Feature
from nids.errors import UserError


@pytest.mark.parametrize(
    ("kind", "allowed"),
    [
        pytest.param("binary", [False, True, False, True, True, False, False], id="binary"),
        pytest.param("count", [False, True, False, True, True, False, False], id="count"),
        pytest.param("rate", [False, True, True, True, False, False, False], id="rate"),
    ],
)
def test_values_that_a_feature_allows(kind, allowed):
    values = np.array([-1, 0, 0.5, 1, 2, np.nan, np.inf])
    assert Feature("f", kind).allows(values).tolist() == allowed


def test_a_data_set_survives_pickling():
    assert pickle.loads(pickle.dumps(DATASET)) == DATASET


def test_a_class_map_leads_to_classes_only():
    with pytest.raises(ValueError, match=r"class map 'typo' leads to \['Dos'\], which are no classes of nsl-kdd"):
        replace(DATASET, class_maps={"typo": {"normal": "Normal", "neptune": "Dos"}})


def test_an_unknown_class_map_is_refused():
    with pytest.raises(UserError) as refusal:
        DATASET.class_map("nsl-kdd-varient")
    assert str(refusal.value) == (
        "'nsl-kdd-varient' is no class map of nsl-kdd. Did you mean 'nsl-kdd-variant'? Known: nsl-kdd, nsl-kdd-variant."
    )


def test_an_unknown_file_is_refused():
    with pytest.raises(UserError) as refusal:
        DATASET.file("KDDTrain")
    assert str(refusal.value) == (
        "'KDDTrain' is no file of nsl-kdd. Did you mean 'KDDTrain+'? "
        "Known: KDDTrain+, KDDTrain+_20Percent, KDDTest+, KDDTest-21."
    )


@pytest.mark.parametrize("name", ["KDDTrain+.txt", "kddtrain+.TXT", "KDDTrain+.txt.gz"])
def test_a_file_is_known_by_its_name(name):
    assert DATASET.file_at(name) == DATASET.file("KDDTrain+")
