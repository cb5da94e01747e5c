"""Keys of a job that another key leaves without effect: whoever sets one believes that it decides something."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nids import datasets
from nids.datasets.registry import is_generated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nids.config import Job


def unused(job: Job) -> dict[str, str]:
    """Return the keys that are not at their default and have no effect, each with the reason.

    Raises:
        UserError: There is no such data set.
    """
    return {key: reason for key, reason in _without_effect(job) if not _is_default(job, key)}


def _without_effect(job: Job) -> Iterator[tuple[str, str]]:
    names = [job.data.dataset, *([job.data.fallback] if job.data.fallback else [])]
    if not any(is_generated(datasets.get(name)) for name in names):
        yield "data.rows", f"{job.data.dataset} is read from a file, of which all rows are taken"
    if job.folds.resampling == "none":
        yield "folds.k_neighbors", 'folds.resampling is "none"'
    if job.search.sampler == "random":
        yield "search.startup_trials", 'with search.sampler = "random", all trials are at random points'
    if job.scheduler.kind == "none":
        for key in ("grace_period", "reduction_factor"):
            yield f"scheduler.{key}", 'scheduler.kind is "none"'
    if job.resources.gpus_per_trial != "auto":
        yield "resources.max_trials_per_gpu", 'it limits what resources.gpus_per_trial = "auto" measures'


def _is_default(job: Job, key: str) -> bool:
    section, name = key.split(".")
    entries = getattr(job, section)
    return bool(getattr(entries, name) == type(entries).model_fields[name].default)
