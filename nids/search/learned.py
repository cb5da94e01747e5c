"""Trials of earlier searches that a new one learns from, before it has any of its own.

Where an earlier search had the same folds and trained in the same way, its results are what the new one would come to:
the sampler is told of them as of its own. Elsewhere, and for samplers that learn only from what they have asked for,
the order of its trials is all that is worth something: its best points become the first ones of the new search.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from optuna.trial import TrialState, create_trial
from pydantic import Field

from nids import models
from nids.config import Scalar  # noqa: TC001 - pydantic reads the annotation
from nids.errors import UserError
from nids.metrics.formatting import counted
from nids.results import open_run, ranking
from nids.results.cures import damaged
from nids.search_space import holds
from nids.typed_file import TypedFile, checked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import pandas as pd
    from optuna.trial import FrozenTrial

    from nids.config import Job
    from nids.results import Run
    from nids.search_space import Space

# What Optuna's trial of another search says of itself: ``RUN:TRIAL``.
LEARNED_FROM = "learned_from"
FILE = "learned.json"
MOST_TRIALS = 10_000
# Samplers that model all results of a study: a genetic algorithm takes those of its own generations, others take none.
LEARN_FROM_RESULTS = ("tpe",)
# Points of searches of other rows that a new one begins with.
MOST_POINTS = 5


class LearnedTrial(TypedFile):
    """A trial of an earlier search.

    Attributes:
        source: ``RUN:TRIAL``.
        state: How it ended.
        values: What it reached in each objective; None if it was pruned.
        params: Its point.
        intermediate_values: Epoch → the metric's best value until then.
        constraints: Limit → by how much it is beyond that.
    """

    source: str
    state: Literal["COMPLETE", "PRUNED"]
    values: tuple[float, ...] | None
    params: dict[str, Scalar]
    intermediate_values: dict[int, float]
    constraints: dict[str, float] = Field(default_factory=dict)

    def frozen(self, space: Space) -> FrozenTrial:
        """Return it as a trial of a study.

        Raises:
            ValueError: It is no point of the space.
        """
        return create_trial(
            state=TrialState[self.state],
            values=self.values,
            params=self.params,
            distributions=space,
            intermediate_values=self.intermediate_values,
            user_attrs={LEARNED_FROM: self.source},
            constraints=self.constraints,
        )


class Learned(TypedFile):
    """What a search has from earlier ones: the content of its file ``learned.json``.

    Attributes:
        trials: Trials whose results count as its own.
        points: Points that it begins with, the best first.
    """

    trials: tuple[LearnedTrial, ...] = ()
    points: tuple[dict[str, Scalar], ...] = ()


def learned_from(job: Job, space: Space, folds: str, storage: str, progress: Callable[[str], object]) -> Learned:
    """Return what a search has from those that its job names in ``search.learn_from``.

    Args:
        job: The new search.
        space: What it searches.
        folds: Key of its folds.
        storage: Where the earlier runs are.
        progress: Called with a line for each of them: what is taken, and what is not, and why.

    Raises:
        UserError: There is no such run, or it is of another model.
    """
    trials: list[LearnedTrial] = []
    points: list[dict[str, Any]] = []
    for name in job.search.learn_from:
        run = open_run(storage, name)
        if run.manifest.job.model.name != job.model.name:
            raise UserError(
                f"search.learn_from: {name} is a search of {run.manifest.job.model.name}, whose hyperparameters say "
                f"nothing of those of {job.model.name}. Leave it out."
            )
        trials_of_run = run.trials()
        with_results = trials_of_run[
            trials_of_run["state"].isin(["COMPLETE", "PRUNED"]) & ranking.trained(trials_of_run)
        ]
        in_space = list(_in_space(run, with_results, job, space))
        dropped = len(with_results) - len(in_space)
        outside = f"; {counted(dropped, 'trial')} of it lie outside this search's space" if dropped else ""
        unlike = _unlike(run, job, folds)
        if unlike or job.search.sampler not in LEARN_FROM_RESULTS:
            best = [params for _, params in in_space if params not in points][:MOST_POINTS]
            points += best
            reason = f"{name} has other {unlike}" if unlike else f"{job.search.sampler} learns from no other's results"
            progress(f"{reason}: the best {counted(len(best), 'point')} of {name} come first here{outside}")
        else:
            # In the order in which they ended: the sampler gives the latest the most weight.
            in_space.sort(key=lambda found: found[0]["ended"])
            latest = in_space[-(MOST_TRIALS - len(trials)) :] if len(trials) < MOST_TRIALS else []
            trials += [_trial(run, row, params, job) for row, params in latest]
            cut = f", the latest of {len(in_space):,}" if len(latest) < len(in_space) else ""
            progress(f"{counted(len(latest), 'trial')} of {name}{cut} count as this search's own{outside}")
    return Learned(trials=tuple(trials), points=tuple(points[:MOST_POINTS]))


def _in_space(
    run: Run, trials: pd.DataFrame, job: Job, space: Space
) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Yield the row of each trial that is a point of a space, the best first, and that point."""
    manifest = run.manifest
    rows: Any = ranking.ordered(trials, run.direction).to_dict("records")
    for row in rows:
        values = manifest.hyperparameters_of(row).model_dump()
        fixed = all(values.get(name) == value for name, value in job.hyperparameters.items())
        # What this search does not name has its default here.
        unnamed = (manifest.space.keys() | manifest.job.hyperparameters.keys()) - space.keys() - {*job.hyperparameters}
        others = all(_is_default(job, name, values[name]) for name in unnamed)
        if fixed and others and all(holds(each, values[name]) for name, each in space.items()):
            yield row, {name: values[name] for name in space}


def _is_default(job: Job, name: str, value: Any) -> bool:
    return bool(models.get(job.model.name).hyperparameters.model_fields[name].default == value)


def _unlike(run: Run, job: Job, folds: str) -> str:
    """Return what makes the values of an earlier search incomparable with those of a new one; nothing if they are."""
    earlier = run.manifest
    measures = {*job.search.measures, *(limit.name for limit in job.search.limits)}
    unlike = {
        "rows or folds": earlier.folds.hash != folds or earlier.job.folds.used != job.folds.used,
        "training": earlier.job.training != job.training or earlier.job.search.metric != job.search.metric,
        "measures": not measures <= earlier.measures.keys(),
    }
    return " and ".join(name for name, differs in unlike.items() if differs)


def _trial(run: Run, row: Mapping[str, Any], params: dict[str, Any], job: Job) -> LearnedTrial:
    complete, search = row["state"] == "COMPLETE", job.search
    return LearnedTrial(
        source=f"{run.name}:{row['trial']}",
        state=row["state"],
        values=tuple(row[name] for name in search.measures) if complete else None,
        params=params,
        # The value of a run with several objectives is that of the first one.
        intermediate_values={} if search.objectives else {int(row["epochs"]): row[search.metric]},
        constraints={str(limit): limit.excess(row[limit.name]) for limit in search.limits},
    )


def learned_of(run: Run) -> Learned:
    """Return what a run has learned from.

    Raises:
        DamagedFileError: The file cannot be read, or has a trial that is no point of the run's space.
    """
    if not run.has_file(FILE):
        return Learned()
    learned = checked(Learned, run.read_json(FILE), f"{run.uri}/{FILE}")
    try:
        for trial in learned.trials:
            trial.frozen(run.manifest.space)
    except ValueError as error:
        raise damaged(run.uri, FILE, f"has a trial that cannot be: {error}") from None
    return learned
