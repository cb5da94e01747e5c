"""The held-out rows of NSL-KDD, in the forms that people have them in, are refused by what a search reads."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from nids import datasets
from nids.datasets import held_out_guard
from nids.datasets.catalog.nsl_kdd import DATASET
from nids.datasets.column import Column
from nids.datasets.describe import check
from nids.datasets.fingerprints import fingerprints
from nids.datasets.locate import find
from nids.datasets.source_file import SourceFile
from nids.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy as np

# Rows of KDDTest+ whose features no row of KDDTrain+ has; the others are 664.
OWN_ROWS = 21_880


@pytest.fixture
def published(real_data: Path) -> Callable[[str], list[str]]:
    """Return the reader of a published file's lines, without their ends."""

    def read(name: str) -> list[str]:
        path = find(DATASET, DATASET.file(name), real_data / "nsl-kdd")
        assert path is not None
        with path.open("rb") as file:
            return file.read().decode().splitlines()  # type: ignore[union-attr]

    return read


def _text(lines: list[str], newline: str = "\n") -> bytes:
    return (newline.join(lines) + newline).encode()


def _table(lines: list[str]) -> pd.DataFrame:
    return pd.DataFrame([line.split(",") for line in lines], columns=[*DATASET.layout])


def _as_crlf(lines: list[str], path: Path) -> int:
    path.write_bytes(_text(lines, "\r\n"))
    return 1


def _shuffled(lines: list[str], path: Path) -> int:
    table = _table(lines).sample(frac=1, random_state=1)
    table.to_csv(path, header=False, index=False)
    return 1


def _without_difficulty(lines: list[str], path: Path) -> int:
    path.write_bytes(_text([line.rpartition(",")[0] for line in lines]))
    return 1


def _with_a_header_and_quotes(lines: list[str], path: Path) -> int:
    _table(lines)[[*reversed(DATASET.layout)]].to_csv(path, index=False, quoting=1)
    return 2


def _with_other_spellings_and_labels(lines: list[str], path: Path) -> int:
    numeric = [column.name for column in DATASET.numeric]
    table = _table(lines)
    table[numeric] = table[numeric].astype(float)  # 0 becomes 0.0
    table.assign(attack="normal").to_csv(path, header=False, index=False)
    return 1


def _as_parquet(lines: list[str], path: Path) -> int:
    numeric = [column.name for column in DATASET.numeric]
    _table(lines).astype(dict.fromkeys(numeric, "float32")).to_parquet(path)
    return 1


def _of_two_classes(lines: list[str], path: Path) -> int:
    table = _table(lines).drop(columns="difficulty").rename(columns={"attack": "class"})
    table["class"] = table["class"].where(table["class"] == "normal", "anomaly")
    table.to_csv(path, index=False)
    return 2


def _with_an_index_and_another_name_of_the_label(lines: list[str], path: Path) -> int:
    _table(lines).rename(columns={"attack": "outcome"}).to_csv(path)
    return 2


def _with_a_dot_after_the_label(lines: list[str], path: Path) -> int:
    path.write_bytes(_text([line.rpartition(",")[0] + "." for line in lines]))
    return 1


@pytest.mark.parametrize(
    "form",
    [
        _as_crlf,
        _shuffled,
        _without_difficulty,
        _with_a_header_and_quotes,
        _with_other_spellings_and_labels,
        _as_parquet,
    ],
)
def test_the_held_out_file_is_refused_in_any_form(
    form: Callable[[list[str], Path], int], published: Callable[[str], list[str]], tmp_path: Path
) -> None:
    path = tmp_path / "rows.data"
    first = form(published("KDDTest+"), path)
    unit = "row" if form is _as_parquet else "line"
    message = f"rows.data, {unit} {first}: 21,880 rows of this file are rows of KDDTest\\+, which is held out"
    if form is _shuffled:  # its first rows may be among those that the training file has too
        message = message.replace(f"{unit} {first}", f"{unit} [1-9]")
    for refusing in (lambda: datasets.load_training(DATASET, folder=path), lambda: check(path, DATASET)):
        with pytest.raises(UserError, match=message):
            refusing()


@pytest.mark.parametrize(
    ("form", "class_map"),
    [
        (_of_two_classes, "binary"),
        (_with_an_index_and_another_name_of_the_label, None),
        (_with_a_dot_after_the_label, None),
    ],
)
def test_the_forms_of_others_are_refused(
    form: Callable[[list[str], Path], int],
    class_map: str | None,
    published: Callable[[str], list[str]],
    tmp_path: Path,
) -> None:
    first = form(published("KDDTest+")[::10], tmp_path / "Test_data.csv")
    message = f"Test_data.csv, line {first}: 2,194 rows of this file are rows of KDDTest\\+, which is held out"
    for refusing in (
        lambda: datasets.load_training(DATASET, class_map=class_map, folder=tmp_path / "Test_data.csv"),
        lambda: check(tmp_path / "Test_data.csv", DATASET, class_map),
    ):
        with pytest.raises(UserError, match=message):
            refusing()


def test_some_of_them_among_training_rows_are_refused(published: Callable[[str], list[str]], tmp_path: Path) -> None:
    mixed = tmp_path / "mixed.txt"
    training = published("KDDTrain+")
    mixed.write_bytes(_text([*training, *published("KDDTest+")[::10]]))
    with pytest.raises(UserError, match=r"mixed.txt, line 125,974: 2,194 rows of this file are rows of KDDTest\+"):
        datasets.load_training(DATASET, folder=mixed)


def test_the_subset_of_another_held_out_file_is_refused(published: Callable[[str], list[str]], tmp_path: Path) -> None:
    path = tmp_path / "rows.txt"
    path.write_bytes(_text(published("KDDTest-21"), "\r\n"))
    with pytest.raises(UserError, match=r"rows of this file are rows of KDDTest\+"):
        datasets.load_training(DATASET, folder=path)


def test_they_are_refused_of_a_data_set_that_describes_them_anew(
    published: Callable[[str], list[str]], tmp_path: Path
) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(_text(published("KDDTest+")))
    # With a column less, and one more.
    columns = (*DATASET.columns[1:], Column("difficulty", "count"))
    described = replace(
        DATASET, name="mine", columns=columns, files=(SourceFile("rows.csv", "rows.csv"),), hold_out=0.2
    )
    with pytest.raises(UserError, match=r"rows of this file are rows of KDDTest\+, which is held out"):
        datasets.load_training(described, folder=path)


def test_they_are_refused_whatever_separates_their_values(
    published: Callable[[str], list[str]], tmp_path: Path
) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("\n".join(line.replace(",", ";") for line in published("KDDTest+")[:3000]))
    files = (SourceFile("rows.csv", "rows.csv"),)
    described = replace(DATASET, name="mine", separator=";", files=files, hold_out=0.2)
    with pytest.raises(UserError, match=r"2,9\d\d rows of this file are rows of KDDTest\+, which is held out"):
        datasets.load_training(described, folder=path)


def test_training_rows_are_accepted_in_any_form(published: Callable[[str], list[str]], tmp_path: Path) -> None:
    path = tmp_path / "rows.txt"
    path.write_bytes(_text(published("KDDTrain+"), "\r\n"))
    assert len(datasets.load_training(DATASET, folder=path).label) == 125_973
    assert check(path, DATASET).rows == 125_973


def test_the_published_held_out_file_is_known_by_its_check(real_data: Path) -> None:
    path = find(DATASET, DATASET.file("KDDTest+"), real_data / "nsl-kdd")
    assert path is not None
    identity = check(path, DATASET).identity  # type: ignore[arg-type]
    assert identity == "exactly the published KDDTest+.txt, which is held out: no search may see it"


def test_one_row_is_told_as_one(line: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the published files."""
    path = tmp_path / "rows.txt"
    path.write_text("\n".join([*(line(count=str(i)) for i in range(5)), ""]), encoding="utf-8")
    rows = datasets.load_training(DATASET, folder=path)
    known = fingerprints(rows.features)[3:4]

    def known_of(file: object) -> np.ndarray:
        return known[:0] if file == DATASET.file("KDDTest+") else known

    monkeypatch.setattr(held_out_guard, "fingerprints_of", known_of)
    with pytest.raises(UserError) as raised:
        datasets.load_training(DATASET, folder=path)
    assert str(raised.value) == (
        "rows.txt, line 4: 1 row of this file is a row of KDDTest-21, which is held out. Whatever a search sees of it, "
        "its final test can no longer judge. Remove this row, or use a training file."
    )
