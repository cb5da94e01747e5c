from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from nids.datasets.column import Column
from nids.datasets.io.batches import text_batches
from nids.datasets.io.load import load
from nids.datasets.io.stream import stream
from nids.datasets.labels import LabelMap
from nids.datasets.schema import DatasetSpec
from nids.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

START = "#separator \\x7c\n#set_separator|,\n#empty_field|(empty)\n#unset_field|-\n#path|conn\n"
HEADER = f"{START}#fields|bytes|id.service|local|tags|label\n#types|count|string|bool|set[string]|string\n"
ROWS = '7|"http|T|(empty)|ok\n-|-|F|a,b|bad\n'
CONN = DatasetSpec(
    name="conn",
    columns=(
        Column("id.resp_p", "count"),
        Column("proto", "categorical"),
        Column("duration", "real", missing=("-", "")),
        Column("orig_bytes", "count", missing=("-", "")),
        Column("local_orig", "binary"),
        Column("history", "categorical"),
    ),
    label_column="conn_state",
    label_maps=(LabelMap("states", ("SF", "S0"), "SF"),),
)


def test_rows_are_read_alike_one_by_one_and_all_at_once(flows: DatasetSpec, tmp_path: Path) -> None:
    path = tmp_path / "conn.log"
    path.write_text(f"{HEADER}{ROWS}#close|now\n{HEADER}{ROWS}#close|later\n", encoding="utf-8")
    features = load(path, flows).features
    np.testing.assert_array_equal(features["bytes"], [7, np.nan, 7, np.nan])
    assert features["id.service"].tolist() == ['"http', "-", '"http', "-"]
    assert features["local"].tolist() == [1, 0, 1, 0]
    with path.open("a", encoding="utf-8") as file:
        file.write("1|x|t|-|ok\n1|x\n")
    (chunk,) = stream(path, flows, labelled=True)
    assert chunk.table[features.columns].equals(features)
    assert chunk.numbers.tolist() == [8, 9, 18, 19]
    assert chunk.unused == ("tags",)
    assert [(reject.location, reject.fault) for reject in chunk.rejects] == [
        ("line 21, column 3 (local)", "found 't', but this column holds numbers"),
        ("line 22", "found 2 columns, but line 6 has 5"),
    ]


def test_labels_are_read_that_spaces_set_off(flows: DatasetSpec, tmp_path: Path) -> None:
    """As in the logs of IoT-23."""
    path = tmp_path / "conn.log.labeled"
    start = START.replace("\\x7c", "\\x09").replace("|", "\t")
    header = "#fields\tbytes\tlocal\tid.service\ttunnel_parents   label   detailed-label\n"
    types = "#types\tcount\tbool\tstring\tset[string]   string   string\n"
    rows = "7\tT\ta   b\t-   bad   C&C\n-\tF\t-\t(empty)   ok   -\n"
    path.write_text(f"{start}{header}{types}{rows}{header}{types}x\tT\t-\t-   ok   -\n1\tT\t-\t-\n", encoding="utf-8")
    (chunk,) = stream(path, flows, labelled=True)
    assert chunk.table["label"].tolist() == ["bad", "ok"]
    assert chunk.table["id.service"].tolist() == ["a   b", "-"]
    assert chunk.unused == ("tunnel_parents", "detailed-label")
    assert [(reject.location, reject.fault) for reject in chunk.rejects] == [
        ("line 12, column 1 (bytes)", "found 'x', but this column holds numbers"),
        ("line 13", "found 4 columns, but line 6 has 6"),
    ]
    assert text_batches(path).names == ["bytes", "local", "id.service", "tunnel_parents", "label", "detailed-label"]


def test_one_description_reads_both_forms_of_a_log(real_data: Path) -> None:
    in_columns, in_json = (load(real_data / "zeek" / name, CONN) for name in ("conn.log", "conn-json.log"))
    assert len(in_columns.label) == 80
    assert in_columns.label.tolist() == in_json.label.tolist()
    names = ["id.resp_p", "proto", "orig_bytes", "local_orig", "history"]
    assert in_columns.features[names].equals(in_json.features[names])
    np.testing.assert_allclose(in_columns.features["duration"], in_json.features["duration"], atol=1e-6)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(
            f"{HEADER}{ROWS}{HEADER.replace('tags', 'notes')}", "line 15: names other columns than line 6", id="others"
        ),
        pytest.param(f"{START}{ROWS}", "it has no lines #fields and #types", id="no names"),
        pytest.param("#separator \\t\\t\n", r"line 1: found '\\\\t\\\\t', but one character separates", id="separator"),
        pytest.param(HEADER.replace("local", "remote"), "line 6: the columns do not include local", id="columns"),
    ],
)
def test_what_is_no_whole_log_is_refused(text: str, message: str, flows: DatasetSpec, tmp_path: Path) -> None:
    path = tmp_path / "conn.log"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=message):
        load(path, replace(flows, separator=";"))
