from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from nids.cluster.job_client import ENVIRONMENT, JobClient

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("framework", "passed"),
    [(None, {}), ("tensorflow", {}), ("jax", {"KERAS_BACKEND": "jax"})],
)
def test_submit_passes_the_framework_on(
    framework: str | None, passed: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    if framework:
        monkeypatch.setenv("KERAS_BACKEND", framework)
    submitted: list[dict[str, Any]] = []
    client = JobClient.__new__(JobClient)  # without a cluster to connect to
    client._client = SimpleNamespace(submit_job=lambda **options: submitted.append(options))
    client.submit(["nids", "search", "quick"], tmp_path, {"run": "a"})
    assert submitted == [
        {
            "entrypoint": "nids search quick",
            "runtime_env": {"working_dir": str(tmp_path), "env_vars": {**ENVIRONMENT, **passed}},
            "metadata": {"run": "a"},
        }
    ]
