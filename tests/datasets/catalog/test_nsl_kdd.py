from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from nids import datasets
from nids.datasets.catalog.nsl_kdd import DATASET
from nids.datasets.io.load import load
from nids.datasets.locate import find
from nids.errors import UserError
from nids.evaluation.held_out_subset import load_subset

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


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


@pytest.mark.parametrize(
    ("first", "rows"),
    [
        pytest.param("", ["{f},smurf", "{f},normal"], id="as published"),
        pytest.param("", ["{f},smurf.,18", "{f},normal.,21"], id="a final dot"),
        pytest.param("", ['"{q}","smurf"', '"{q}","normal"'], id="quoted"),
        pytest.param("{h},class", ["{f},smurf.", "{f},normal."], id="a header"),
        pytest.param("{h},outcome", ["{f},smurf", "{f},normal"], id="another label"),
        pytest.param(",{h},label", ["0,{f},smurf", "1,{f},normal"], id="an index without a name"),
        pytest.param("Unnamed: 0,{h},labels,level", ["0,{f},smurf,1", "1,{f},normal,2"], id="an index"),
        pytest.param("{l},label", ["{f},smurf", "{f},normal"], id="names with an l"),
    ],
)
def test_the_forms_that_people_have(first: str, rows: list[str], line: Callable[..., str], tmp_path: Path) -> None:
    features = line().split(",")[:41]
    names = [column.name for column in DATASET.columns]
    parts = {
        "f": ",".join(features),
        "q": '","'.join(features),
        "h": ",".join(names),
        "l": ",".join({"is_host_login": "is_hot_login", "num_root": "lnum_root"}.get(name, name) for name in names),
    }
    path = tmp_path / "rows.csv"
    path.write_text("".join(f"{row.format(**parts)}\n" for row in (*([first] if first else []), *rows)))
    traffic = load(path, DATASET)
    assert traffic.attack.tolist() == ["smurf", "normal"]
    assert traffic.label.tolist() == [1, 0]


def test_the_form_with_two_classes_needs_their_label_map(line: Callable[..., str], tmp_path: Path) -> None:
    path = tmp_path / "Train_data.csv"
    header = ",".join([*(column.name for column in DATASET.columns), "class"])
    features = line().rsplit(",", 2)[0]
    path.write_text(f"{header}\n{features},normal\n{features},anomaly\n")
    traffic = datasets.load_training("nsl-kdd", class_map="binary", folder=path)
    assert (traffic.label.tolist(), traffic.dataset.classes) == ([0, 1], ("Normal", "Attack"))
    with pytest.raises(UserError) as refusal:
        datasets.load_training("nsl-kdd", folder=path)
    assert str(refusal.value) == (
        "Train_data.csv, line 3, column 42 (attack): found 'anomaly', but of the label maps, binary knows this label, "
        "not the one in use. Set data.class_map, or --class-map, to that one."
    )


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
