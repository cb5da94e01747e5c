"""Texts of runs inside Markdown."""

from __future__ import annotations

import re
import string

_SPECIAL = re.compile(f"([{re.escape(string.punctuation)}])")
# Where GitHub's Markdown finds an address without any markup, escaped or not: https://…, www.… and name@host.
_ADDRESS = re.compile(r"(?<=https:)(?=//)|(?<=http:)(?=//)|(?<=www)(?=\.)|(?=@)", re.IGNORECASE)


def plain(text: object) -> str:
    """Return a text so that Markdown shows it letter by letter: no markup, no link, no formula, no HTML.

    An address is interrupted by a space of no width, since no escape keeps it from becoming a link.
    """
    words = _ADDRESS.sub("\N{ZERO WIDTH SPACE}", " ".join(str(text).split()))
    return _SPECIAL.sub(r"\\\1", words)


def code(text: object) -> str:
    """Return a text as code inside Markdown, letter by letter: its fence is longer than any in it."""
    words = " ".join(str(text).split())
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", words)), default=0))
    return f"{fence} {words} {fence}" if len(fence) > 1 else f"`{words}`"


def unbroken(figures: str) -> str:
    """Return figures in which no line ends between a number, its spread and its unit."""
    # A percent sign has been escaped, if the text has been.
    for sign in ("±", "%", "\\%"):
        figures = figures.replace(f" {sign}", f"\N{NO-BREAK SPACE}{sign}")
    return figures.replace("± ", "±\N{NO-BREAK SPACE}")
