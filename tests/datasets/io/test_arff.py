from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from nids.datasets.io.load import load
from nids.datasets.io.stream import stream
from nids.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

    from nids.datasets.schema import DatasetSpec

HEADER = r"""% Flows, as Weka writes them

@RELATION 'my flows'
@attribute 'id.service' {http, 'a b', "it's"}
@ATTRIBUTE bytes NUMERIC
@attribute	local{0,1}
@attribute 'a \'name\'' string
@attribute label {ok,bad}
@data
"""
QUOTED = "http,7,0,x,ok\n% between\n\n'a b',?,1,'c,d',bad\n"
ESCAPED = "http,7,0,x,ok\n'it\\'s', 9 ,1,\"e,\\\"f\",'bad'\n \"a b\",8,0,'\\n',ok\n"


@pytest.mark.parametrize(
    ("rows", "services", "sizes"),
    [
        pytest.param(QUOTED, ["http", "a b"], [7.0, np.nan], id="quotes"),
        pytest.param(ESCAPED, ["http", "it's", "a b"], [7.0, 9.0, 8.0], id="escapes"),
    ],
)
def test_rows_are_read_alike_one_by_one_and_all_at_once(
    rows: str, services: list[str], sizes: list[float], flows: DatasetSpec, tmp_path: Path
) -> None:
    path = tmp_path / "flows"
    path.write_text(HEADER + rows, encoding="utf-8")
    features = load(path, flows).features
    assert features["id.service"].tolist() == services
    np.testing.assert_array_equal(features["bytes"], sizes)
    path.write_text(f"{HEADER}{rows}x,-1,0,y,ok\nx,1\n", encoding="utf-8")
    (chunk,) = stream(path, flows, labelled=True)
    assert chunk.table[features.columns].equals(features)
    last = len((HEADER + rows).splitlines())
    assert chunk.unused == ("a 'name'",)
    assert [(reject.location, reject.fault) for reject in chunk.rejects] == [
        (f"line {last + 1}, column 2 (bytes)", "found '-1', but counts are whole numbers >= 0"),
        (f"line {last + 2}", "found 2 columns, but the header has 5"),
    ]


def test_a_question_mark_is_a_value_where_it_is_not_declared_as_missing(flows: DatasetSpec, tmp_path: Path) -> None:
    path = tmp_path / "flows"
    path.write_text(f"{HEADER}?,?,?,?,ok\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"flows, line 10, column 3 \(local\): found '\?', but this column holds numb"):
        load(path, flows)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(f"{HEADER}{{1 7, 4 ok}}\n", "line 10: is a sparse row, but each row must have all v", id="sparse"),
        pytest.param("@relation x\n@attribute\n", "line 2: found '@attribute', but the header of an ARFF", id="header"),
        pytest.param("@relation x\n@attribute a real\n", "line 2: the header ends without @data: the f", id="cut off"),
        pytest.param("@relation x\n@attribute a relational\n", "the attribute a is relational", id="relational"),
        pytest.param("@relation x\n@attribute a real\n@data\n", "the header: the columns do not include", id="columns"),
    ],
)
def test_what_is_no_table_is_refused(text: str, message: str, flows: DatasetSpec, tmp_path: Path) -> None:
    path = tmp_path / "flows"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=message):
        load(path, flows)
