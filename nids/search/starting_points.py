"""Points of the space that a search begins with, before its sampler suggests any."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from nids import models
from nids.errors import UserError, did_you_mean, excerpt
from nids.results import open_run
from nids.search.space import space_of
from nids.search_space import holds, params_of

if TYPE_CHECKING:
    from rich.console import Console

    from nids.config import Job
    from nids.search_space import Space


def starting_points(job: Job, space: Space) -> list[dict[str, Any]]:
    """Return the points that a job begins with: the model's own, unless it is not wanted, and those of the job file.

    A hyperparameter that a point lacks is chosen by the sampler. One that decides nothing in this search is left out.

    Raises:
        UserError: A point of the job has a hyperparameter that is not searched, or a value outside the space.
    """
    points = [models.get(job.model.name).starting_point(space)] if job.search.start_from_paper else []
    for number, given in enumerate(job.search.starting_points, start=1):
        point = {name: value for name, value in given.items() if name not in job.idle}
        where = f"search.starting_points, number {number}"
        for name, value in point.items():
            if name not in space:
                raise UserError(
                    f"{where}: {excerpt(name)} is not searched{did_you_mean(name, space)}. Known: {', '.join(space)}."
                )
            if not holds(space[name], value):
                raise UserError(f"{where}: {name} is {excerpt(value)}, which the search cannot suggest: {space[name]}.")
        points.append(point)
    return points


def with_point_of_trial(job: Job, text: str, storage: str, console: Console) -> Job:
    """Return a job that also begins with the point of another run's trial, as far as it lies in the job's space.

    Args:
        job: The job.
        text: ``RUN:TRIAL``.
        storage: Where the run is.
        console: Where it is said which hyperparameters the sampler chooses, as the trial's values cannot be suggested.

    Raises:
        UserError: There is no such trial, or nothing of its point lies in the space.
    """
    space = space_of(job)
    named = re.fullmatch(r"(.+):(\d{1,7})", text)
    if not named:
        raise UserError(f"--start-from {excerpt(text)}: expected RUN:TRIAL, such as first:3.")
    run, number = open_run(storage, named[1]), int(named[2])
    rows = run.arrow("trials", number).to_pylist()
    if not rows:
        raise UserError(f"--start-from {text}: {run.name} has no trial {number}.")
    manifest = run.manifest
    values = {**manifest.job.hyperparameters, **params_of(rows[0], manifest.space)}
    point = {name: values[name] for name, each in space.items() if name in values and holds(each, values[name])}
    if not point:
        raise UserError(f"--start-from {text}: no hyperparameter of this trial has a value in the space of the search.")
    if others := [name for name in space if name not in point]:
        console.print(f"{text}: the sampler chooses {', '.join(others)}", highlight=False, markup=False)
    points = [*job.search.starting_points, point]
    return job.model_copy(update={"search": job.search.model_copy(update={"starting_points": points})})
