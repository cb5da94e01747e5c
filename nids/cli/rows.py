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

    datasets.refuse_unused(job.data)

    def is_here() -> bool:
        return datasets.available(job.data.dataset, file=job.data.file, folder=data)

    if not is_here():
        from nids.datasets import fetch

        try:
            fetch.fetch(datasets.get(job.data.dataset), source=None, console=console)
        except UserError as error:
            # Another file of the data set may be the one that could not be had.
            if not is_here():
                if job.data.fallback is None:
                    raise
                console.print(plain(str(error)), style="yellow", highlight=False, soft_wrap=True)
                console.print(f"[bold yellow]Searching on {job.data.fallback} instead: its rows are synthetic.[/]")
                job = job.on_fallback()
    return job, datasets.load_for(job.data, job.search.seed, data)
