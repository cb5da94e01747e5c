from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from nids import datasets
from nids.datasets.describe import check
from nids.datasets.io.load import load
from nids.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

DATASET = datasets.get("cic-ids2017")
# As a file has it, with spaces and one name twice.
NAMES = [*(f" {column.name}" for column in DATASET.columns), "Fwd Header Length", " Label"]
ATTACKS = ("Web Attack - Brute Force", "Web Attack - XSS", "Web Attack - Sql Injection")


def _text(*labels: bytes, middle: bytes = b"") -> bytes:
    rows = [b"1," * (len(NAMES) - 1) + label for label in labels]
    return b"\n".join([",".join(NAMES).encode(), *rows[:1], *([middle] if middle else []), *rows[1:], b""])


def test_label_maps() -> None:
    assert [(each.name, len(each.classes), each.benign) for each in DATASET.label_maps] == [
        ("as-they-are", 15, "BENIGN"),
        ("grouped", 8, "Benign"),
        ("binary", 2, "Benign"),
    ]
    assert DATASET.label_maps[1].classes == (
        "Benign",
        "DoS",
        "DDoS",
        "PortScan",
        "Brute Force",
        "Web Attack",
        "Bot",
        "Infiltration",
    )
    assert len({frozenset(each.class_of_label) for each in DATASET.label_maps}) == 1


@pytest.mark.parametrize(
    ("name", "rows", "missing"),
    [
        pytest.param("monday", {"BENIGN": 999}, 1, id="monday"),
        pytest.param("tuesday", {"BENIGN": 999}, 6, id="tuesday"),
        pytest.param(
            "thursday-webattacks", {"BENIGN": 999} | dict(zip(ATTACKS, (2, 3, 2), strict=True)), 0, id="thursday"
        ),
    ],
)
def test_real_rows_are_read_as_published(real_data: Path, name: str, rows: dict[str, int], missing: int) -> None:
    path = real_data / "cic-ids2017" / f"{name}-head.csv"
    traffic = load(path, DATASET)
    assert traffic.attack.value_counts().to_dict() == rows
    assert int(traffic.features["Flow Packets/s"].isna().sum()) == missing
    assert traffic.features["Init_Win_bytes_forward"].min() >= 0
    found = check(path, DATASET, "grouped")
    assert {each: number for each, number in found.classes.items() if number} == (
        {"Benign": 999, "Web Attack": 7} if len(rows) > 1 else {"Benign": 999}
    )


@pytest.mark.parametrize(
    "dash",
    [
        pytest.param(b"\xef\xbf\xbd", id="replaced"),
        pytest.param(b"\x96", id="Windows-1252"),
        pytest.param("–".encode(), id="UTF-8"),
        pytest.param("â€“".encode(), id="UTF-8 taken for Windows-1252"),
        pytest.param("ï¿½".encode(), id="replaced, and taken for Latin-1"),
        pytest.param(b"\xc2\x96", id="control character"),
        pytest.param(b"-", id="hyphen"),
        pytest.param(b"", id="none"),
    ],
)
def test_labels_of_web_attacks_are_read_in_any_encoding(dash: bytes, tmp_path: Path) -> None:
    path = tmp_path / "flows.csv"
    path.write_bytes(_text(*(label.encode().replace(b"-", dash) for label in ATTACKS), b"Benign"))
    assert load(path, DATASET).attack.tolist() == [*ATTACKS, "BENIGN"]


def test_an_unknown_label_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "flows.csv"
    path.write_bytes(_text(b"BENIGN", b"Web Attack \x96 XXS"))
    with pytest.raises(UserError, match=r"flows.csv, line 3, column 79 \(Label\): found the byte 0x96"):
        load(path, DATASET)
    path.write_bytes(_text(b"BENIGN", b"DoS Hulc"))
    with pytest.raises(UserError, match=r"found 'DoS Hulc', but this is not a known label"):
        load(path, DATASET)


def test_a_header_in_the_middle_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "flows.csv"
    path.write_bytes(_text(b"BENIGN", b"Bot", b"DDoS", middle=",".join(NAMES).encode()))
    traffic = load(path, DATASET)
    assert traffic.attack.tolist() == ["BENIGN", "Bot", "DDoS"]
    assert np.array_equal(traffic.features.to_numpy(), np.ones((3, 77)))
