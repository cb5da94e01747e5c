from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from nids import datasets
from nids.datasets.catalog.nsl_kdd import DATASET
from nids.datasets.column import Column
from nids.datasets.describe import check
from nids.datasets.fingerprints import combined, fingerprints
from nids.datasets.io.stream import stream
from nids.datasets.labels import LabelMap
from nids.datasets.locate import find
from nids.datasets.schema import DatasetSpec
from nids.datasets.source_file import SourceFile
from tests import timed_flows

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def path(tmp_path, line):
    path = tmp_path / "traffic.txt"
    lines = [
        line(src_bytes="1", su_attempted="2"),
        line(src_bytes="1", su_attempted="2"),
        line(src_bytes="2", attack="neptune", protocol_type="udp"),
        line(src_bytes="2", attack="smurf", protocol_type="udp"),
        line(src_bytes="2", attack="smurf", protocol_type="udp"),
        line(src_bytes="3", attack="worm"),
    ]
    path.write_text("\n".join(lines))
    return path


def test_what_is_missing_in_some_rows_is_not_the_same_in_all(tmp_path: Path) -> None:
    columns = (Column("a", "real", missing=("",)), Column("b", "count"))
    dataset = DatasetSpec("gaps", columns, "label", (LabelMap("plain", ("ok", "bad"), "ok"),))
    path = tmp_path / "rows.csv"
    path.write_text("a,b,label\n,1,ok\n5,1,bad\n5,1,ok\n", encoding="utf-8")
    (constant,) = (oddity for oddity in check(path, dataset).oddities if oddity.startswith("the same"))
    assert constant == "the same in all rows: b (1)"


def test_check(path):
    found = check(path, DATASET)
    assert found.rows == 6
    assert found.classes == {"Normal": 2, "DoS": 4, "Probe": 0, "R2L": 0, "U2R": 0}
    assert list(found.attacks.items()) == [
        (("Normal", "normal"), 2),
        (("DoS", "smurf"), 2),
        (("DoS", "neptune"), 1),
        (("DoS", "worm"), 1),
    ]
    assert found.identity == "none of the published files of nsl-kdd"
    varying = {"src_bytes", "su_attempted", "protocol_type"}
    values = {"service": "http", "flag": "SF"}
    constant = [column.name for column in DATASET.columns if column.name not in varying]
    assert found.oddities == (
        "classes without a row: Probe, R2L, U2R",
        "classes with hardly any rows: Normal (2 rows), DoS (4 rows); a class needs a row in each fold, and at least "
        "two to be resampled",
        "su_attempted is 0 or 1 by definition, but is 2 in 2 rows",
        "the same in all rows: " + ", ".join(f"{name} ({values.get(name, '0')})" for name in constant),
        "3 rows repeat the features of an earlier row",
        "3 rows conflict: same features, but different attacks (groups of such rows: 1)",
    )


def test_check_with_another_class_map(path):
    found = check(path, DATASET, "nsl-kdd-variant")
    assert found.classes == {"Normal": 2, "DoS": 3, "Probe": 0, "R2L": 1, "U2R": 0}
    assert list(found.attacks)[-1] == ("R2L", "worm")


@pytest.mark.parametrize(
    ("sha256", "filename", "identity"),
    [
        pytest.param(None, "other.txt", "exactly the published other.txt", id="known content"),
        pytest.param("00", "traffic.txt", "not the published traffic.txt, whose SHA-256 is 00", id="known name"),
    ],
)
def test_which_file_it_is(path, sha256, filename, identity):
    sha256 = sha256 or hashlib.sha256(path.read_bytes()).hexdigest()
    file = SourceFile("file", filename, sha256=sha256, rows=6, role="training")
    assert check(path, replace(DATASET, files=(file,))).identity == identity


def test_names_that_have_become_numbers_are_told(tmp_path: Path) -> None:
    columns = (Column("proto", "categorical"), Column("state", "count"), Column("bytes", "count"))
    dataset = DatasetSpec("flows", columns, "label", (LabelMap("plain", ("ok", "bad"), "ok"),))
    path = tmp_path / "rows.csv"
    path.write_text("proto,state,bytes,label\n6,0,0,ok\n17,1,1,bad\n1,2,2,ok\n", encoding="utf-8")
    encoded = [oddity for oddity in check(path, dataset).oddities if "label-encoded" in oddity]
    assert encoded == [
        "state holds 3 different whole numbers where names are usual: are they label-encoded? A detector then only "
        "knows that very encoding"
    ]


def test_the_rows_of_a_published_file_are_known_in_another_form(path: Path) -> None:
    rows = fingerprints(pd.concat(chunk.table for chunk in stream(path, DATASET)))
    file = SourceFile("file", "other.txt", sha256="00", rows=6, features=combined(rows))
    assert (
        check(path, replace(DATASET, files=(file,))).identity == "the rows of the published other.txt in another form"
    )


def test_real_data(real_data):
    path = find(DATASET, DATASET.file("KDDTrain+"), real_data)
    assert path is not None
    found = check(path, DATASET)
    assert found.rows == 125_973
    assert found.classes == {"Normal": 67_343, "DoS": 45_927, "Probe": 11_656, "R2L": 995, "U2R": 52}
    assert len(found.attacks) == 23
    assert found.identity == "exactly the published KDDTrain+.txt"
    assert found.oddities == (
        "su_attempted is 0 or 1 by definition, but is 2 in 59 rows",
        "the same in all rows: num_outbound_cmds (0)",
        "16 rows repeat the features of an earlier row",
        "31 rows conflict: same features, but different attacks (groups of such rows: 15)",
    )


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        pytest.param("time", ("2017-07-03 08:55:00", "2017-07-03 10:54:00"), id="dates"),
        pytest.param("seconds", ("0.5", "1545403816.5"), id="seconds"),
    ],
)
def test_the_range_of_time_and_the_number_of_groups_are_told(
    column: str, expected: tuple[str, str], tmp_path: Path
) -> None:
    rows = timed_flows.table()
    rows["seconds"] = [0.5, *[7] * (len(rows) - 2), 1545403816.5]
    spec = datasets.get(timed_flows.described(tmp_path, ('"time"\ngroup', f'"{column}"\ngroup'), rows=rows))
    found = check(tmp_path / "flows.csv", spec)
    assert (found.time, found.groups) == (expected, rows["host"].nunique())
