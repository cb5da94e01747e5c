"""What a submitted job takes along: this project's code and the job file, no data and no results."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import nids
from nids import shipped_jobs
from nids.datasets.description import is_description
from nids.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator

JOB = "job.toml"
KINDS = {".py", ".toml", ".html", ".npy"}


@contextmanager
def packed(job: Path | None, dataset: str = "") -> Iterator[Path]:
    """Give a folder with the package as it is here, so that the cluster runs this very code, and the job's files.

    Args:
        job: The job file, for a new search.
        dataset: What it calls its data set: where that is a file that describes one, the file goes along.

    Raises:
        UserError: That file is not below the folder that the command is run in, so that its path leads nowhere else.
    """
    source = Path(nids.__file__).parent
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "project"
        shutil.copytree(source, folder / "nids", ignore=_all_but_code)
        if job is not None:
            shutil.copyfile(shipped_jobs.resolve(job), folder / JOB)
        if is_description(dataset):
            if Path(dataset).is_absolute() or ".." in Path(dataset).parts:
                raise UserError(
                    f"data.dataset: {dataset} is not below this folder, so a cluster would not find it. Submit the job "
                    "from a folder above it, and name it by its path from there."
                )
            if Path(dataset) == Path(JOB):
                raise UserError(f"data.dataset: a submitted job takes {JOB} for its job file. Rename the description.")
            (folder / dataset).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(dataset, folder / dataset)
        yield folder


def _all_but_code(folder: str, names: list[str]) -> list[str]:
    paths = [Path(folder) / name for name in names]
    return [path.name for path in paths if path.name == "__pycache__" or (path.is_file() and path.suffix not in KINDS)]
