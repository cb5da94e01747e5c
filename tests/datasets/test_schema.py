from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest

from nids.datasets.catalog.nsl_kdd import DATASET
from nids.datasets.column import Column
from nids.datasets.labels import LabelMap
from nids.datasets.schema import DatasetSpec
from nids.errors import UserError


@pytest.mark.parametrize(
    ("kind", "allowed"),
    [
        pytest.param("binary", [False, True, False, True, True, False, False], id="binary"),
        pytest.param("count", [False, True, False, True, True, False, False], id="count"),
        pytest.param("rate", [False, True, True, True, False, False, False], id="rate"),
        pytest.param("integer", [True, True, False, True, True, False, False], id="integer"),
        pytest.param("real", [True, True, True, True, True, False, False], id="real"),
    ],
)
def test_allows(kind, allowed):
    values = np.array([-1, 0, 0.5, 1, 2, np.nan, np.inf])
    assert Column("f", kind).allows(values).tolist() == allowed


def test_allows_what_lies_within_the_bounds():
    values = np.array([-1, 0, 0.5, 1, 2])
    column = Column("ttl", "integer", minimum=0, maximum=1)
    assert column.allows(values).tolist() == [False, True, False, True, False]
    assert column.rule == "this column holds whole numbers >= 0 and <= 1"
    assert Column("jitter", "real", minimum=0).allows(values).tolist() == [False, True, True, True, True]
    assert Column("jitter", "real").rule == "this column holds numbers below 3.4e38"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param({"kind": "real", "transform": "log1p"}, "'log1p' needs minimum = 0; 'arcsinh' does not", id="log"),
        pytest.param({"kind": "rate", "minimum": -1}, "has bounds, but those of a rate column are fixed", id="bounds"),
        pytest.param({"kind": "categorical", "transform": "log1p"}, "is categorical, so 'log1p' cannot", id="names"),
        pytest.param({"kind": "text"}, "Input should be 'categorical'", id="kind"),
    ],
)
def test_column_refuses_what_has_no_meaning(options, message):
    with pytest.raises(ValueError, match=message):
        Column("f", **options)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param({"columns": (*DATASET.columns, Column("flag", "count"))}, "one column named 'flag'", id="twice"),
        pytest.param({"attack_column": "flag"}, "more than one column named 'flag'", id="a feature as label"),
        pytest.param({"layout": ("attack",)}, r"the layout of data set 'nsl-kdd' lacks \['count', ", id="layout"),
        pytest.param({"label_maps": ()}, "needs at least one column and one label map", id="no label map"),
        pytest.param({"aliases": {"attack": ("flag",)}}, "'flag' is another name .* of more than one", id="alias"),
        pytest.param(
            {"label_maps": (LabelMap("m", ("a-b", "A b"), "a-b"),)}, "'a-b' of label map 'm' cannot be told", id="alike"
        ),
        pytest.param(
            {"label_maps": (LabelMap("m", ("a", "-"), "a"),)}, "'-' of label map 'm' cannot be told", id="no letters"
        ),
    ],
)
def test_dataset_spec_refuses_what_contradicts_itself(change, message):
    with pytest.raises(ValueError, match=message):
        replace(DATASET, **change)


def test_from_json_refuses_what_is_no_description():
    for text in ("nsl-kdd", "{}", DATASET.to_json().replace('"label_column"', '"label_colum"')):
        with pytest.raises(ValueError, match="validation error"):
            DatasetSpec.from_json(text)


def test_fingerprint_follows_from_what_decides_about_folds():
    columns = DATASET.columns
    same = replace(DATASET, name="x", files=(), citation="", published=(), layout=(), aliases={})
    assert same.fingerprint == DATASET.fingerprint
    # Without known files, another column may be the label.
    assert replace(same, aliases={"attack": ("class",)}).fingerprint != same.fingerprint
    others = [
        replace(DATASET, columns=columns[::-1]),
        replace(DATASET, columns=(replace(columns[0], transform=None), *columns[1:])),
        replace(DATASET, attack_column="type", layout=()),
        DATASET.labelled_by(),
        DATASET.labelled_by("nsl-kdd-variant"),
    ]
    assert len({DATASET.fingerprint, *(other.fingerprint for other in others)}) == 6


def test_a_data_set_survives_pickling_and_json():
    assert DatasetSpec.from_json(DATASET.to_json()) == DATASET
    assert pickle.loads(pickle.dumps(DATASET)) == DATASET


def test_labelled_by_keeps_one_label_map():
    assert DATASET.labelled_by().label_maps == DATASET.label_maps[:1]
    assert DATASET.labelled_by("nsl-kdd-variant").label_maps == DATASET.label_maps[1:2]
    assert DATASET.led_by("binary").label_maps == (DATASET.label_maps[2], *DATASET.label_maps[:2])
    with pytest.raises(UserError) as refusal:
        DATASET.labelled_by("nsl-kdd-varient")
    assert str(refusal.value) == (
        "'nsl-kdd-varient' is not a label map of nsl-kdd (did you mean nsl-kdd-variant?). "
        "Known: nsl-kdd, nsl-kdd-variant, binary."
    )


def test_file_refuses_an_unknown_name():
    with pytest.raises(UserError) as refusal:
        DATASET.file("KDDTrain")
    assert str(refusal.value) == (
        "'KDDTrain' is not a file of nsl-kdd (did you mean KDDTrain+?). "
        "Known: KDDTrain+, KDDTrain+_20Percent, KDDTest+, KDDTest-21."
    )


@pytest.mark.parametrize("name", ["KDDTrain+.txt", "kddtrain+.TXT", "KDDTrain+.txt.gz"])
def test_file_at_knows_a_file_by_its_name(name):
    assert DATASET.file_at(name) == DATASET.file("KDDTrain+")
