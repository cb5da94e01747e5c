from __future__ import annotations

import io
import json
import logging
import re
import sys
import warnings

import pytest
from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Span, Text

from nids.progress import ProgressDisplay
from nids.tables import print_listing, print_table
from nids.terminal import TerminalConsole, escaped, escaped_log, json_text, protect, styled

# What a terminal would do: set its title, the clipboard, a link and a colour; the same in characters of C1; go back to
# the line's beginning, ring, turn letters round; end a line, hide, tag; half a character. Then what rich would do.
HOSTILE = {
    "title": "\x1b]0;t\x07",
    "clipboard": "\x1b]52;c;eA==\x1b\\",
    "link": "\x1b]8;;http://h\x1b\\x\x1b]8;;\x1b\\",
    "colour": "\x1b[31mx",
    "C1": "\x9d0;t\x9c\x9b31m\x85",
    "return": "a\rb",
    "bell": "a\x07\x08\x7f\x00b",
    "direction": "a\u202eb\u2066c\u200f",
    "width": "a\u200b\ufeff\u2028\U000e0041b",
    "half": "\ud800",
    "markup": "[red]x[/] [/x] [link=http://h]y[/link] :smile: \\[a] \\",
}


@pytest.mark.parametrize("number", range(5))
@pytest.mark.parametrize("text", ["", "a", "[b]", "[/]", "\ue000\ue001"])
def test_styled_changes_no_text(number: int, text: str) -> None:
    first, second = text + "\\" * number, "\\" * number + text
    words = styled("{a}[bold]{b}{a}[/]{b}[red]{a}[/] c", a=first, b=second)
    assert words.plain == first + second + first + second + first + " c"
    bold, red = len(first), 2 * len(first + second)
    assert {span for span in words.spans if span.end > span.start} == {
        Span(start, start + length, style)
        for start, length, style in ((bold, len(first + second), "bold"), (red, len(first), "red"))
        if length
    }


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in HOSTILE.items()])
def test_a_console_shows_letter_by_letter_whatever_it_is_given(text: str) -> None:
    file = io.StringIO()
    console = TerminalConsole(file=file, force_terminal=True, color_system=None, width=400)
    console.print(f"{text} 1")
    console.print(Text(f"{text} 2"), Panel(f"{text} 3"), style="bold")
    console.print(styled("[bold]{text}[/] 4", text=text), soft_wrap=True)
    print_table(console, text, (text, "b"), [(text, "5")])
    print_listing(console, (text, "b"), [(text, "6")])
    console.width = 12
    print_table(console, text, (text, "b"), [(text, "7" * 20)])
    with ProgressDisplay(console, 2) as display:
        display.update(1, text)
        display.print(text)
    table = Table(title=text)
    table.add_column(text)
    table.add_row(text)
    console.print(table)
    written = file.getvalue()
    written.encode()
    # What rich writes itself: the movements of a bar.
    unsaid = re.sub("\x1b\\[([0-9]*[A-Z]|\\?25[lh])|\r", "", written)
    assert escaped(unsaid) == unsaid


def test_shown_escapes_what_a_terminal_obeys_and_nothing_else() -> None:
    assert escaped("".join(HOSTILE.values()) + "\tü \N{GRINNING FACE} 日本\n") == (
        r"\x1b]0;t\x07\x1b]52;c;eA==\x1b\\x1b]8;;http://h\x1b\x\x1b]8;;\x1b\\x1b[31mx\x9d0;t\x9c\x9b31m\x85a\x0db"
        r"a\x07\x08\x7f\x00ba\u202eb\u2066c\u200fa\u200b\ufeff\u2028\U000e0041b\ud800"
        "[red]x[/] [/x] [link=http://h]y[/link] :smile: \\[a] \\\tü \N{GRINNING FACE} 日本\n"
    )


def test_escaped_log_has_no_colours_and_a_line_for_each_state_of_a_bar() -> None:
    assert escaped_log("\x1b[36m(pid=1)\x1b[0m 1 %\r2 %\r\n\x1b]0;t\x07") == "(pid=1) 1 %\n2 %\n\\x1b]0;t\\x07"


def test_json_text_says_the_same_without_them() -> None:
    values = {f"key {text}": [text] for text in HOSTILE.values()}
    written = json_text(json.dumps(values, ensure_ascii=False, indent=2))
    assert escaped(written) == written
    assert json.loads(written) == values


def test_styled_has_the_templates_style_alone() -> None:
    text = styled("[bold]{name}[/]: {what}", name="[red]a\\", what="[/x] {b}")
    assert text.plain == "[red]a\\: [/x] {b}"
    assert [(span.start, span.end, span.style) for span in text.spans] == [(0, 7, "bold")]
    plain = Console(file=io.StringIO())
    plain.print(text)
    assert plain.file.getvalue() == "[red]a\\: [/x] {b}\n"  # type: ignore[attr-defined]


def test_protect_shows_what_libraries_print(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for module, name in ((warnings, "formatwarning"), (sys, "excepthook")):
        monkeypatch.setattr(module, name, getattr(module, name))
    factory = logging.getLogRecordFactory()
    text = "a\x1b]0;t\x07"
    log, handler = logging.getLogger("of a library"), logging.StreamHandler()
    log.addHandler(handler)
    try:
        protect()
        log.warning("%s", text)
        try:
            raise ValueError(text)
        except ValueError as error:
            log.exception("failed")
            sys.excepthook(ValueError, error, error.__traceback__)
        sys.stderr.write(warnings.formatwarning(text, UserWarning, text, 1, text))
    finally:
        logging.setLogRecordFactory(factory)
        log.removeHandler(handler)
    written = capsys.readouterr().err
    assert escaped(written) == written
    assert written.count(r"a\x1b]0;t\x07") == 6
