"""What is refused before a cluster is asked; what a cluster answers is in ``tests/end_to_end``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

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
