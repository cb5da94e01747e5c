"""What a submitted job takes along: this project's code and the job file, no data and no results."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import nids
from nids import shipped_jobs

if TYPE_CHECKING:
    from collections.abc import Iterator

JOB = "job.toml"
KINDS = {".py", ".toml", ".html"}


@contextmanager
def packed(job: Path | None) -> Iterator[Path]:
    """Give a folder with the package as it is here, so that the cluster runs this very code, and the job file.

    Args:
        job: The job file, for a new search.
    """
    source = Path(nids.__file__).parent
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "project"
        shutil.copytree(source, folder / "nids", ignore=_all_but_code)
        if job is not None:
            shutil.copyfile(shipped_jobs.resolve(job), folder / JOB)
        yield folder


def _all_but_code(folder: str, names: list[str]) -> list[str]:
    paths = [Path(folder) / name for name in names]
    return [path.name for path in paths if path.name == "__pycache__" or (path.is_file() and path.suffix not in KINDS)]
