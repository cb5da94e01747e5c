from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from nids import datasets
from nids.datasets.catalog.unsw_nb15 import CLASSES, DATASET
from nids.datasets.describe import check
from nids.datasets.locate import find

if TYPE_CHECKING:
    from pathlib import Path


def test_columns() -> None:
    assert Counter(column.kind for column in DATASET.columns) == {
        "categorical": 3,
        "binary": 2,
        "count": 26,
        "real": 11,
    }
    assert "id" not in {column.name for column in DATASET.columns}


def test_label_maps() -> None:
    assert [(each.name, each.classes, each.benign) for each in DATASET.label_maps] == [
        ("unsw-nb15", CLASSES, "Normal"),
        ("binary", ("Normal", "Attack"), "Normal"),
    ]
    assert Counter(DATASET.label_maps[1].class_of_label.values()) == {"Normal": 1, "Attack": 9}


def test_the_published_rows_are_read_and_a_fifth_is_held_out(real_data: Path) -> None:
    path = find(DATASET, DATASET.files[0], real_data / "unsw-nb15")
    assert path is not None
    found = check(path, DATASET)
    assert found.identity == "exactly the published UNSW_NB15_training-set.csv"
    assert found.rows == 82_332
    assert found.classes == {
        "Normal": 37_000,
        "Generic": 18_871,
        "Exploits": 11_132,
        "Fuzzers": 6_062,
        "DoS": 4_089,
        "Reconnaissance": 3_496,
        "Analysis": 677,
        "Backdoor": 583,
        "Shellcode": 378,
        "Worms": 44,
    }
    traffic = datasets.load_training(DATASET, folder=real_data / "unsw-nb15")
    assert (traffic.source, len(traffic.label)) == ("UNSW-NB15-82332", 66_315)
    two = datasets.load_training(DATASET, class_map="binary", folder=real_data / "unsw-nb15")
    assert Counter(two.label.tolist()) == {0: 29_689, 1: 36_626}
