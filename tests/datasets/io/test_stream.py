from __future__ import annotations

import csv
import gzip
import io
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nids.datasets.catalog.nsl_kdd import DATASET
from nids.datasets.io import lines as line_reader
from nids.datasets.io.chunks import Reject
from nids.datasets.io.load import load
from nids.datasets.io.stream import stream
from nids.datasets.locate import locate
from nids.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from nids.datasets.io.chunks import Chunk
    from nids.datasets.traffic import Traffic

    Line = Callable[..., str]

NAMES = [column.name for column in DATASET.columns]
LAYOUTS = (
    "nsl-kdd has 41 (the features) or 42 (with attack) or 43 (with attack and difficulty), separated by commas. Give a "
    "file in one of these layouts, a text file whose first line names the columns, or a Parquet file."
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "traffic"


def features_of(chunks: list[Chunk]) -> pd.DataFrame:
    return pd.concat([chunk.table for chunk in chunks], ignore_index=True)


def numbers_of(chunks: list[Chunk]) -> list[int]:
    return np.concatenate([chunk.numbers for chunk in chunks]).tolist()


def rejects_of(chunks: list[Chunk]) -> list[Reject]:
    return [reject for chunk in chunks for reject in chunk.rejects]


def as_text(table: pd.DataFrame, **options: Any) -> str:
    text: str = table.to_csv(index=False, header=False, lineterminator="\n", **options)
    return text


def shuffled(table: pd.DataFrame) -> pd.DataFrame:
    """The same columns in another order, among others that are not read."""
    table = table[table.columns[::-1]]
    table.insert(3, "id", range(len(table)))
    return table.assign(attack="neptune")


def in_parquet(table: pd.DataFrame, **options: object) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pandas(table, preserve_index=False), sink, **options)
    return sink.getvalue()


def in_json_lines(table: pd.DataFrame) -> str:
    return "".join(json.dumps(row) + "\n" for row in table.to_dict("records"))


def in_arff(table: pd.DataFrame) -> str:
    attributes = "".join(f"@attribute {name} string\n" for name in table.columns)
    return f"@relation flows\n{attributes}@data\n{as_text(table)}"


def zstd(content: bytes) -> bytes:
    packed: bytes = pa.compress(content, codec="zstd", asbytes=True)
    return packed


def with_types(table: pd.DataFrame) -> pd.DataFrame:
    """The same values as the smallest types that hold them, categories as a dictionary."""
    kinds = {"categorical": "category", "binary": "bool", "count": "int64", "rate": "float64"}
    return table.astype({column.name: kinds[column.kind] for column in DATASET.columns})


@pytest.mark.parametrize(
    ("written", "first", "unused"),
    [
        pytest.param(lambda table: as_text(table).encode(), 1, (), id="features"),
        pytest.param(lambda table: as_text(table.assign(attack="?")).encode(), 1, ("attack",), id="with attack"),
        pytest.param(
            lambda table: as_text(table.assign(attack="ps", difficulty=21)).encode(),
            1,
            ("attack", "difficulty"),
            id="with attack and difficulty",
        ),
        pytest.param(lambda table: as_text(table).replace("\n", "\r\n").encode(), 1, (), id="CRLF"),
        pytest.param(lambda table: as_text(table).replace("\n", "\r").encode(), 1, (), id="CR"),
        pytest.param(lambda table: as_text(table).encode("utf-8-sig"), 1, (), id="byte-order mark"),
        pytest.param(lambda table: as_text(table).rstrip().encode(), 1, (), id="no newline at the end"),
        pytest.param(lambda table: as_text(table).replace(",", ", ").encode(), 1, (), id="blanks after commas"),
        pytest.param(lambda table: f"\n\n{as_text(table)}\n".encode(), 3, (), id="blank lines"),
        pytest.param(lambda table: gzip.compress(as_text(table).encode()), 1, (), id="gzip"),
        pytest.param(lambda table: table.to_csv(index=False).encode(), 2, (), id="header"),
        pytest.param(lambda table: table.to_csv(index=False).encode("utf-8-sig"), 2, (), id="header after a mark"),
        pytest.param(lambda table: table.to_csv().encode(), 2, ("",), id="header with an index"),
        pytest.param(lambda table: shuffled(table).to_csv(index=False).encode(), 2, ("id", "attack"), id="other order"),
        pytest.param(
            lambda table: shuffled(table).to_csv(index=False, quoting=csv.QUOTE_ALL).encode(),
            2,
            ("id", "attack"),
            id="quoted",
        ),
        pytest.param(
            lambda table: table.assign(agent='Lynx, "text"\nlynx'.replace("\n", " ")).to_csv(index=False).encode(),
            2,
            ("agent",),
            id="commas and quotes in a value",
        ),
        pytest.param(lambda table: gzip.compress(table.to_csv(index=False).encode()), 2, (), id="header in gzip"),
        pytest.param(lambda table: zstd(as_text(table).encode()), 1, (), id="zstd"),
        pytest.param(lambda table: zstd(in_json_lines(table).encode()), 1, (), id="JSON lines in zstd"),
        pytest.param(lambda table: in_arff(shuffled(table)).encode(), 46, ("id", "attack"), id="ARFF"),
        pytest.param(in_parquet, 1, (), id="Parquet"),
        pytest.param(lambda table: in_parquet(with_types(table)), 1, (), id="Parquet with other types"),
        pytest.param(lambda table: in_parquet(shuffled(table)), 1, ("id", "attack"), id="Parquet in other order"),
    ],
)
def test_one_content_in_many_forms(
    path: Path, traffic: Traffic, written: Callable[[pd.DataFrame], bytes], first: int, unused: tuple[str, ...]
) -> None:
    table = traffic.features
    path.write_bytes(written(table))
    chunks = list(stream(path, DATASET, rows=100))
    assert [len(chunk.table) for chunk in chunks] == [100, 100, 40]
    pd.testing.assert_frame_equal(features_of(chunks), table)
    assert all(chunk.numbers.dtype == np.int64 for chunk in chunks)
    assert numbers_of(chunks) == list(range(first, first + len(table)))
    assert rejects_of(chunks) == []
    assert {chunk.unused for chunk in chunks} == {unused}
    assert chunks[-1].bytes_read == path.stat().st_size


def test_the_rows_are_those_of_the_other_reader(path: Path, real_data: Path) -> None:
    found = locate(DATASET, DATASET.file("KDDTest+"), real_data)
    assert found is not None
    path.write_bytes(found.read_bytes())
    chunks = list(stream(path, DATASET, rows=5000))
    pd.testing.assert_frame_equal(features_of(chunks), load(path, DATASET).features)
    assert numbers_of(chunks) == list(range(1, 22_545))


@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        pytest.param("column 5 (src_bytes)", "-3", "counts are whole numbers >= 0", id="negative count"),
        pytest.param("column 5 (src_bytes)", "2.5", "counts are whole numbers >= 0", id="part of a count"),
        pytest.param("column 1 (duration)", "x", "this column holds numbers", id="text"),
        pytest.param("column 1 (duration)", "", "this column holds numbers", id="no number"),
        pytest.param("column 1 (duration)", "1_0", "this column holds numbers", id="underscore"),
        pytest.param("column 10 (hot)", "nan", "numbers must be finite", id="NaN"),
        pytest.param("column 10 (hot)", "1e999", "numbers must be finite", id="overflow"),
        pytest.param("column 7 (land)", "-1", "flags are 0 or 1", id="negative flag"),
        pytest.param("column 29 (same_srv_rate)", "1.01", "rates lie between 0 and 1", id="rate above 1"),
        pytest.param("column 3 (service)", " ", "categories are not empty", id="no category"),
    ],
)
@pytest.mark.parametrize("header", [False, True])
def test_a_value_that_breaks_a_rule_is_set_aside(
    path: Path, line: Line, header: bool, column: str, value: str, rule: str
) -> None:
    name = column.partition("(")[2].removesuffix(")")
    bad = line(**{name: value})
    start = ",".join([*NAMES, "attack", "difficulty"]) if header else line()
    path.write_text("\n".join([start, "", bad, line(src_bytes="+7"), line(src_bytes="9"), ""]))
    chunks = list(stream(path, DATASET))
    assert rejects_of(chunks) == [Reject("line", 3, column, f"found {value!r}, but {rule}", bad)]
    assert numbers_of(chunks) == ([4, 5] if header else [1, 4, 5])
    assert features_of(chunks)["src_bytes"].tolist()[-2:] == [7, 9]


def test_the_first_fault_of_a_row_is_told_with_its_place(path: Path, line: Line) -> None:
    path.write_text(line() + "\n" + line(flag="", duration="x" * 70))
    (reject,) = rejects_of(list(stream(path, DATASET)))
    assert reject.location == "line 2, column 1 (duration)"
    assert reject.reason == f"column 1 (duration): found '{'x' * 59}…, but this column holds numbers"


def test_lines_with_other_numbers_of_columns_are_set_aside(path: Path, line: Line) -> None:
    lines = [line(), line() + ",1", line(), line()[:-3], "  ", line()]
    path.write_text("\n".join(lines))
    chunks = list(stream(path, DATASET))
    assert numbers_of(chunks) == [1, 3, 6]
    assert [(reject.location, reject.reason, reject.raw) for reject in rejects_of(chunks)] == [
        ("line 2", "found 44 columns, but line 1 has 43", lines[1]),
        ("line 4", "found 42 columns, but line 1 has 43", lines[3]),
        ("line 5", "found 1 column, but line 1 has 43", "  "),
    ]


def test_an_open_quotation_mark_spoils_only_its_own_line(path: Path, line: Line) -> None:
    header = ",".join([*NAMES, "attack", "difficulty"])
    open_quotes = line(flag='"SF')
    path.write_text("\n".join([header, line(), open_quotes, line(), open_quotes, line(), open_quotes]))
    chunks = list(stream(path, DATASET))
    assert numbers_of(chunks) == [2, 4, 6]
    assert [(reject.location, reject.reason) for reject in rejects_of(chunks)] == [
        (f"line {number}", "found 4 columns, but line 1 has 43") for number in (3, 5, 7)
    ]


def test_a_quoted_value_does_not_go_on_in_the_next_line(path: Path, line: Line) -> None:
    header = ",".join([*NAMES, "attack", "difficulty", "agent"])
    path.write_text("\n".join([header, line() + ',"Lynx', 'and others"', line() + ",Lynx"]))
    chunks = list(stream(path, DATASET))
    assert numbers_of(chunks) == [2, 4]
    assert [(reject.location, reject.reason, reject.raw) for reject in rejects_of(chunks)] == [
        ("line 3", "found 1 column, but line 1 has 44", 'and others"')
    ]


def test_quotation_marks_mean_nothing_without_a_header(path: Path, line: Line) -> None:
    path.write_text(line(service='"http') + "\n" + line(service='"'))
    assert features_of(list(stream(path, DATASET)))["service"].tolist() == ['"http', '"']


def test_texts_may_be_quoted_without_a_header(path: Path, line: Line) -> None:
    first = line(protocol_type='"tcp"', service='"http"', flag='"SF"')
    path.write_text(first + "\n" + line(service='"domain_u"') + "\n")
    features = features_of(list(stream(path, DATASET)))
    assert features[["protocol_type", "service", "flag"]].iloc[0].tolist() == ["tcp", "http", "SF"]
    assert features["service"].tolist() == ["http", "domain_u"]


def test_bytes_that_are_no_utf_8_spoil_only_values_that_are_read(path: Path, line: Line) -> None:
    text = "\n".join([line(), line(service="httpé"), line(attack="é"), line(duration="é")])
    path.write_bytes(text.encode("latin-1"))
    chunks = list(stream(path, DATASET))
    assert numbers_of(chunks) == [1, 3]
    assert [(reject.location, reject.fault) for reject in rejects_of(chunks)] == [
        ("line 2, column 3 (service)", "found the byte 0xe9, but the file must be UTF-8 text"),
        ("line 4, column 1 (duration)", "found the byte 0xe9, but the file must be UTF-8 text"),
    ]


def test_faults_among_many_lines(path: Path, traffic: Traffic) -> None:
    """Lines are read in chunks, in pieces of a chunk and one by one: each row must come out once, in its place."""
    table = pd.concat([traffic.features] * 20, ignore_index=True).assign(count=np.arange(240.0 * 20) % 512)
    lines = as_text(table).splitlines()
    bad = [0, 1, 1023, 1024, 2999, 3000, 4799]
    # The first line tells the layout, and so keeps its number of columns.
    for number in bad:
        lines[number] = lines[number].replace(",", ",,", 1) if number else "x" + lines[0]
    path.write_text("\n".join(lines))
    chunks = list(stream(path, DATASET, rows=3000))
    kept = np.setdiff1d(np.arange(len(table)), bad)
    pd.testing.assert_frame_equal(features_of(chunks), table.iloc[kept].reset_index(drop=True))
    assert numbers_of(chunks) == (kept + 1).tolist()
    assert [reject.number - 1 for reject in rejects_of(chunks)] == bad
    assert [len(chunk.table) + len(chunk.rejects) for chunk in chunks] == [3000, 1800]


def test_rows_of_parquet_that_break_a_rule(path: Path, traffic: Traffic) -> None:
    table = shuffled(traffic.features.head(8))
    table.loc[1, "src_bytes"] = -3
    table.loc[2, "serror_rate"] = np.nan
    table.loc[4, "service"] = None
    path.write_bytes(in_parquet(table))
    chunks = list(stream(path, DATASET, rows=5))
    assert numbers_of(chunks) == [1, 4, 6, 7, 8]
    pd.testing.assert_frame_equal(features_of(chunks), traffic.features.iloc[[0, 3, 5, 6, 7]].reset_index(drop=True))
    rejects = rejects_of(chunks)
    assert [(reject.location, reject.fault) for reject in rejects] == [
        ("row 2, column 38 (src_bytes)", "found '-3.0', but counts are whole numbers >= 0"),
        ("row 3, column 18 (serror_rate)", "found 'nan', but numbers must be finite"),
        ("row 5, column 40 (service)", "found '', but categories are not empty"),
    ]
    assert rejects[0].raw.split(",")[:5] == [str(traffic.features.iloc[1, i]) for i in range(4)] + ["-3.0"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"", "traffic: is empty. Copy or download it again.", id="empty"),
        pytest.param(b"\xef\xbb\xbf\r\n\n", "traffic: is empty. Copy or download it again.", id="blank"),
        pytest.param(gzip.compress(b""), "traffic: is empty. Copy or download it again.", id="empty gzip"),
        pytest.param(
            b"\n0;tcp;http\n",
            "traffic, line 2: its values are separated by semicolons, but must be by commas. Convert it, for example "
            "with pandas: read_csv(FILE, sep=…).to_csv(OUT, index=False).",
            id="semicolons",
        ),
        pytest.param(
            b"PK\x03\x04,\n",
            "traffic: is a zip archive, but text in columns (CSV, ARFF, JSON lines, a log of Zeek), compressed or not, "
            "or a Parquet file is expected. Unpack, convert or download it again.",
            id="zip",
        ),
        pytest.param(
            ",".join(NAMES[2:]).encode(),
            "traffic, line 1: the columns do not include duration, protocol_type, but all 41 features of nsl-kdd are "
            "needed. Add what is missing, give columns the data set's names, or describe the file as it is with `nids "
            "data describe`.",
            id="missing features",
        ),
        pytest.param(
            ",".join([*NAMES, "flag"]).encode(),
            "traffic, line 1: more than one column is named flag. Remove or rename the others; where a description "
            'lists "flag.1" in ignored, the first one is read.',
            id="repeated feature",
        ),
        pytest.param(
            b"x" * 200_000,
            "traffic, line 1: is longer than 131,071 characters, which no line of traffic is. Give a Parquet file or a "
            "text file with one row a line (gzip is fine).",
            id="no lines",
        ),
    ],
)
def test_what_has_not_the_columns_is_refused(path: Path, content: bytes, message: str) -> None:
    path.write_bytes(content)
    with pytest.raises(UserError) as refusal:
        list(stream(path, DATASET))
    assert str(refusal.value) == message


def test_parquet_with_other_columns_is_refused(path: Path, traffic: Traffic) -> None:
    table = traffic.features.head(3)
    for changed, message in [
        (
            table.drop(columns="flag"),
            "traffic: the columns do not include flag, but all 41 features of nsl-kdd are needed. Add what is missing, "
            "give columns the data set's names, or describe the file as it is with `nids data describe`.",
        ),
        (
            table.assign(flag=1),
            "traffic: column flag is of type int64, but this column holds text. Convert it before it is written.",
        ),
        (
            table.assign(hot=pd.array(["1", "2", "3"], dtype="str")),
            "traffic: column hot is of type large_string, but this column holds numbers. Convert it before it is "
            "written.",
        ),
    ]:
        path.write_bytes(in_parquet(changed))
        with pytest.raises(UserError) as refusal:
            list(stream(path, DATASET))
        assert str(refusal.value) == message


def test_damaged_files_are_refused(path: Path, line: Line, traffic: Traffic) -> None:
    packed = gzip.compress("\n".join(line(duration=str(i**3)) for i in range(9_000)).encode())
    spoilt = bytearray(packed)
    spoilt[len(packed) // 2] ^= 255
    for content in (packed[:-9], bytes(spoilt), b"\x1f\x8bnothing", in_parquet(traffic.features)[:-20]):
        path.write_bytes(content)
        with pytest.raises(UserError, match=r"traffic: is damaged: .+ Copy or download it again\."):
            list(stream(path, DATASET))


def test_a_path_that_cannot_be_read(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing.txt"):
        with pytest.raises(UserError, match=r": cannot be read: .* Give the path of a data file\."):
            list(stream(path, DATASET))


def test_a_header_without_rows_has_no_chunks(path: Path) -> None:
    path.write_text(",".join(NAMES) + "\n")
    assert list(stream(path, DATASET)) == []


def test_chunks_of_long_lines_have_fewer_rows(path: Path, line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_reader, "LARGEST_BLOCK", 10 * len(line()))
    path.write_text("\n".join([line()] * 25))
    assert [len(chunk.table) for chunk in stream(path, DATASET, rows=20)] == [10, 10, 5]


def test_what_is_read_follows_from_the_data_set(path: Path) -> None:
    columns = tuple(column for column in DATASET.columns if column.name in ("duration", "service"))
    dataset = replace(DATASET, name="tiny", columns=columns, layout=("duration", "service", "attack"))
    path.write_text("7,http\n9,dns\n")
    (chunk,) = stream(path, dataset)
    assert chunk.table.to_dict("list") == {"duration": [7, 9], "service": ["http", "dns"]}
    path.write_text("7\n")
    with pytest.raises(UserError, match=r"but tiny has 2 \(the features\) or 3 \(with attack\), separated by commas\."):
        list(stream(path, dataset))


def test_a_reader_that_stops_leaves_the_file_closed(path: Path, line: Line) -> None:
    """An open file would be a ResourceWarning, and so an error."""
    path.write_text("\n".join([line()] * 5))
    chunks = stream(path, DATASET, rows=2)
    assert next(chunks).numbers.tolist() == [1, 2]
    chunks.close()  # type: ignore[attr-defined]


def test_other_names_of_columns_are_known(path: Path, line: Line) -> None:
    names = [*(column.name for column in DATASET.columns), "class", "label"]
    path.write_text(",".join(names[:-1]) + "\n" + line().rpartition(",")[0] + "\n")
    (chunk,) = stream(path, DATASET, labelled=True)
    assert chunk.table["attack"].tolist() == ["normal"]
    assert next(stream(path, DATASET)).unused == ("class",)
    table = chunk.table.rename(columns={"attack": "class"})[["class", *names[:41]]]
    table.to_parquet(path)
    (again,) = stream(path, DATASET, labelled=True)
    pd.testing.assert_frame_equal(again.table, chunk.table)
    path.write_text(",".join(names) + "\n" + line() + "\n")
    with pytest.raises(UserError, match=r"class and label may both be the column attack of nsl-kdd\. Rename"):
        list(stream(path, DATASET, labelled=True))
    table.assign(attack="smurf").to_parquet(path)  # the name of its own comes first
    assert next(stream(path, DATASET, labelled=True)).table["attack"].tolist() == ["smurf"]


@pytest.mark.parametrize("labels", [["Smurf", "NORMAL."], ["smurf.", "no-rmal"]])
def test_labels_may_be_told_by_their_letters_alone(labels: list[str], path: Path, line: Line) -> None:
    for kind in ("text", "parquet"):
        path.write_text("".join(f"{line(attack=label)}\n" for label in labels))
        if kind == "parquet":
            pd.read_csv(path, names=DATASET.layout, dtype={"attack": "str"}).to_parquet(path)
        (chunk,) = stream(path, DATASET, labelled=True)
        assert chunk.table["attack"].tolist() == ["smurf", "normal"]
        (chunk,) = stream(path, replace(DATASET, loose_labels=False), labelled=True)
        assert [reject.number for reject in chunk.rejects] == [1, 2]


def test_a_line_that_names_the_columns_again_is_a_fault_unless_it_may_be_there(path: Path, line: Line) -> None:
    header = ",".join(DATASET.layout)
    path.write_text("\n".join([header, line(), header, line(), f"{header},more", ""]))
    (chunk,) = stream(path, DATASET)
    assert [(reject.number, reject.problem) for reject in chunk.rejects] == [
        (3, "repeated header"),
        (5, "too many columns"),
    ]
    (chunk,) = stream(path, replace(DATASET, repeated_headers="skip"))
    assert [reject.number for reject in chunk.rejects] == [5]
    assert chunk.numbers.tolist() == [2, 4]
