"""How commands print: the options and the console of results, and JSON for programs."""

from __future__ import annotations

import json
import math
import os
import sys
from datetime import datetime
from pathlib import PurePath
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer

from nids.tables import UNLIMITED
from nids.terminal import TerminalConsole, json_text

if TYPE_CHECKING:
    from rich.console import Console

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for other programs.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print results and errors only, no progress.")]


class ResultsConsole(TerminalConsole):
    """Standard output, as wide as the terminal; anywhere else, nothing is wrapped.

    Whoever reads it may go before its end, as ``head`` does: the work goes on, and what is left to say is not said.
    """

    def on_broken_pipe(self) -> None:
        """Say nothing more, and do not end the program."""
        self.quiet = True
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is still to be flushed


def results_console() -> Console:
    """Return the console of results."""
    console = ResultsConsole()
    if console.is_terminal or os.environ.get("COLUMNS"):
        return console
    return ResultsConsole(width=UNLIMITED)


def print_json(content: Any) -> None:
    """Print plain values as JSON; a number that does not exist is null, a time is text of ISO 8601, a path is text."""
    print(json_text(json.dumps(_json_values(content), indent=2, allow_nan=False, ensure_ascii=False)))


def _json_values(content: Any) -> Any:
    """Return the same values without those that JSON has no words for."""
    if isinstance(content, dict):
        return {str(key): _json_values(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_json_values(value) for value in content]
    if isinstance(content, datetime):
        return content.isoformat().replace("+00:00", "Z")  # as pydantic writes it
    if isinstance(content, PurePath):
        return str(content)
    if isinstance(content, np.generic):
        content = content.item()
    return None if isinstance(content, float) and not math.isfinite(content) else content
