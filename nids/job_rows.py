"""The labelled rows that a job is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from nids import datasets
from nids.datasets import fetch
from nids.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from nids.config import Job
    from nids.datasets.traffic import Traffic


def rows_of(job: Job, data: Path | None, console: Console) -> tuple[Job, Traffic]:
    """Return a job and its rows, downloaded if need be; or the job on its fallback, and the rows of that.

    Args:
        job: The job.
        data: As for ``nids.datasets.load_training``.
        console: Told of a download, and of the fallback.

    Raises:
        UserError: The rows cannot be had, and there is no fallback.
    """

    def is_here() -> bool:
        return datasets.available(job.data, data)

    if not is_here():
        try:
            fetch.fetch(datasets.get(job.data.dataset), console=console)
        except UserError as error:
            # Another file of the data set may be the one that could not be had.
            if not is_here():
                if job.data.fallback is None:
                    raise
                console.print(Text(str(error), style="yellow"), soft_wrap=True)
                words = f"Searching on {job.data.fallback} instead: its rows are synthetic."
                console.print(Text(words, style="bold yellow"), soft_wrap=True)
                job = job.on_fallback()
    return job, datasets.load_for(
        job.data, job.search.seed, data, progress=lambda line: console.print(Text(line), soft_wrap=True)
    )
