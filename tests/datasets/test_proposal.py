from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from nids import datasets
from nids.config import Data
from nids.datasets.column import Column
from nids.datasets.proposal import propose
from nids.errors import UserError
from tests.own_flows import CLASSES, ROWS, table

if TYPE_CHECKING:
    from pathlib import Path

    from nids.datasets.column import Transform


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_a_file_is_described_so_that_it_can_be_read(separator: str, tmp_path: Path) -> None:
    rows = table().assign(**{"Window.1": table()["Window"]}).rename(columns={"Window.1": "Window"}, errors="ignore")
    path = tmp_path / "flows.csv"
    rows.to_csv(path, index=False, sep=separator)
    proposed = propose([path], "flows")
    description = tmp_path / "flows.toml"
    description.write_text(proposed.text, encoding="utf-8")
    spec = datasets.get(str(description))
    assert proposed.rows == ROWS
    assert spec.columns == (
        Column("Protocol", "categorical", missing=("",)),
        Column("Bytes/s", "real", minimum=0, missing=("Infinity", "NaN"), transform=_transform(rows)),
        Column("Window", "integer"),
        Column("Offset", "real", "arcsinh"),
        Column("Syn", "binary"),
        Column("Share", "real", minimum=0),
    )
    assert spec.ignored == ("Flow ID", "Timestamp", "number", "Window.1", "hint")
    assert (spec.time_column, spec.time_format, spec.group_column) == ("Timestamp", (), None)
    assert any(remark.startswith("Timestamp tells when a row was: ") for remark in proposed.remarks)
    assert spec.label_column == "Label"
    assert [(each.name, each.classes, each.benign) for each in spec.label_maps] == [
        ("as-they-are", CLASSES, "BENIGN"),
        ("binary", ("BENIGN", "Attack"), "BENIGN"),
    ]
    (leak,) = (remark for remark in proposed.remarks if remark.startswith("hint"))
    assert leak.startswith("hint alone, it gives the label away: balanced accuracy 100.0%")
    traffic = datasets.load_for(Data(dataset=str(description)), seed=0)
    assert len(traffic.label) < ROWS
    assert set(traffic.attack) == set(CLASSES)


def test_a_parquet_file_is_described_alike(tmp_path: Path) -> None:
    table().rename(columns=str.strip).to_parquet(tmp_path / "flows.parquet")
    table().rename(columns=str.strip).to_csv(tmp_path / "flows.csv", index=False)
    of_parquet, of_text = (propose([tmp_path / f"flows.{kind}"], "flows") for kind in ("parquet", "csv"))
    assert of_parquet.text == of_text.text.replace("flows.csv", "flows.parquet")
    assert of_parquet.remarks == of_text.remarks


def test_names_that_are_given_become_the_layout(tmp_path: Path) -> None:
    table().to_csv(tmp_path / "flows.csv", index=False, header=False)
    names = [each.strip() for each in table().columns]
    proposed = propose([tmp_path / "flows.csv"], "flows", names=names)
    (tmp_path / "flows.toml").write_text(proposed.text, encoding="utf-8")
    assert datasets.get(str(tmp_path / "flows.toml")).layout == tuple(names)
    traffic = datasets.load_for(Data(dataset=str(tmp_path / "flows.toml")), seed=0)
    assert set(traffic.attack) == set(CLASSES)


def test_a_few_faults_do_not_make_a_column_of_numbers_one_of_text(tmp_path: Path) -> None:
    rows = pd.DataFrame({"bytes": np.arange(300) % 7, "packets": 1, "other": "1", "label": ["normal", "bad"] * 150})
    rows = rows.astype(str)
    rows.loc[[5, 9, 250], ["bytes", "packets"]] = "n.a."
    rows.loc[range(4), "other"] = "nothing"
    rows.to_csv(tmp_path / "flows.csv", index=False)
    proposed = propose([tmp_path / "flows.csv"], "flows")
    assert '"bytes" = { kind = "count" }' in proposed.text
    assert '"other" = { kind = "categorical" }' in proposed.text
    assert proposed.remarks == (
        "bytes and 1 other column: no number in 3 rows, the first time in line 7, which has 'n.a.'. Add what stands "
        "for no value to missing, or correct the file.",
    )


def test_a_time_in_parquet_is_ignored(tmp_path: Path) -> None:
    rows = pd.DataFrame({"bytes": np.arange(60) % 7, "label": ["ok", "bad"] * 30})
    rows.assign(seen=pd.Timestamp("2024-01-01", tz="UTC")).to_parquet(tmp_path / "flows.parquet")
    text = propose([tmp_path / "flows.parquet"], "flows").text
    assert 'ignored = [\n    "seen", # a time, which identifies a record\n]' in text


@pytest.mark.parametrize(
    ("name", "times", "lines"),
    [
        pytest.param("Timestamp", ["13/7/2017 8:42", "3/7/2017 18:42"], ['time_format = "%d/%m/%Y %H:%M"'], id="day"),
        pytest.param(
            "date", ["07/13/2017 08:42:01", "07/03/2017 08:42:01"], ['time_format = "%m/%d/%Y %H:%M:%S"'], id="month"
        ),
        pytest.param(
            "ts",
            ["3/7/2017 8:42", "4/7/2017 8:42"],
            ['time_format = "%d/%m/%Y %H:%M" # guessed: %m/%d/%Y %H:%M fits all values too'],
            id="either",
        ),
        pytest.param("Stime", ["1421927414.5", "1421927416"], [], id="seconds"),
        pytest.param(
            "First seen", [f"2017-07-03 {i // 60:02}:{i % 60:02}" for i in range(400)], [], id="by its values"
        ),
        pytest.param("time", ["8:42", "9:15"], None, id="a time of day"),
        pytest.param("time", ["2017-07-03", ""], None, id="missing"),
        pytest.param("time", ["2017-07-03", "7"], None, id="dates and numbers"),
    ],
)
def test_a_column_of_times_is_named_where_all_of_them_are_read(
    name: str, times: list[str], lines: list[str] | None, tmp_path: Path
) -> None:
    number = np.arange(800)
    rows = pd.DataFrame({name: np.resize(np.array(times, dtype=object), 800), "bytes": number % 7})
    rows.assign(label=np.array(["ok", "bad"])[number % 2]).to_csv(tmp_path / "flows.csv", index=False)
    proposed = propose([tmp_path / "flows.csv"], "flows")
    found = [line for line in proposed.text.splitlines() if line.startswith("time_")]
    words = f' = "{name}" # read, though no feature; folds.scheme = "time" and hold_out_by need it'
    assert found == ([] if lines is None else [f"time_column{words}", *lines])
    either = "Check in time_format whether the day or the month comes first: both fit."
    assert any(either in remark for remark in proposed.remarks) == ("too" in "".join(found))
    (tmp_path / "flows.toml").write_text(proposed.text, encoding="utf-8")
    traffic = datasets.load_for(Data(dataset=str(tmp_path / "flows.toml")), 0)
    assert (traffic.time is None) == (lines is None)


@pytest.mark.parametrize(
    "name", ["Source IP", "src_ip", "id.orig_h", "srcip", "Src IP Addr", "host", "Hostname", "saddr"]
)
def test_a_column_of_hosts_is_named_in_a_comment(name: str, tmp_path: Path) -> None:
    rows = pd.DataFrame({"dstip": ["a", "b"] * 30, name: ["c", "d"] * 30, "bytes": np.arange(60) % 7, "label": "x"})
    rows.to_csv(tmp_path / "flows.csv", index=False)
    text = propose([tmp_path / "flows.csv"], "flows").text
    assert [line for line in text.splitlines() if "group_column" in line] == [
        f'# group_column = "{name}" # for folds.scheme = "group": a host is trained on or validated on'
    ]


def test_one_text_may_stand_for_a_list(tmp_path: Path) -> None:
    path = tmp_path / "flows.csv"
    path.write_text('"a, b",label\n1,x\n2,normal\n', encoding="utf-8")
    text = propose([path], "flows").text
    assert '"a, b" = { kind = "count" }' in text
    description = tmp_path / "flows.toml"
    description.write_text(text.replace('["flows.csv"]', '"flows.csv"').replace('["x"]', '"x"'), encoding="utf-8")
    assert datasets.get(str(description)).files[0].filename == "flows.csv"
    assert datasets.get(str(description)).label_maps[0].class_of == {"normal": "normal", "x": "x"}


def test_a_leak_is_found_in_a_file_sorted_by_class(tmp_path: Path) -> None:
    label = np.repeat([0, 1], [9000, 3000])
    hint = label + np.random.default_rng(0).random(12_000) / 2
    rows = pd.DataFrame({"hint": hint, "noise": hint % 0.1, "label": np.array(["ok", "bad"])[label]})
    rows.to_csv(tmp_path / "flows.csv", index=False)
    assert any(remark.startswith("hint alone") for remark in propose([tmp_path / "flows.csv"], "flows").remarks)


@pytest.mark.parametrize(
    ("labels", "lines"),
    [
        pytest.param(["Attack", "No Attack", "Unknown"], ['"Any attack" = ["No Attack", "Unknown"]'], id="attack"),
        pytest.param(
            ["", "DoS", "-"], ['benign = "Unlabelled" # guessed', '"Unlabelled" = [""]', '"-" = ["-"]'], id="none"
        ),
        pytest.param(["a\x7fb", "normal", "x"], ['"a\\u007fb" = ["a\\u007fb"]'], id="control character"),
    ],
)
def test_odd_labels_make_a_description_that_can_be_read(labels: list[str], lines: list[str], tmp_path: Path) -> None:
    rows = pd.DataFrame({"bytes": np.arange(60) % 7, "label": np.array(labels)[np.arange(60) % 3]})
    rows.to_csv(tmp_path / "flows.csv", index=False)
    proposed = propose([tmp_path / "flows.csv"], "flows")
    assert set(lines) <= {*proposed.text.splitlines()}
    (tmp_path / "flows.toml").write_text(proposed.text, encoding="utf-8")
    traffic = datasets.load_for(Data(dataset=str(tmp_path / "flows.toml")), 0)
    assert set(traffic.attack) == set(labels)


def test_odd_numbers_make_a_description_that_can_be_read(tmp_path: Path) -> None:
    rows = pd.DataFrame(
        {
            "rate": ["1.5", "INF", "+inf", "NAN", " ", "7"] * 20,
            "huge": ["1e39", "2", "3", "4", "5", "6"] * 20,
            "other": [str(7 * i % 120) for i in range(120)],
            "label": ["ok", "bad"] * 60,
        }
    )
    rows.drop(columns="huge").to_csv(tmp_path / "flows.csv", index=False)
    (tmp_path / "flows.toml").write_text(propose([tmp_path / "flows.csv"], "flows").text, encoding="utf-8")
    traffic = datasets.load_for(Data(dataset=str(tmp_path / "flows.toml")), 0)
    assert set(traffic.features["rate"].dropna()) == {1.5, 7.0}
    rows.to_csv(tmp_path / "huge.csv", index=False)
    assert '"huge"' in propose([tmp_path / "huge.csv"], "flows").text


def _transform(rows: pd.DataFrame) -> Transform | None:
    values = pd.to_numeric(rows["Bytes/s "], errors="coerce").replace(np.inf, np.nan)
    return "log1p" if values.max() > 1000 else None


def test_of_two_labels_the_one_with_more_classes_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "flows.csv.gz"
    label = np.arange(60) % 3
    rows = pd.DataFrame(
        {
            "bytes": np.arange(60) % 7,
            "label": np.minimum(label, 1),
            "attack_cat": np.array(["Normal", "DoS", "Fuzz"])[label],
        }
    )
    with gzip.open(path, "wt") as file:
        rows.to_csv(file, index=False)
    proposed = propose([path], "flows")
    assert 'label_column = "attack_cat" # guessed' in proposed.text
    assert '"label", # another label' in proposed.text
    assert 'label_column = "label"\n' in propose([path], "flows", "label").text
    assert '"Benign" = ["0"]\n"Attack" = ["1"]\n' in propose([path], "flows", "label").text


@pytest.mark.parametrize(
    ("text", "label", "message"),
    [
        pytest.param("", None, "line 1: does not name the columns: found ''", id="empty"),
        pytest.param("a,label\n", None, "holds no rows", id="no rows"),
        pytest.param("1,2,3,x\n1,2,3,x\n", None, "line 1: holds values, not the names", id="no header"),
        pytest.param("a,b\n1,2\n", None, "no column looks like that of the labels", id="no label"),
        pytest.param("a,a,a.1,label\n1,2,3,x\n", None, "more than one column is named a.1", id="names"),
        pytest.param("a,b\n1,2\n", "c", "has no column 'c'. Its columns: a, b.", id="another label"),
        pytest.param("a,label\n1,x\n2\n", None, "line 3: found 1 column, but line 1 has 2. Correct", id="cut line"),
        pytest.param("label,class\nx,y\n", None, "no column is left to learn from", id="labels alone"),
    ],
)
def test_what_cannot_be_described_is_refused(text: str, label: str | None, message: str, tmp_path: Path) -> None:
    path = tmp_path / "flows.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=message):
        propose([path], "flows", label)


def test_one_label_alone_is_told(tmp_path: Path) -> None:
    rows = pd.DataFrame({"bytes": np.arange(60) % 7, "packets": np.arange(60) % 5, "label": "normal"})
    rows.to_csv(tmp_path / "flows.csv", index=False)
    proposed = propose([tmp_path / "flows.csv"], "flows")
    assert proposed.remarks == ("All rows have one label, 'normal': nothing can be learned from them alone.",)
    assert "ignored = []\n" in proposed.text


@pytest.mark.parametrize(
    ("name", "highest", "kind"),
    [
        ("Destination Port", 65_535, "port"),
        ("sport", 443, "port"),
        ("id.resp_p", 9, "port"),
        ("dst_port", 65_536, "count"),
        ("report", 443, "count"),
        ("is_sport", 1, "binary"),
    ],
)
def test_ports_are_told_by_their_name_and_their_range(name: str, highest: int, kind: str, tmp_path: Path) -> None:
    numbers = np.resize([0, 1, highest], 60)
    rows = pd.DataFrame({name: numbers, "packets": np.arange(60) % 5, "label": ["normal", "bad"] * 30})
    rows.to_csv(tmp_path / "flows.csv", index=False)
    (tmp_path / "flows.toml").write_text(propose([tmp_path / "flows.csv"], "flows").text)
    (column, _) = datasets.get(str(tmp_path / "flows.toml")).columns
    assert (column.name, column.kind) == (name, kind)
    assert column.transform is None or kind == "count"
