from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from nids.datasets.column import Column
from nids.datasets.io.json_lines import values_by_name
from nids.datasets.io.load import load
from nids.datasets.io.stream import stream
from nids.datasets.labels import LabelMap
from nids.datasets.schema import DatasetSpec
from nids.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

LINES = (
    '{"id": {"service": "http", "host": "a"}, " bytes ": 7, "local": true, "label": "ok"}',
    '{"label": "bad", "local": 0, "bytes": null, "tunnel": []}',
    '{"id.service": "\\u00e9", "bytes": "8", "local": 1.0, "label": "ok"}',
)


def test_rows_are_read_alike_one_by_one_and_all_at_once(flows: DatasetSpec, tmp_path: Path) -> None:
    path = tmp_path / "flows"
    path.write_text("\n".join(LINES), encoding="utf-8")
    features = load(path, flows).features
    np.testing.assert_array_equal(features["bytes"], [7.0, np.nan, 8.0])
    assert features["id.service"].tolist() == ["http", "", "é"]
    assert features["local"].tolist() == [1.0, 0.0, 1.0]
    bad = '{"bytes": 7, "local": 2.5, "label": "ok"}\n{"bytes": 1, "local'
    path.write_text("\n".join([*LINES, bad]), encoding="utf-8")
    (chunk,) = stream(path, flows, labelled=True)
    assert chunk.table[features.columns].equals(features)
    assert chunk.unused == ("id.host",)
    assert [(reject.location, reject.fault) for reject in chunk.rejects] == [
        ("line 4, column local", "found '2.5', but flags are 0 or 1"),
        ("line 5", """found '{"bytes": 1, "local', but each line must hold one JSON object"""),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param('{\n"bytes": 7\n}\n', "line 1: found '{', but each line must hold one JSON object", id="indented"),
        pytest.param('{"bytes": 7, "label": "ok"}\n', "line 1: the columns do not include local", id="columns"),
        pytest.param('{"a": ' + "[" * 100_000, "each line must hold one JSON object", id="deep"),
    ],
)
def test_what_is_no_row_is_refused(text: str, message: str, flows: DatasetSpec, tmp_path: Path) -> None:
    path = tmp_path / "flows"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=message):
        load(path, flows)


def test_values_are_texts_by_name() -> None:
    line = '{"a": {"b": 1.50, "c": {"d": null}}, "e": [1, "x"], "f": NaN, "g ": false, "h": "\\ud800!"}'
    expected = {"a.b": "1.50", "a.c.d": "", "e": '["1", "x"]', "f": "NaN", "g": "0", "h": "\N{REPLACEMENT CHARACTER}!"}
    assert values_by_name(line) == expected


def test_a_column_under_another_of_its_names_is_not_taken_for_a_missing_one(tmp_path: Path) -> None:
    """Nothing else tells that a row without the name itself has the column."""
    dataset = DatasetSpec(
        name="mine",
        columns=(Column("bytes", "count", missing=("",)), Column("service", "categorical", missing=("",))),
        label_column="kind",
        label_maps=(LabelMap("two", ("ok", "bad"), "ok", {"": "ok", "ok": "ok", "bad": "bad"}),),
        aliases={"bytes": ("sent",), "kind": ("label",)},
    )
    path = tmp_path / "flows.json"
    path.write_text('{"sent": 7, "label": "bad"}\n{"sent": 8, "label": ""}\n')
    traffic = load(path, dataset)
    assert traffic.features["bytes"].tolist() == [7.0, 8.0]
    assert traffic.features["service"].tolist() == ["", ""]
    assert traffic.label.tolist() == [1, 0]
    path.write_text('{"sent": 7}\n')  # an empty label is one, but none is not
    with pytest.raises(UserError, match=r"flows\.json, line 1: the columns do not include kind, but all 2 features"):
        load(path, dataset)
