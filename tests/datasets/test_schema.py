from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest

from nids.datasets.catalog.nsl_kdd import DATASET
from nids.datasets.catalog.unsw_nb15 import DATASET as UNSW_NB15
from nids.datasets.column import Column
from nids.datasets.labels import LabelMap
from nids.datasets.schema import DatasetSpec
from nids.datasets.source_file import SourceFile
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


def test_a_port_has_sixteen_bits():
    port = Column("dst_port", "port")
    assert port.allows(np.array([-1, 0, 0.5, 443, 65_535, 65_536])).tolist() == [False, True, False, True, True, False]
    assert port.rule == "ports are whole numbers from 0 to 65535"


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
        pytest.param({"time_column": "ts"}, r"the layout of data set 'nsl-kdd' lacks \['ts'\]", id="no time in layout"),
        pytest.param({"group_column": "attack"}, "group_column is 'attack', which is a label", id="group by label"),
        pytest.param({"time_column": "flag"}, "time_column is 'flag', so that feature must be a number", id="time"),
        pytest.param({"group_column": "count"}, "group_column is 'count', so that feature must be categ", id="group"),
        pytest.param({"time_format": ("%Y",)}, "but there is no time_column", id="format without time"),
        pytest.param(
            {"time_column": "duration", "time_format": ("%Y",)}, "the feature 'duration' is a number", id="format"
        ),
        pytest.param(
            {"time_column": "difficulty", "time_format": ("%Q",)}, "time_format: 'Q' is a bad directive", id="directive"
        ),
        pytest.param({"hold_out_by": "time"}, "hold_out does not say which share", id="no share"),
        pytest.param(
            {"files": (), "hold_out": 0.2, "hold_out_by": "group"},
            "'group', but there is no group_column",
            id="by group",
        ),
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
    # Where the content of files is not known, another column may be the label, or be elsewhere.
    unknown = replace(same, files=(SourceFile("mine", "mine.csv"),))
    assert replace(unknown, aliases={"attack": ("class",)}).fingerprint != unknown.fingerprint
    assert replace(unknown, layout=DATASET.layout).fingerprint != unknown.fingerprint
    others = [
        replace(DATASET, columns=columns[::-1]),
        replace(DATASET, columns=(replace(columns[0], transform=None), *columns[1:])),
        replace(DATASET, attack_column="type", layout=()),
        DATASET.labelled_by(),
        DATASET.labelled_by("nsl-kdd-variant"),
    ]
    assert len({DATASET.fingerprint, *(other.fingerprint for other in others)}) == 6


def test_fingerprint_is_that_of_versions_without_time_and_group():
    # As commit e1eb8bf computes them: folds and runs of such data sets keep their keys.
    assert DATASET.labelled_by().fingerprint == "5ddd322845ed5cdefe3fbd17930a75a106d7f5ab83f424551c840e11099528fd"
    assert UNSW_NB15.labelled_by().fingerprint == "3f5b7277b8895b1bc35365317d45d9f84f4fd62d95f74a95995ffb14af7ed7bf"


def test_fingerprint_follows_from_time_group_and_what_is_held_out_by_them():
    sided = replace(UNSW_NB15, time_column="ts", time_format=("%Y",), group_column="host")
    others = [
        UNSW_NB15,
        replace(UNSW_NB15, time_column="ts"),
        replace(UNSW_NB15, group_column="host"),
        *(replace(sided, hold_out_by=by) for by in ("rows", "group", "time")),
        replace(sided, time_format=("%d",)),
    ]
    assert len({each.fingerprint for each in others}) == 7


def test_context_columns_are_no_features():
    sided = replace(DATASET, layout=(), time_column="ts", group_column="host")
    assert sided.context_columns == ("ts", "host")
    assert replace(sided, time_column="duration", group_column="flag").context_columns == ()
    assert replace(sided, group_column="ts").context_columns == ("ts",)
    assert DATASET.context_columns == ()


def test_a_data_set_survives_pickling_and_json():
    sided = replace(UNSW_NB15, time_column="ts", time_format=("%Y",), hold_out_by="time")
    for dataset in (DATASET, sided):
        assert DatasetSpec.from_json(dataset.to_json()) == dataset
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
