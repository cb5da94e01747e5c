"""Searches of short trials on real rows, as many of them as a comparison over seeds needs.

A seed decides the folds too, so that searches are compared seed by seed.
"""

from __future__ import annotations

import io
import math
import statistics
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from scipy import stats

from nids import datasets, job_file
from nids.cluster import connection
from nids.errors import RunNotFoundError, UserError
from nids.evaluation.workspace import Workspace
from nids.metrics.significance import CONFIDENCE
from nids.results import open_run
from nids.results.removal import delete_run, free_to_delete
from nids.results.runs import find_run
from nids.search import driver, prepare

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import pandas as pd

    from nids.config import Job
    from nids.results import Run

JOB = Path(__file__).parent / "short_searches.toml"
# What differs from a sampler's defaults, which are for more trials than there are here.
OPTIONS: dict[str, dict[str, Any]] = {"nsga2": {"population_size": 10}, "nsga3": {"population_size": 10}}


class ShortSearches:
    """Searches in a storage, run on the connected cluster; one that has ended there is not run again.

    Args:
        storage: Where their runs are.
        progress: Called with a line after each search.
    """

    def __init__(self, storage: str, progress: Callable[[str], object]) -> None:
        self.storage = storage
        self._progress = progress

    def run(self, name: str, *overrides: str, job: Path = JOB, **search: Any) -> Run:
        """Return the run of a search.

        Args:
            name: Of the run.
            overrides: Keys of the job that differ, as ``--set`` takes them.
            job: The job's file.
            search: Keys of its section ``search`` that differ.

        Raises:
            UserError: The storage has a run of that name, but of another job.
        """
        read = job_file.read(job, overrides)
        changed = read.model_copy(update={"search": read.search.model_copy(update=search)})
        if self._has_ended(name, changed):
            return open_run(self.storage, name)
        traffic = datasets.load_for(changed.data, changed.search.seed)
        console = self.workspace().console
        run = driver.run(prepare.prepare(changed, traffic, self.storage, name, console.print), console)
        self._progress(f"{name}: {run.trials()['value'].min():.4f}")
        return run

    def of_sampler(self, sampler: str, seed: int) -> Run:
        """Return the run of a search by one of ``SAMPLERS``."""
        options = OPTIONS.get(sampler, {})
        return self.run(f"{sampler}-{seed}", sampler=sampler, sampler_options=options, seed=seed)

    def workspace(self) -> Workspace:
        """Return where the runs are, with a console that prints nothing."""
        return Workspace(self.storage, Console(file=io.StringIO()))

    def _has_ended(self, name: str, job: Job) -> bool:
        """Return whether the run of a job is whole; what is left of one that is not is deleted."""
        try:
            folder = find_run(self.storage, name)
        except RunNotFoundError:
            return False
        run = open_run(self.storage, name)
        if run.manifest.job != job:
            raise UserError(f"{run.uri} is a search of another job than the benchmark's now. Name another --storage.")
        if run.state == "finished":
            return True
        delete_run(folder, free_to_delete(folder, lambda _: None))
        return False


@contextmanager
def short_searches(storage: str | None, progress: Callable[[str], object]) -> Iterator[ShortSearches]:
    """Connect for short searches, whose runs stay in a storage if one is named."""
    with connection.connected(), tempfile.TemporaryDirectory() as temporary:
        yield ShortSearches(storage or temporary, progress)


def best_after(trials: pd.DataFrame, count: int) -> float:
    """Return the best value among the first so many trials of a search that minimizes."""
    return float(trials.sort_values("trial").head(count)["value"].min())


def mean_ratio(ratios: Sequence[float]) -> str:
    """Return the geometric mean of ratios, one for each seed, with Student's interval of their logarithms."""
    logarithms = [math.log(ratio) for ratio in ratios]
    mean = math.exp(statistics.fmean(logarithms))
    if len(ratios) == 1:
        return f"{mean:.3f}"
    low, high = (math.exp(bound) for bound in stats.ttest_1samp(logarithms, 0.0).confidence_interval(CONFIDENCE))
    return f"{mean:.3f} (95 %: {low:.3f}–{high:.3f}, {len(ratios)} seeds)"
