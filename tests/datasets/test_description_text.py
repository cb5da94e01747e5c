from __future__ import annotations

from typing import TYPE_CHECKING

from nids import datasets
from nids.datasets.column import Column
from nids.datasets.description_text import column_line, label_map_lines, quoted
from nids.datasets.labels import LabelMap

if TYPE_CHECKING:
    from pathlib import Path

COLUMNS = (
    Column("bytes/s", "real", "log1p", minimum=0, maximum=1e9, missing=("", "NaN")),
    Column('with "quotes"', "integer", "arcsinh", minimum=-0.5),
    Column("proto", "categorical", missing=("",)),
)
MAPS = (
    LabelMap("plain", ("ok", "bad"), "ok"),
    LabelMap("by kind", ("Good", "Evil"), "Good", {"ok": "Good", "bad": "Evil", "a\x7fb": "Evil"}),
)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    lines = ['label_column = "label"', *(line for each in MAPS for line in label_map_lines(each)), "[columns]"]
    path.write_text("\n".join([*lines, *(column_line(each.name, each) for each in COLUMNS), ""]), encoding="utf-8")
    assert (datasets.get(str(path)).columns, datasets.get(str(path)).label_maps) == (COLUMNS, MAPS)


def test_a_column_of_another_name_with_a_comment() -> None:
    assert column_line("Bytes", Column("bytes", "count"), "guessed") == '"Bytes" = { kind = "count" } # guessed'
    assert quoted("é\x7f") == '"é\\u007f"'
