from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

from nids import datasets
from nids.config import Data
from nids.datasets.catalog.nsl_kdd import DATASET as NSL_KDD
from nids.datasets.proposal import propose
from nids.datasets.recognition import recognize

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from nids.datasets.proposal import Proposal


@pytest.fixture
def rows(line: Callable[..., str]) -> pd.DataFrame:
    """Rows of NSL-KDD fewer of each label than leaks are looked for in."""
    lines = [line(count=str(i), attack=("normal", "smurf", "satan")[i % 3]).split(",") for i in range(24)]
    return pd.DataFrame(lines, columns=[*NSL_KDD.layout])


def _described(rows: pd.DataFrame, path: Path) -> Proposal:
    rows.to_csv(path, index=False)
    proposed = propose([path], "mine")
    path.with_suffix(".toml").write_text(proposed.text, encoding="utf-8")
    return proposed


@pytest.mark.parametrize("name", [name for name in datasets.names() if name != "nsl-kdd-sample"])
def test_each_data_set_is_recognized_by_its_columns(name: str) -> None:
    dataset = datasets.get(name)
    names = [*dataset.ignored, *(column.name for column in dataset.columns), *dataset.labels]
    known = recognize(names)
    assert known is not None
    assert (known.dataset, known.missing) == (dataset, ())
    part = recognize(names[: len(dataset.ignored) + 10])
    assert part is not None
    assert part.dataset.columns[:10] == dataset.columns[:10]


@pytest.mark.parametrize(
    "names",
    [
        pytest.param(["duration", "service", "flag", "label"], id="too few to tell"),
        pytest.param(
            [*(f"x{i}" for i in range(30)), *(each.name for each in NSL_KDD.columns[:15])], id="mostly others"
        ),
    ],
)
def test_other_columns_are_not_recognized(names: list[str]) -> None:
    assert recognize(names) is None


def test_a_file_that_is_read_as_it_is(rows: pd.DataFrame, tmp_path: Path) -> None:
    proposed = _described(rows, tmp_path / "rows.csv")
    assert proposed.remarks[:2] == (
        "This looks like nsl-kdd: 41 of its 41 columns are there.",
        "As it is, it is read by data.dataset = 'nsl-kdd', with --data FILE. The description that was written is for "
        "changing something of that.",
    )
    spec = datasets.get(str(tmp_path / "rows.toml"))
    assert [column for column in spec.columns if column.name != "difficulty"] == [*NSL_KDD.columns]
    assert (spec.label_column, spec.loose_labels) == ("attack", True)
    present = ("Normal", "DoS", "Probe")
    assert [each.classes for each in spec.label_maps] == [present, present, ("Normal", "Attack")]
    assert spec.label_maps[0].class_of == {
        attack: name for attack, name in NSL_KDD.label_maps[0].class_of_label.items() if name in present
    }


def test_two_classes_and_another_name_of_the_label(rows: pd.DataFrame, tmp_path: Path) -> None:
    rows["attack"] = rows["attack"].where(rows["attack"] == "normal", "anomaly")
    proposed = _described(rows.rename(columns={"attack": "class"}).drop(columns="difficulty"), tmp_path / "rows.csv")
    assert proposed.remarks[1].startswith(
        "As it is, it is read by data.dataset = 'nsl-kdd' and data.class_map = 'binary', with --data FILE."
    )
    data = Data(dataset=str(tmp_path / "rows.toml"))
    traffic = datasets.load_for(data, seed=0)
    assert traffic.dataset.classes == ("Normal", "Attack")
    assert set(traffic.attack) == {"normal", "anomaly"}


def test_what_does_not_fit_is_guessed_and_told(rows: pd.DataFrame, tmp_path: Path) -> None:
    changed = rows.drop(columns=["hot", "difficulty"]).assign(
        protocol_type=["0", "1", "2"] * 8,
        urgent=["-1", *["0"] * 23],
        vlan=["a", "b"] * 12,
        attack=["x", "y", "z"] * 8,
    )
    proposed = _described(changed, tmp_path / "rows.csv")
    assert proposed.remarks[:2] == (
        "This looks like nsl-kdd: 40 of its 41 columns are there.",
        "As it is, it cannot be read by data.dataset = 'nsl-kdd': protocol_type holds whole numbers where the data set "
        "has names: they look label-encoded; urgent holds '-1', but counts are whole numbers >= 0; it lacks 1 column "
        "(hot); none of its label maps knows all the labels in attack.",
    )
    lines = proposed.text.splitlines()
    assert '"urgent" = { kind = "integer" } # guessed, as it holds \'-1\', but counts are whole numbers >= 0' in lines
    assert '"vlan" = { kind = "categorical" } # guessed' in lines
    assert '"src_bytes" = { kind = "count", transform = "log1p" }' in lines
    spec = datasets.get(str(tmp_path / "rows.toml"))
    assert next(column for column in spec.columns if column.name == "protocol_type").kind == "categorical"
    assert spec.label_maps[0].classes == ("x", "y", "z")


def test_a_header_in_the_middle_is_no_row_and_is_told(rows: pd.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    header, *lines = rows.to_csv(index=False).splitlines()
    path.write_text("\n".join([header, *lines[:9], header, *lines[9:], ""]), encoding="utf-8")
    proposed = propose([path], "mine")
    assert proposed.rows == 24
    assert "lines in the middle name the columns once more" in proposed.remarks[1]
    (tmp_path / "mine.toml").write_text(proposed.text, encoding="utf-8")
    assert datasets.get(str(tmp_path / "mine.toml")).repeated_headers == "skip"
    assert set(datasets.load_for(Data(dataset=str(tmp_path / "mine.toml")), 0).attack) == {"normal", "smurf", "satan"}


def test_labels_with_hardly_any_rows_are_told(rows: pd.DataFrame, tmp_path: Path) -> None:
    rows = pd.concat([rows] * 2).assign(attack=["phf"] * 3 + ["normal"] * 45)
    assert [each for each in _described(rows, tmp_path / "rows.csv").remarks if "hardly" in each] == [
        "Classes with hardly any rows: 'R2L' (3 rows). A class needs a row in each fold: put them into one class with "
        "others, or take more rows."
    ]
