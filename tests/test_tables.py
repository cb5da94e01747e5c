from __future__ import annotations

import io

from rich.console import Console

from nids.tables import print_listing, print_table
from nids.terminal import TerminalConsole


def _printed(console: Console) -> list[str]:
    return [line.rstrip() for line in console.file.getvalue().splitlines()]  # type: ignore[attr-defined]


def test_a_listing_is_a_table_where_there_is_room() -> None:
    console = Console(file=io.StringIO(), width=40)
    print_listing(console, ("name", "rows"), [("[a]", "7"), ("b", "12")], numbers=("rows",))
    assert _printed(console) == [
        "name  rows",
        "[a]      7",
        "b       12",
    ]


def test_a_listing_is_blocks_where_there_is_none() -> None:
    console = Console(file=io.StringIO(), width=10)
    print_listing(console, ("name", "state", "data"), [("long-name-of-a-run", "", "a file with a long name")])
    assert _printed(console) == ["long-name-of-a-run", "  data   a file with a long name"]


def test_a_listing_has_room_for_what_is_shown_of_a_character_that_a_terminal_obeys() -> None:
    console = TerminalConsole(file=io.StringIO(), width=40)
    print_listing(console, ("name", "rows"), [("a\x1b[31mb", "7")], numbers=("rows",))
    assert _printed(console) == ["name        rows", "a\\x1b[31mb     7"]


def test_a_table_wraps_between_words_alone() -> None:
    console = Console(file=io.StringIO(), width=15)
    print_table(console, "Rows", ("file", "of a class"), [("train", "12,345")])
    assert _printed(console) == ["Rows", "", "          of a", " file    class", " ─────────────", " train  12,345", ""]


def test_a_table_does_not_wrap_numbers() -> None:
    """Nor does it cut the words of a narrow column for the sake of a wide one."""
    console = Console(file=io.StringIO(), width=30)
    print_table(console, "Rates", ("class", "recall of all", "F1"), [("Normal traffic", "92.7 %", "78 ± 2 %")])
    assert _printed(console) == [
        "Rates",
        "",
        "             recall",
        " class       of all        F1",
        " ────────────────────────────",
        " Normal      92.7 %  78 ± 2 %",
        " traffic",
        "",
    ]


def test_a_table_has_room_for_wide_characters() -> None:
    console = Console(file=io.StringIO(), width=20)
    print_table(console, "Rows", ("class", "rows"), [("日本語 日本語", "1")])
    assert _printed(console)[2:-1] == [" class         rows", " ──────────────────", " 日本語           1", " 日本語"]


def test_a_table_is_blocks_where_a_word_would_be_cut() -> None:
    console = Console(file=io.StringIO(), width=16)
    print_table(console, "Rows", ("file", "attacks", "benign"), [("train", "12,345", "67,890")])
    assert _printed(console) == ["", "Rows", "file train", "  attacks  12,345", "  benign   67,890"]
