from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nids.datasets.io.batches import names_from, text_batches
from nids.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

EXPECTED = {"a": ["1", "", "2.50"], "b": ["x", "y z", ""]}
TEXTS = {
    "commas": b'a,b\n1,x\n\n,"y z"\n2.50,\n',
    "ARFF": b"@relation r\n@attribute a real\n@attribute b string\n@data\n1,x\n'','y z'\n2.50,''\n",
    "JSON lines": b'{"a": 1, "b": "x"}\n{"b": "y z"}\n{"a": 2.50, "b": null}\n',
    "Zeek": b"#separator \\x09\n#fields\ta\tb\n#types\tstring\tstring\n1\tx\n\ty z\n2.50\t\n#close\n",
}


@pytest.mark.parametrize(("form", "lines"), [("commas", [2, 4, 5]), ("ARFF", [5, 6, 7]), ("JSON lines", [1, 2, 3])])
def test_all_values_are_text_with_their_lines(form: str, lines: list[int], tmp_path: Path) -> None:
    path = tmp_path / "rows"
    path.write_bytes(TEXTS[form])
    source = text_batches(path)
    ((numbers, batch),) = source.batches
    assert (source.names, source.unit, source.times) == (["a", "b"], "line", frozenset())
    assert batch.to_pydict() == EXPECTED
    assert numbers.tolist() == lines


def test_a_log_without_flags_has_text_too(tmp_path: Path) -> None:
    path = tmp_path / "rows"
    path.write_bytes(TEXTS["Zeek"])
    ((numbers, batch),) = text_batches(path).batches
    assert batch.to_pydict() == EXPECTED
    assert numbers.tolist() == [4, 5, 6]


def test_of_parquet_times_are_told_and_flags_are_numbers(tmp_path: Path) -> None:
    path = tmp_path / "rows"
    time = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)
    rows = {"at": [time, time], "day": [time.date(), None], "flag": [True, None], "size": [1, 2]}
    pq.write_table(pa.table(rows), path)
    source = text_batches(path)
    ((numbers, batch),) = source.batches
    assert (source.names, source.unit, source.times) == (list(rows), "row", {"at", "day"})
    assert batch.to_pydict() == {"at": ["", ""], "day": ["", ""], "flag": ["1", ""], "size": ["1", "2"]}
    assert numbers.tolist() == [1, 2]


def test_names_are_given_where_the_file_has_none(tmp_path: Path) -> None:
    path = tmp_path / "rows"
    path.write_text('1;"x"\n2;"y"\n', encoding="utf-8")
    source = text_batches(path, ["a", "b"])
    ((numbers, batch),) = source.batches
    assert batch.to_pydict() == {"a": ["1", "2"], "b": ["x", "y"]}
    assert source.separator == ";"
    assert numbers.tolist() == [1, 2]


def test_names_stand_in_a_list_or_a_file(tmp_path: Path) -> None:
    assert names_from('a, "b, c",a') == ["a", "b, c", "a.1"]
    (tmp_path / "names.txt").write_text("\ufeffa\n\nb,c\n", encoding="utf-8")
    assert names_from(str(tmp_path / "names.txt")) == ["a", "b", "c"]
    with pytest.raises(UserError, match="tells no names"):
        names_from(" , ")
    with pytest.raises(UserError, match=r"missing\.txt: cannot be read"):
        names_from(str(tmp_path / "missing.txt"))


@pytest.mark.parametrize(
    ("content", "names", "message"),
    [
        pytest.param(b"a,b\n1,2\n3\n", [], "rows, line 3: found 1 column, but line 1 has 2. Correct", id="ragged"),
        pytest.param(b"a,b\n1,\xe9\n", [], r"line 2, column 2 \(b\): found the byte 0xe9, but", id="encoding"),
        pytest.param(b"a,\xe9\n1,2\n", [], r"line 1: the name '\\udce9' is not in UTF-8", id="name"),
        pytest.param(b'{"a": 1}\n{"a"\n', [], "line 2: found '{\"a\"', but each line must hold one J", id="cut JSON"),
        pytest.param(b"1,2\n", ["a"], "line 1: has 2 columns, but --names tells 1", id="number of names"),
        pytest.param(b"a,b\n1,2\n", ["a", "b"], "names its columns itself, by line 1. Leave out", id="header"),
        pytest.param(TEXTS["ARFF"], ["a", "b"], "names its columns itself, by the header", id="names of ARFF"),
        pytest.param(b"1,2,3,x\n", [], "line 1: holds values, not the names of the columns. Give t", id="no names"),
    ],
)
def test_the_first_fault_is_told_with_its_line(content: bytes, names: list[str], message: str, tmp_path: Path) -> None:
    path = tmp_path / "rows"
    path.write_bytes(content)
    with pytest.raises(UserError, match=message):
        list(text_batches(path, names).batches)
