from __future__ import annotations

from typing import TYPE_CHECKING

from nids.cluster.packing import JOB, packed

if TYPE_CHECKING:
    from pathlib import Path


def test_packed_takes_the_code_with_the_data_sets_and_the_job(tmp_path: Path) -> None:
    job = tmp_path / "mine.toml"
    job.write_text("[data]\n")
    with packed(job) as folder:
        assert (folder / JOB).read_text() == "[data]\n"
        assert (folder / "nids/datasets/catalog/nsl_kdd/dataset.py").is_file()
        assert (folder / "nids/report/page.html").is_file()
        assert list(folder.rglob("__pycache__")) == []
    assert not folder.exists()
    with packed(None) as folder:
        assert not (folder / JOB).exists()
