from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import pytest

from nids.folds import cache
from nids.results import Run, RunWriter, reopen
from nids.results.status import TrialCounts
from nids.storage import Folder
from tests.manifests import OWNER, a_manifest

if TYPE_CHECKING:
    from pathlib import Path

CONSEQUENCE = "trials before and after it may differ for that reason alone."


@pytest.mark.parametrize(
    ("versions", "begun"),
    [
        ({"tensorflow": version("tensorflow")}, None),
        ({"keras": version("keras")}, None),  # the framework was installed under another name
        ({"jax": version("jax")}, "on jax, and is now computed with tensorflow (KERAS_BACKEND)"),
        ({"keras": "1.0", "numpy": "1.0"}, "with other versions of keras, numpy"),
    ],
)
def test_folds_of_run_warns_of_other_software(
    versions: dict[str, str], begun: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_folds(*_: Any) -> tuple[None, list[None]]:
        return None, []

    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.setattr(cache, "folds_of", no_folds)
    folder = Folder.from_uri(str(tmp_path / "runs/a"))
    RunWriter(folder, a_manifest(run="a", versions=versions)).write_status("finished", TrialCounts(), OWNER)
    lines: list[str] = []
    reopen.folds_of_run(Run(folder), str(tmp_path / "runs"), None, lines.append)
    assert lines == ([] if begun is None else [f"a was started {begun}: {CONSEQUENCE}"])
