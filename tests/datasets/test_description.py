from __future__ import annotations

import gzip
import io
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from nids import datasets
from nids.config import Data
from nids.datasets import fetch
from nids.datasets.column import Column
from nids.datasets.description import differences
from nids.datasets.labels import LabelMap
from nids.datasets.schema import DatasetSpec
from nids.datasets.source_file import SourceFile
from nids.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

DESCRIPTION = """
label_column = "kind"
separator = ";"
ignored = ["id"]
hold_out = 0.25

[files]
training = ["flows.csv"]

[label_maps.grouped]
benign = "quiet"
[label_maps.grouped.classes]
quiet = ["ok"]
loud = ["scan", "flood"]

[label_maps.plain]
benign = "ok"
classes = ["ok", "scan", "flood"]

[columns]
bytes = { kind = "count", transform = "log1p", missing = ["", "-1"] }
service = { kind = "categorical" }

[aliases]
kind = ["class", "Label"]
service = "srv"
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(DESCRIPTION, encoding="utf-8")
    return path


def test_a_file_describes_a_data_set(path: Path) -> None:
    assert datasets.get(str(path)) == DatasetSpec(
        name="mine",
        columns=(Column("bytes", "count", "log1p", missing=("", "-1")), Column("service", "categorical")),
        label_column="kind",
        label_maps=(
            LabelMap("grouped", ("quiet", "loud"), "quiet", {"ok": "quiet", "scan": "loud", "flood": "loud"}),
            LabelMap("plain", ("ok", "scan", "flood"), "ok"),
        ),
        ignored=("id",),
        aliases={"kind": ("class", "Label"), "service": ("srv",)},
        separator=";",
        files=(SourceFile("flows.csv", "flows.csv"),),
        parts=True,
        hold_out=0.25,
    )


@pytest.mark.parametrize("form", ['"%d/%m/%Y %H:%M"', '["%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M"]'])
def test_it_names_time_and_group(path: Path, form: str) -> None:
    keys = f'time_column = "ts"\ntime_format = {form}\ngroup_column = "host"\nhold_out_by = "time"\n'
    path.write_text(DESCRIPTION.replace("hold_out =", f"{keys}hold_out ="), encoding="utf-8")
    spec = datasets.get(str(path))
    formats = ("%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M")[form.startswith('"') :]
    assert (spec.time_column, spec.time_format, spec.group_column, spec.hold_out_by) == ("ts", formats, "host", "time")
    without = DESCRIPTION.replace("hold_out = 0.25", 'hold_out = 0.25\ntime_column = "start"')
    path.write_text(without, encoding="utf-8")
    assert differences(spec, datasets.get(str(path))) == ["hold_out_by", "time_column", "time_format", "group_column"]


def test_its_rows_are_read_beside_it(path: Path) -> None:
    data = Data(dataset=str(path))
    assert not datasets.available(data)
    rows = "".join(f"{i};{i if i % 3 else -1};http;{'ok' if i % 2 else 'scan'}\n" for i in range(40))
    (path.parent / "flows.csv").write_text(f"id;bytes;service;kind\n{rows}", encoding="utf-8")
    assert datasets.available(data)
    traffic = datasets.load_for(data, seed=0)
    assert traffic.source == "flows.csv"
    assert len(traffic.label) < 40  # some are held out
    assert traffic.features.columns.tolist() == ["bytes", "service"]
    assert traffic.features["bytes"].isna().any()
    assert set(traffic.attack) == {"ok", "scan"}


def test_its_held_out_file_is_refused_under_another_name(path: Path) -> None:
    text = DESCRIPTION.replace("hold_out = 0.25\n\n[files]", '\n[files]\nheld-out = ["test.csv"]')
    path.write_text(text, encoding="utf-8")
    rows = "".join(f"{i};{i};http;{'ok' if i % 2 else 'scan'}\n" for i in range(40))
    for name in ("test.csv", "copy.csv"):
        (path.parent / name).write_text(f"id;bytes;service;kind\n{rows}", encoding="utf-8")
    for given in ("test.csv", "copy.csv"):
        with pytest.raises(UserError, match=r"test.csv is held out"):
            datasets.load_for(Data(dataset=str(path)), 0, path.parent / given)


def test_a_compressed_file_and_one_in_a_folder_are_found(path: Path) -> None:
    content = b"id;bytes;service;kind\n" + b"1;2;http;ok\n2;3;ftp;scan\n" * 20
    (path.parent / "sub").mkdir()
    with gzip.open(path.parent / "sub" / "flows.csv.gz", "wb") as file:
        file.write(content)
    path.write_text(
        DESCRIPTION.replace("flows.csv", "sub/flows.csv.gz").replace("hold_out = 0.25", ""), encoding="utf-8"
    )
    assert len(datasets.load_for(Data(dataset=str(path)), 0).label) == 40


def test_one_without_its_file_says_where_to_put_it(path: Path) -> None:
    console = Console(file=io.StringIO())
    with pytest.raises(UserError, match="put it beside its description") as raised:
        fetch.fetch(datasets.get(str(path)), console=console)
    assert str(raised.value).startswith("flows.csv: cannot be downloaded, as no address is known.")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        pytest.param(("[files]", "[files"), r"mine.toml: not valid TOML: ", id="no TOML"),
        pytest.param(('label_column = "kind"', ""), "label_column: is missing", id="no label column"),
        pytest.param(("[columns]", "[column]"), "columns: is missing. Add a table of that name", id="no columns"),
        pytest.param(('"count"', '"counts"'), r"columns.bytes.kind: Input should be 'categorical', ", id="kind"),
        pytest.param(
            ("transform", "transfrom"),
            r"columns.bytes.transfrom: there is no such key \(did you mean transform\?\)$",
            id="key of a column",
        ),
        pytest.param(
            ("hold_out =", "holdout ="), r"holdout: there is no such key \(did you mean hold_out\?\)$", id="key"
        ),
        pytest.param(
            ('benign = "quiet"', 'bening = "quiet"'),
            r"label_maps.grouped.bening: there is no such key \(did you mean benign\?\)$",
            id="key of a label map",
        ),
        pytest.param(
            ('benign = "quiet"', 'benign = "quiet"\ndropped = { x = "y" }'),
            r"label_maps.grouped.dropped: there is no such key$",
            id="what searches decide",
        ),
        pytest.param(
            ("training =", "trainings ="),
            r"files.trainings: there is no such key \(did you mean training\?\)$",
            id="role",
        ),
        pytest.param(
            ('service = { kind = "categorical" }', 'service = "categorical"'),
            "columns.service: found 'categorical', but a table is expected",
            id="no table",
        ),
        pytest.param(('benign = "quiet"', 'benign = "calm"'), "'calm', the benign class of label map", id="benign"),
        pytest.param(
            ('["scan", "flood"]\n\n', '["scan", "ok"]\n\n'),
            "label_maps.grouped.classes: 'ok' is in quiet and in loud",
            id="twice",
        ),
        pytest.param(('["flows.csv"]', "7"), "files.training: found 7, but a list of texts is expected", id="no list"),
        pytest.param(
            ('separator = ";"', 'separator = ""'), "the separator '' is not one ASCII character", id="separator"
        ),
        pytest.param(('separator = ";"', 'separator = "§"'), "the separator '§' is not one ASCII character", id="§"),
        pytest.param(('ignored = ["id"]', 'ignored = ["bytes"]'), "'bytes' is described and ignored", id="ignored"),
        pytest.param(
            ("hold_out = 0.25", 'hold_out = 0.25\nhold_out_by = "host"'),
            "hold_out_by: Input should be 'rows', 'group' or 'time'",
            id="hold out by",
        ),
        pytest.param(
            ("hold_out = 0.25", "time_format = 7"), "time_format: found 7, but a list of texts is expected", id="format"
        ),
        pytest.param(
            ('kind = ["class"', 'sort = ["class"'),
            "aliases.sort: there is no column or label of this name to give other names to.",
            id="alias of nothing",
        ),
        pytest.param(("hold_out = 0.25", "hold_out = 25"), "hold_out is 25.0, but must be a share", id="share"),
        pytest.param(
            ('training = ["flows.csv"]', 'training = ["a.csv"]\nheld-out = ["b.csv"]'),
            "has both hold_out and held-out files. Remove one of them.",
            id="two hold-outs",
        ),
        pytest.param(
            ("hold_out = 0.25\n\n[files]", '\n[files]\nheld-out = ["flows.csv"]'),
            "flows.csv is a training file and held out",
            id="two roles",
        ),
        pytest.param(
            ('label_column = "kind"', 'label_column = "kind"\nname = "nsl-kdd"'),
            "there is a data set nsl-kdd already. Give another name.",
            id="name",
        ),
    ],
)
def test_what_is_wrong_in_it_is_named(path: Path, changed: tuple[str, str], message: str) -> None:
    path.write_text(DESCRIPTION.replace(*changed), encoding="utf-8")
    with pytest.raises(UserError, match=message) as raised:
        datasets.get(str(path))
    assert str(raised.value).startswith(str(path))


def test_one_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none.toml: no such file. Give a description of a data set"):
        datasets.get(str(tmp_path / "none.toml"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("#" * 1_100_000, "1,100,000 bytes, where a file of at most 1,048,576", id="size"),
        pytest.param(".".join("a" * 20_000) + " = 1", "a key has more than 32 parts", id="parts of a key"),
        pytest.param("a = " + "{a=" * 20_000, "its values are nested too deep", id="depth"),
    ],
)
def test_a_description_that_is_meant_to_do_harm_is_refused(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=f"mine.toml: not valid TOML: {words}"):
        datasets.get(str(path))
