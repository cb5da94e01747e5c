"""What is refused before a cluster is asked; what a cluster answers is in ``tests/end_to_end``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Outcome

QUICK = str(Path(__file__).parents[2] / "jobs/quick.toml")
NOBODY = "http://127.0.0.1:9"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(
            ["submit", "--resume", "one", "--storage", "runs"],
            "--storage is 'runs', which is relative",
            id="a relative storage",
        ),
        pytest.param(["submit", "--resume", "one"], "--storage is missing", id="no storage"),
        pytest.param(["submit", "--storage", "/runs"], "either a job file is needed", id="nothing to run"),
        pytest.param(
            ["submit", QUICK, "--storage", "/runs", "--set", "search.trails=3"],
            "search.trails = 3: there is no such key (did you mean trials?)",
            id="a wrong job",
        ),
        pytest.param(["jobs", "list"], f"no Ray cluster accepts jobs at {NOBODY} (", id="nobody takes jobs there"),
    ],
)
def test_submit_and_jobs_refuse_what_cannot_be(
    nids: Callable[..., Outcome], arguments: list[str], message: str, tmp_path: Path
) -> None:
    refused = nids(*arguments, "--address", NOBODY, HOME=str(tmp_path))
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.startswith("Error: ")
    assert message in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(["jobs", "list"], id="list"),
        pytest.param(["jobs", "status", "a-run"], id="status"),
        pytest.param(["jobs", "logs", "a-run"], id="logs"),
        pytest.param(["jobs", "stop", "a-run"], id="stop"),
        pytest.param(["submit", "quick", "--storage", "/runs"], id="submit"),
    ],
)
def test_the_token_goes_to_another_machine_in_clear_only_if_asked_for(
    command: list[str], nids: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    def request(*_: object, **__: object) -> None:
        raise requests.ConnectionError("it was tried")

    monkeypatch.setattr("requests.request", request)
    token = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "a-token"}
    refused = nids(*command, "--address", "http://192.0.2.7:8265", **token)
    assert refused.returncode == 2
    assert refused.stderr.startswith("Error: http://192.0.2.7:8265 is another machine, and HTTP would show the token")
    tried = nids(*command, "--address", "http://192.0.2.7:8265", "--plain-http", **token)
    assert tried.returncode == 2
    assert tried.stderr.startswith("Error: no Ray cluster accepts jobs at http://192.0.2.7:8265")
