"""Text on a terminal: what others have written is shown letter by letter, and does nothing there."""

from __future__ import annotations

import itertools
import json
import logging
import re
import sys
import traceback
import warnings
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.segment import Segment
from rich.text import Span, Text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

    from rich.console import ConsoleOptions, RenderableType

# Characters that a terminal obeys, or that hide or turn round what stands beside them: the control characters of ISO
# 6429 (C0 without tab and newline, DEL, C1), marks of writing direction, characters and line ends of no width, tags,
# and halves of surrogate pairs, which cannot be written at all.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
# A character for private use, which stands for a text while the markup around it is read; so do those after it.
_FIRST_PLACE = 0xE000
_COLOUR = re.compile("\x1b\\[[0-9;:]*m")


def escaped(text: str) -> str:
    r"""Return text in which each character that a terminal would obey is written as an escape.

    >>> escaped("KDDTrain+\x1b]0;title\x07")
    'KDDTrain+\\x1b]0;title\\x07'
    """
    return _UNSEEN.sub(lambda found: _escape(found[0]), text)


def escaped_log(text: str) -> str:
    """Return the output of a program in the same way, without its colours; a bar that is drawn anew is a line each."""
    return escaped(_COLOUR.sub("", text).replace("\r\n", "\n").replace("\r", "\n"))


def json_text(text: str) -> str:
    """Return JSON that says the same, with such characters as JSON's own escapes; they can only be within texts."""
    return _UNSEEN.sub(lambda found: json.dumps(found[0])[1:-1], text.replace("\x7f", "\\u007f"))


def _escape(character: str) -> str:
    number = ord(character)
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def styled(template: str, **texts: object) -> Text:
    """Return text with markup of rich, into which texts without any are put.

    >>> styled("[bold]{name}[/]: stopped", name="[red]").plain
    '[red]: stopped'

    Args:
        template: Markup, with names in braces.
        texts: Name → what takes its place.
    """
    # Only the template is read as markup: rich has no escape for a text that ends in backslashes.
    places = {chr(_FIRST_PLACE + i): escaped(str(text)) for i, text in enumerate(texts.values())}
    marked = Text.from_markup(template.format(**dict(zip(texts, places, strict=True))), emoji=False)
    parts = [places.get(each, each) for each in marked.plain]
    starts = [0, *itertools.accumulate(map(len, parts))]
    return Text("".join(parts), spans=[Span(starts[start], starts[end], style) for start, end, style in marked.spans])


class TerminalConsole(Console):
    """A console that shows each text as ``escaped`` does, and takes no text for markup: see ``styled``."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"markup": False, "emoji": False, **options})

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Yield the pieces of what is printed, as rich does."""
        for segment in super().render(renderable, options):
            if segment.control or segment.text.isprintable():
                yield segment
            else:
                yield Segment(escaped(segment.text), segment.style)


def protect() -> None:
    """Have warnings, log messages and tracebacks of this process shown as ``escaped`` does: libraries print those."""
    warnings.formatwarning = _format_warning
    logging.setLogRecordFactory(_EscapedRecord)
    sys.excepthook = _print_traceback


_format_plainly = warnings.formatwarning


def _format_warning(*given: Any, **named: Any) -> str:
    return escaped(_format_plainly(*given, **named))


class _EscapedRecord(logging.LogRecord):
    """An entry of a log, whose texts may be of others."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        if self.exc_info and self.exc_info[0]:
            self.exc_text = escaped(logging.Formatter().formatException(self.exc_info))

    def getMessage(self) -> str:  # noqa: N802 - its name in logging
        return escaped(super().getMessage())


def _print_traceback(kind: type[BaseException], error: BaseException, at: TracebackType | None) -> None:
    print(escaped("".join(traceback.format_exception(kind, error, at))), end="", file=sys.stderr)
