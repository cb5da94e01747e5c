from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from nids.cluster.packing import JOB, packed
from nids.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path


def test_packed_takes_the_code_with_the_data_sets_and_the_job(tmp_path: Path) -> None:
    job = tmp_path / "mine.toml"
    job.write_text("[data]\n")
    with packed(job) as folder:
        assert (folder / JOB).read_text() == "[data]\n"
        assert (folder / "nids/datasets/catalog/nsl_kdd/dataset.py").is_file()
        assert (folder / "nids/report/page.html").is_file()
        assert list((folder / "nids/datasets/held_out").glob("*.npy"))  # what keeps held-out rows away goes along
        assert list(folder.rglob("__pycache__")) == []
    assert not folder.exists()
    with packed(None) as folder:
        assert not (folder / JOB).exists()


def test_the_description_of_a_data_set_goes_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    job = tmp_path / "mine.toml"
    job.write_text("[data]\n")
    (tmp_path / "data").mkdir()
    (tmp_path / "data/flows.toml").write_text("[columns]\n")
    with packed(job, "data/flows.toml") as folder:
        assert (folder / "data/flows.toml").read_text() == "[columns]\n"
    for outside in (str(tmp_path / "data/flows.toml"), "../flows.toml"):
        with pytest.raises(UserError, match="is not below this folder"), packed(job, outside):
            pass
