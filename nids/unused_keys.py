"""Keys of a job that another key leaves without effect: whoever sets one believes that it decides something."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nids import datasets, models
from nids.config.job import NO_RESAMPLING
from nids.config.samplers import random_points
from nids.datasets.description import is_description
from nids.datasets.registry import is_generated
from nids.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from nids.config import Job

# The keys that decide something, by the kind of the scheduler.
_OF_SCHEDULER = {
    "asha": {"grace_period", "reduction_factor"},
    "hyperband": {"grace_period", "reduction_factor", "brackets"},
    "median": {"grace_period", "min_samples"},
    "none": set[str](),
}


def unused(job: Job) -> dict[str, str]:
    """Return the keys that are not at their default and have no effect, each with the reason.

    Raises:
        UserError: There is no such data set.
    """
    return {key: reason for key, reason in _without_effect(job) if not _is_default(job, key)}


def refuse_unused(job: Job, source: str, keys: Collection[str] | None = None) -> None:
    """Refuse keys that have no effect.

    Args:
        job: The job.
        source: Names in the message what sets them.
        keys: Those that are looked at, or the sections whose keys are; None for all.

    Raises:
        UserError: There is such a key, or no such data set.
    """
    for key, reason in unused(job).items():
        if keys is None or not {key, key.partition(".")[0]}.isdisjoint(keys):
            raise UserError(f"{source}: {key} has no effect: {reason}. Remove {key}, or change what it depends on.")


def _without_effect(job: Job) -> Iterator[tuple[str, str]]:
    names = [job.data.dataset, *([job.data.fallback] if job.data.fallback else [])]
    if not any(map(_is_generated, names)):
        yield "data.rows", f"{job.data.dataset} is read from files; data.rows_per_class limits what is taken of them"
    if _is_generated(job.data.dataset):
        yield "data.file", f"{job.data.dataset} is generated and reads no file"
        yield "data.rows_per_class", f"{job.data.dataset} is generated: data.rows tells how many rows it has"
    if job.data.small_classes == "keep":
        yield "data.smallest_class", 'data.small_classes is "keep"'
    if job.folds.resampling == "none":
        yield "folds.k_neighbors", NO_RESAMPLING
    yield from _of_search(job)
    yield from _of_hyperparameters(job)
    if job.resources.gpus_per_trial != "auto":
        yield "resources.max_trials_per_gpu", 'it limits what resources.gpus_per_trial = "auto" measures'


def _of_search(job: Job) -> Iterator[tuple[str, str]]:
    if job.search.sampler != "tpe":
        yield "search.startup_trials", f'search.sampler is "{job.search.sampler}", which begins in its own way'
    population = random_points(job.search.sampler, job.search.sampler_options)
    if job.search.trials <= population:
        yield (
            "search.sampler",
            f'the first {population} points of "{job.search.sampler}" are random (population_size of '
            f"search.sampler_options), and there are to be {job.search.trials} trials",
        )
    if job.search.patience is None:
        yield "search.min_improvement", "there is no search.patience"
    if job.search.repeats == 0:
        yield "search.repeat_best", "search.repeats is 0"
    for key in ("grace_period", "reduction_factor", "brackets", "min_samples"):
        if key not in _OF_SCHEDULER[job.scheduler.kind]:
            yield f"scheduler.{key}", f'scheduler.kind is "{job.scheduler.kind}"'


def _of_hyperparameters(job: Job) -> Iterator[tuple[str, str]]:
    for name, reason in job.idle.items():
        for section, names in (("hyperparameters", job.hyperparameters), ("space", job.space)):
            if name in names:
                yield f"{section}.{name}", reason


def _is_generated(name: str) -> bool:
    """Return whether a data set's rows are generated. A description is not read for that: it may be gone by now."""
    return not is_description(name) and is_generated(datasets.get(name))


def _is_default(job: Job, key: str) -> bool:
    section, name = key.split(".")
    entries = getattr(job, section)
    if section == "space":
        return False
    if section == "hyperparameters":
        return bool(entries[name] == models.get(job.model.name).hyperparameters.model_fields[name].default)
    return bool(getattr(entries, name) == type(entries).model_fields[name].default)
