from __future__ import annotations

from pathlib import Path

import pytest

from nids import datasets, job_file
from nids.search.space import space_of

JOBS = sorted((Path(__file__).parent.parent / "jobs").glob("*.toml"))


@pytest.mark.parametrize("path", [pytest.param(path, id=path.stem) for path in JOBS])
def test_a_job_file_is_valid(path: Path) -> None:
    job = job_file.read(path)
    dataset = datasets.get(job.data.dataset)
    assert job.name == path.stem
    assert job.data.file is None or dataset.file(job.data.file).role == "training"
    assert dataset.labelled_by(job.data.class_map).classes == dataset.classes
    assert set(space_of(job)) >= {"learning_rate"}


def test_the_papers_job_is_the_papers_search() -> None:
    job = job_file.read(JOBS[[path.stem for path in JOBS].index("paper")])
    assert (job.search.trials, job.folds.count, job.scheduler.kind) == (15, 5, "none")
    assert set(space_of(job)) == {
        *("conv_kernel_size", "conv_dropout", "gru_dropout", "attention_dropout", "learning_rate"),
    }
