from __future__ import annotations

from pathlib import Path

import pytest
from rich.console import Console

from nids import datasets, job_file
from nids.errors import UserError
from nids.job_rows import rows_of
from nids.search.space import space_of

JOBS = sorted((Path(__file__).parent.parent / "jobs").glob("*.toml"))


@pytest.mark.parametrize("path", [pytest.param(path, id=path.stem) for path in JOBS])
def test_a_job_file_is_valid(path: Path) -> None:
    job = job_file.read(path)
    assert job.name == path.stem
    if path.stem != "own":  # which names a description that is still to be written
        dataset = datasets.get(job.data.dataset)
        assert job.data.file is None or dataset.file(job.data.file).role == "training"
        assert dataset.labelled_by(job.data.class_map).classes == dataset.classes
    assert set(space_of(job)) >= {"learning_rate"}


def test_the_papers_job_is_the_papers_search() -> None:
    job = job_file.read(JOBS[[path.stem for path in JOBS].index("paper")])
    assert (job.search.trials, job.folds.count, job.scheduler.kind) == (15, 5, "none")
    assert set(space_of(job)) == {
        *("conv_kernel_size", "conv_dropout", "gru_dropout", "attention_dropout", "learning_rate"),
    }


def test_the_job_for_own_rows_says_what_it_lacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    job = job_file.read(Path("own"))
    with pytest.raises(UserError) as refusal:
        rows_of(job, None, Console())
    assert str(refusal.value) == (
        "DESCRIPTION.toml: no such file. Give a description of a data set, which `nids data describe FILE` writes, to "
        "a job by --set data.dataset=FILE.toml."
    )
