"""The labelled rows that commands work on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nids.cli.options import plain
from nids.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from nids.config import Job
    from nids.datasets.traffic import Traffic


def rows_of(job: Job, data: Path | None, console: Console) -> tuple[Job, Traffic]:
    """Return the job's rows, fetched if need be, or those of its fallback, and the job as it is then run."""
    from nids import datasets

    if not datasets.available(job.data.dataset, file=job.data.file, folder=data):
        from nids.datasets import fetch as fetching

        try:
            fetching.fetch(datasets.get(job.data.dataset), source=None, console=console)
        except UserError as error:
            # Another file of the data set may be the one that could not be had.
            if datasets.available(job.data.dataset, file=job.data.file, folder=data):
                return job, load(job, data)
            if job.data.fallback is None:
                raise
            console.print(plain(str(error)), style="yellow", highlight=False, soft_wrap=True)
            console.print(f"[bold yellow]Searching on {job.data.fallback} instead: its rows are synthetic.[/]")
            fallback = job.data.model_copy(update={"dataset": job.data.fallback, "fallback": None})
            job = job.model_copy(update={"data": fallback})
    return job, load(job, data)


def load(job: Job, data: Path | None) -> Traffic:
    """Return the labelled rows of a job."""
    from nids import datasets

    return datasets.load_for(job.data, job.search.seed, data)
