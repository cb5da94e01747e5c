from __future__ import annotations

import json
import shlex
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nids.cli.output import print_json, results_console
from nids.tables import UNLIMITED

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from tests.conftest import Outcome


def test_in_a_pipe_the_console_is_wider_than_any_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    assert results_console().width == UNLIMITED
    monkeypatch.setenv("COLUMNS", "72")
    assert results_console().width == 72


def test_print_json_has_null_for_what_is_no_number(capsys: pytest.CaptureFixture[str]) -> None:
    content = {
        "a": float("nan"),
        "b": [np.float64(0.5), np.int64(3), (True, None)],
        "c": {1: Path("x/y")},
        "d": datetime(2026, 1, 2, tzinfo=UTC),
        "e": "±",
    }
    print_json(content)
    printed = capsys.readouterr().out
    assert json.loads(printed) == {
        "a": None,
        "b": [0.5, 3, [True, None]],
        "c": {"1": "x/y"},
        "d": "2026-01-02T00:00:00Z",
        "e": "±",
    }
    assert "±" in printed


def test_version_names_all_that_results_depend_on(nids: Callable[..., Outcome]) -> None:
    result = nids("--version")
    names = [line.split()[0] for line in result.stdout.splitlines()]
    assert result.returncode == 0
    assert [names[0], names[1]] == ["nids", "Python"]
    assert {"ray", "optuna", "tensorflow", "keras"} < {*names}


def test_short_help_and_completion(nids: Callable[..., Outcome]) -> None:
    for arguments in (["-h"], ["jobs", "list", "-h"]):
        assert nids(*arguments).returncode == 0
    assert "--install-completion" in nids("-h").stdout


def test_a_reader_that_goes_does_not_end_the_work() -> None:
    code = (
        "import sys; from nids.cli.output import results_console; console = results_console()\n"
        "for i in range(20_000): console.print('x' * 60)\n"
        "print('worked to the end', file=sys.stderr)"
    )
    command = f"set -o pipefail; {shlex.quote(sys.executable)} -c {shlex.quote(code)} | head -n 1"
    done = subprocess.run(["bash", "-c", command], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "x" * 60 + "\n", "worked to the end\n")
