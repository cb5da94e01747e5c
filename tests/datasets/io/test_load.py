from __future__ import annotations

import csv
import gzip
import hashlib
import io
import zipfile
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from nids import datasets
from nids.datasets.catalog.nsl_kdd import DATASET
from nids.datasets.column import Column
from nids.datasets.io import load as load_module
from nids.datasets.io.load import load
from nids.datasets.labels import LabelMap
from nids.datasets.schema import DatasetSpec
from nids.datasets.source_file import SourceFile
from nids.errors import UserError

NAMES = [column.name for column in DATASET.columns]
LAYOUT = (
    "nsl-kdd has 42 (with attack) or 43 (with attack and difficulty), separated by commas. Give a file in one of these "
    "layouts, a text file whose first line names the columns, or a Parquet file."
)
HEADER = ",".join([*NAMES, "attack", "difficulty"])


def shuffled(text):
    """The rows of a text in another order of columns."""
    table = pd.read_csv(io.StringIO(text), names=HEADER.split(","))
    return table[table.columns[::-1]]


def in_parquet(table):
    sink = io.BytesIO()
    table.to_parquet(sink, index=False)
    return sink.getvalue()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "traffic.txt"


@pytest.fixture
def text(line):
    return "\n".join(
        [
            line(src_bytes="491", serror_rate="0.25", service="ftp_data"),
            line(attack="neptune", flag="S0"),
            line(attack="ps", su_attempted="2"),
            "",
        ]
    )


def assert_is_text(traffic):
    assert list(traffic.features.columns) == NAMES
    assert traffic.features.dtypes.astype(str).tolist() == [
        "str" if column.kind == "categorical" else "float64" for column in DATASET.columns
    ]
    assert traffic.features["src_bytes"].tolist() == [491, 0, 0]
    assert traffic.features["serror_rate"].tolist() == [0.25, 0, 0]
    assert traffic.features["su_attempted"].tolist() == [0, 0, 2]
    assert traffic.features["service"].tolist() == ["ftp_data", "http", "http"]
    assert traffic.features["flag"].tolist() == ["SF", "S0", "SF"]
    assert traffic.attack.tolist() == ["normal", "neptune", "ps"]
    assert traffic.label.tolist() == [0, 1, 4]
    assert traffic.label.dtype == np.int8


@pytest.mark.parametrize(
    "written",
    [
        pytest.param(lambda text: text.encode(), id="plain"),
        pytest.param(lambda text: text.replace("\n", "\r\n").encode(), id="CRLF"),
        pytest.param(lambda text: text.replace("\n", "\r").encode(), id="CR"),
        pytest.param(lambda text: text.encode("utf-8-sig"), id="byte-order mark"),
        pytest.param(lambda text: gzip.compress(text.encode()), id="gzip"),
        pytest.param(lambda text: text.rstrip().encode(), id="no newline at the end"),
        pytest.param(lambda text: f"\n{text}\n\n".encode(), id="blank lines"),
        pytest.param(lambda text: text.replace(",", ", ").encode(), id="blanks after commas"),
        pytest.param(lambda text: text.replace(",21\n", "\n").encode(), id="no difficulty"),
        pytest.param(lambda text: f"{HEADER}\n{text}".encode(), id="header"),
        pytest.param(lambda text: shuffled(text).to_csv(index=False).encode(), id="header, label not last"),
        pytest.param(lambda text: shuffled(text).to_csv(index=False, quoting=csv.QUOTE_ALL).encode(), id="quotes"),
        pytest.param(lambda text: in_parquet(shuffled(text)), id="Parquet"),
    ],
)
def test_one_content_in_many_wrappings(path, text, written):
    path.write_bytes(written(text))
    assert_is_text(load(path, DATASET))


def test_a_file_inside_an_archive(tmp_path, text):
    with zipfile.ZipFile(tmp_path / "archive.zip", "w") as archive:
        archive.writestr("folder/traffic.txt", text)
    assert_is_text(load(zipfile.Path(tmp_path / "archive.zip", "folder/traffic.txt"), DATASET))


def test_the_hash_is_that_of_the_uncompressed_content(path, text):
    path.write_bytes(gzip.compress(text.encode()))
    traffic = load(path, DATASET)
    assert traffic.sha256 == hashlib.sha256(text.encode()).hexdigest()
    assert traffic.source == "traffic.txt"


def test_load_labels_by_the_first_label_map(path, line):
    path.write_text("\n".join([line(attack="worm"), line(attack="httptunnel")]))
    assert load(path, DATASET).label.tolist() == [1, 3]
    assert load(path, DATASET.labelled_by("nsl-kdd-variant")).label.tolist() == [3, 4]


def test_what_is_read_follows_from_the_data_set(path):
    dataset = DatasetSpec(
        name="tiny",
        columns=(Column("bytes", "count"), Column("service", "categorical")),
        label_column="attack",
        label_maps=(LabelMap("tiny", ("Benign", "Attack"), "Benign", {"-": "Benign", "flood": "Attack"}),),
        layout=("bytes", "service", "attack"),
    )
    path.write_text("7,http,-\n9,dns,flood\n")
    traffic = load(path, dataset)
    assert traffic.features.to_dict("list") == {"bytes": [7, 9], "service": ["http", "dns"]}
    assert traffic.label.tolist() == [0, 1]
    path.write_text("7,http,-,21\n")
    with pytest.raises(UserError) as refusal:
        load(path, dataset)
    assert str(refusal.value) == (
        "traffic.txt, line 1: found 4 columns, the first one '7', but tiny has 3 (with attack), separated by commas. "
        "Give a file in one of these layouts, a text file whose first line names the columns, or a Parquet file."
    )


@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        pytest.param("5 (src_bytes)", "-3", "counts are whole numbers >= 0", id="negative count"),
        pytest.param("5 (src_bytes)", "2.5", "counts are whole numbers >= 0", id="part of a count"),
        pytest.param("1 (duration)", "x", "this column holds numbers", id="text"),
        pytest.param("1 (duration)", "", "this column holds numbers", id="no number"),
        pytest.param("1 (duration)", "1_0", "this column holds numbers", id="underscore"),
        pytest.param("10 (hot)", "nan", "numbers must be finite", id="NaN"),
        pytest.param("10 (hot)", "-inf", "numbers must be finite", id="infinity"),
        pytest.param("10 (hot)", "1e999", "numbers must be finite", id="overflow"),
        pytest.param("7 (land)", "-1", "flags are 0 or 1", id="negative flag"),
        pytest.param("29 (same_srv_rate)", "1.01", "rates lie between 0 and 1", id="rate above 1"),
        pytest.param("29 (same_srv_rate)", "-0.1", "rates lie between 0 and 1", id="negative rate"),
        pytest.param("3 (service)", " ", "categories are not empty", id="no category"),
        pytest.param("42 (attack)", "neptun", "this is not a known label (close ones: neptune)", id="misspelt"),
        pytest.param("42 (attack)", "", "this is not a known label", id="no attack"),
    ],
)
def test_a_value_that_breaks_a_rule_is_refused(path, line, column, value, rule):
    name = column.partition("(")[2].removesuffix(")")
    # The empty line counts: users look the number up in an editor.
    path.write_text("\n".join([line(), "", line(**{name: value}), line(src_bytes="-9"), ""]))
    with pytest.raises(UserError) as refusal:
        load(path, DATASET)
    assert str(refusal.value) == (
        f"traffic.txt, line 3, column {column}: found {value!r}, but {rule}. Correct or remove the line."
    )


def test_long_values_are_shortened_in_the_message(path, line):
    path.write_text(line(duration="x" * 70))
    with pytest.raises(UserError, match=f"found '{'x' * 59}…, but"):
        load(path, DATASET)


def test_load_refuses_a_header_that_is_repeated(path, line):
    path.write_text("\n".join([HEADER, line(), HEADER, line()]))
    with pytest.raises(UserError) as refusal:
        load(path, DATASET)
    assert str(refusal.value) == (
        "traffic.txt, line 3, column 1 (duration): found 'duration', but this column holds numbers. "
        "Remove this line: only the first one may name the columns."
    )


def test_load_refuses_a_file_without_labels(path, line):
    path.write_text(",".join(NAMES) + "\n" + line())
    with pytest.raises(UserError) as refusal:
        load(path, DATASET)
    assert str(refusal.value) == (
        "traffic.txt, line 1: the columns do not include attack, but all 41 features of nsl-kdd and its labels "
        "(attack) are needed. Add what is missing, give columns the data set's names, or describe the file as "
        "it is with `nids data describe`."
    )


def test_load_refuses_a_file_without_rows(path):
    path.write_text(",".join([*NAMES, "attack"]) + "\n")
    with pytest.raises(UserError) as refusal:
        load(path, DATASET)
    assert str(refusal.value) == ("traffic.txt: holds no rows. Give a file with some, or copy or download it again.")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param(
            lambda text: text.replace("491,", "491,0,", 1),
            f"line 1: found 44 columns, the first one '0', but {LAYOUT}",
            id="first line",
        ),
        pytest.param(
            lambda text: text.replace(",neptune,", ","),
            "line 2: found 42 columns, but line 1 has 43. Correct or remove the line.",
            id="line too short",
        ),
        pytest.param(
            lambda text: text.replace("neptune,", "neptune,1,"),
            "line 2: found 44 columns, but line 1 has 43. Correct or remove the line.",
            id="line too long",
        ),
        pytest.param(
            lambda text: text[:-20],
            "line 3: found 35 columns, but line 1 has 43: the file is cut off. Copy or download it again.",
            id="cut off",
        ),
        pytest.param(
            lambda text: text[:-4],
            "line 3: found 42 columns, but line 1 has 43: the file is cut off. Copy or download it again.",
            id="cut off before the last column",
        ),
    ],
)
def test_lines_with_other_numbers_of_columns_are_refused(path, text, change, message):
    path.write_text(change(text))
    with pytest.raises(UserError) as refusal:
        load(path, DATASET)
    assert str(refusal.value) == f"traffic.txt, {message}"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"", "is empty. Copy or download it again.", id="empty"),
        pytest.param(b"\xef\xbb\xbf\r\n\n", "is empty. Copy or download it again.", id="blank"),
        pytest.param(gzip.compress(b""), "is empty. Copy or download it again.", id="empty gzip"),
        pytest.param(b"PK\x03\x04...", "is a zip archive, but", id="zip"),
        pytest.param(b"PAR1...", "is damaged: ", id="Parquet"),
        pytest.param(b"\n<!DOCTYPE html>", "is an HTML or XML page, but", id="HTML"),
        pytest.param(b'[{"duration": 0}]', "is a JSON array, but", id="JSON array"),
        pytest.param(b"version https://git-lfs.github.com/spec/v1", "is a Git LFS pointer, not the file", id="LFS"),
        pytest.param(gzip.compress(b"0,tcp")[:-6], "is damaged: ", id="cut off gzip"),
    ],
)
def test_what_is_no_text_table_is_refused(path, content, message):
    path.write_bytes(content)
    with pytest.raises(UserError) as refusal:
        load(path, DATASET)
    assert f"traffic.txt: {message}" in str(refusal.value)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        pytest.param("tcp\xe9".encode("latin-1"), "found the byte 0xe9", id="Latin-1"),
        pytest.param("tcp".encode("utf-16"), "found the byte 0xff", id="UTF-16"),
    ],
)
def test_other_encodings_are_refused(path, line, content, found):
    path.write_bytes(line().encode() + b"\n" + line().encode().replace(b"tcp", content))
    with pytest.raises(UserError) as refusal:
        load(path, DATASET)
    assert str(refusal.value) == (
        f"traffic.txt, line 2, column 2 (protocol_type): {found}, "
        "but the file must be UTF-8 text. Save it as UTF-8, or copy or download it again."
    )


def test_a_path_that_cannot_be_read(tmp_path):
    with pytest.raises(UserError, match=r"missing.txt: cannot be read: .* Give the path of a data file\."):
        load(tmp_path / "missing.txt", DATASET)
    (tmp_path / ".hidden.csv").touch()
    with pytest.raises(UserError, match=r"holds no data files, whose names end in \.csv"):
        load(tmp_path, DATASET)


def test_a_file_with_the_content_of_another_one_is_refused(tmp_path, text):
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    files = (
        SourceFile("train", "train.txt", sha256="0" * 64, rows=3, role="training"),
        SourceFile("test", "test.txt", sha256=sha256, rows=3, role="held-out"),
    )
    dataset = replace(DATASET, files=files)
    for name in ("train.txt", "test.txt", "other.txt"):
        (tmp_path / name).write_text(text)
    with pytest.raises(UserError) as refusal:
        load(tmp_path / "train.txt", dataset)
    assert str(refusal.value) == (
        f"train.txt: has the content of test.txt (SHA-256 {sha256[:12]}…), not of train.txt. "
        "Rename it to test.txt, or copy or download train.txt again."
    )
    assert load(tmp_path / "test.txt", dataset).source == "test"
    assert load(tmp_path / "other.txt", dataset).source == "test"


@pytest.mark.parametrize(
    ("separator", "words"),
    [(";", "semicolons"), ("\t", "tabs"), ("|", "vertical bars"), (" ", "spaces")],
)
@pytest.mark.parametrize("header", [False, True])
def test_another_separator_is_named(tmp_path, separator, words, header):
    path = tmp_path / "mine.csv"
    datasets.load_training("nsl-kdd-sample", rows=80).features.to_csv(path, sep=separator, index=False, header=header)
    with pytest.raises(UserError) as refusal:
        load(path, DATASET)
    assert str(refusal.value).startswith(
        f"mine.csv, line 1: its values are separated by {words}, but must be by commas. Convert it, "
    )


def test_rows_that_do_not_fit_into_memory_are_refused(path, line, monkeypatch):
    path.write_bytes(gzip.compress(f"{line()}\n".encode() * 5_000))
    assert len(load(path, DATASET).label) == 5_000
    monkeypatch.setattr(load_module, "LARGEST_WHOLE", 1_000)
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(total=2_000_000))
    with pytest.raises(UserError, match=r"the first 5,000 rows take [0-9.]+ GiB, more than half of this machine's"):
        load(path, DATASET)
