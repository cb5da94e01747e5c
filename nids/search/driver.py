"""A search from its job to its last trial, and from where it was interrupted."""

from __future__ import annotations

import logging
import os
from collections import Counter
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ray import tune
from ray.exceptions import RayActorError
from ray.tune.error import TuneError

from nids import models
from nids.cluster import connection, probes
from nids.cluster.object_store import SharedFolds
from nids.cluster.placement import NodePool, node_pools, slots
from nids.cluster.signals import handler_kept
from nids.errors import UserError
from nids.interruption import held_back, waiting_for
from nids.results import Run, RunWriter, refuse_if_there
from nids.results.driver_process import owner
from nids.results.writer import JOURNAL
from nids.search.budget import Budget, is_feasible, searched_seconds
from nids.search.callback import RunStoreCallback
from nids.search.interruption import ENDS_TUNE
from nids.search.known_points import DUPLICATE_OF, KnownPoints
from nids.search.learned import FILE as LEARNED
from nids.search.learned import Learned
from nids.search.lost_processes import losses_of_one_trial
from nids.search.progress import SearchProgress
from nids.search.scheduler import scheduler_of
from nids.search.searcher import StudySearcher
from nids.search.stalls import Stalls
from nids.search.starting_points import starting_points
from nids.search.study import first_number, new_study, resumed_study
from nids.search.temporary_folder import temporary_folder
from nids.search.trainable import TrialProcess

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import optuna
    from optuna.trial import FrozenTrial
    from rich.console import Console

    from nids.config import Job
    from nids.search.prepare import PreparedSearch
    from nids.search_space import Space

# A trial that is lost with its process or its node is started again so often before it counts as failed.
RESTARTS = 3
TRIALS_OF_A_PROCESS = 25


def run(prepared: PreparedSearch, console: Console, trainable: type[TrialProcess] = TrialProcess) -> Run:
    """Run a search to its end, or to its interruption, and return the run.

    A cluster must be connected. ``nids.search.interruption`` ends it gracefully; it can be resumed.
    What a trial's process does can be replaced by another ``trainable``, which measures the scheduling alone, say.

    Raises:
        UserError: No node is large enough for a trial.
    """
    job, space, folder, earlier = prepared.job, prepared.space, prepared.folder, prepared.earlier
    manifest = prepared.manifest
    classes = manifest.data.classes
    job = probes.with_needs(job, space, manifest.folds.width, len(classes), console.print)
    pools = node_pools(job.resources)
    if waiting := sum(pool.waiting for pool in pools):
        console.print(f"{waiting} trials wait for nodes that the cluster has to start")
    shared = SharedFolds.put(prepared.training_set, prepared.folds)
    if earlier is None:
        refuse_if_there(folder)  # again, as a probe can wait for a GPU for long
    if manifest.machine is None:
        manifest = manifest.model_copy(update={"machine": connection.describe()})
    writer = RunWriter(folder, manifest, prepared.instead_of)
    learned = [trial.frozen(space) for trial in prepared.learned.trials]
    points = [*starting_points(job, space), *prepared.learned.points]
    # The study is for Optuna's own tools, and nothing here reads it again: it is kept when the search ends.
    with temporary_folder("study") as temporary:
        journal = temporary / JOURNAL
        if earlier is not None:
            # Before much is read: whoever looks meanwhile finds that the run has a driver.
            writer.write_status("running", earlier.status.trials, owner())
            writer.go_on_with(earlier, prepared.again)
            study, ended = resumed_study(earlier, job.search, journal, points, learned)
            seconds = earlier.status.trials.seconds or searched_seconds(earlier.trials())
        else:
            writer.delete_checkpoints()  # of a run of the same name that was deleted otherwise
            if prepared.learned != Learned():
                writer.keep(LEARNED, prepared.learned.to_json())
            study, ended = new_study(manifest.run, job.search, journal, points, learned), []
            seconds = 0.0
        _run(
            SearchState(job, space, classes, shared, study, journal, ended, seconds, writer, pools, trainable), console
        )
    return Run(folder)


@dataclass(frozen=True)
class SearchState:
    """A search whose parts are all in place."""

    job: Job
    space: Space
    classes: Sequence[str]
    shared: SharedFolds
    study: optuna.Study
    journal: Path  # in which the study is kept
    ended: list[FrozenTrial]  # by earlier drivers
    seconds: float  # for which these have run trials
    writer: RunWriter
    node_pools: list[NodePool]
    trainable: type[TrialProcess]

    @property
    def slots(self) -> int:
        """Trials at once."""
        return slots(self.node_pools, self.job.resources)


def _run(search: SearchState, console: Console) -> None:
    """Schedule the trials that the study does not have yet, and record what becomes of them."""
    study, total = search.study, search.job.search.trials
    ended = Counter(trial.state.name for trial in search.ended)
    first = first_number(study)
    budget = Budget(search.job.search, search.ended, search.seconds)
    with SearchProgress(console, budget, search.slots, _best(search)) as progress:
        stalls = Stalls(search.job.resources.progress_deadline, progress.print, search.job.training.minutes)
        callback = RunStoreCallback(
            search.writer,
            search.classes,
            total,
            ended,
            progress.update,
            connection.nodes,
            # Tune tells the searcher of a trial's end before its callbacks, so that this is all that there will be.
            lambda number: study.get_trials(deepcopy=False)[first + number],
            progress.print,
            lambda: search.writer.write_journal(search.journal.read_bytes()),
            stalls.reason,
            lambda: budget.seconds,
            sum(DUPLICATE_OF in trial.user_attrs for trial in search.ended),
            search.job.search.measures[0] if search.job.search.objectives else None,
        )
        searcher = StudySearcher(
            study,
            search.space,
            search.node_pools,
            budget,
            KnownPoints(search.ended),
            callback.enter_duplicate,
        )
        callback.write_status("running")
        try:
            if ended.total() < total:
                # Tune leaves its own handler behind.
                with (
                    temporary_folder("tune") as unused,
                    handler_kept(ENDS_TUNE),
                    losses_of_one_trial(),
                    waiting_for(""),  # trials, as ``ending_gracefully`` says
                    _unwrapped(),
                ):
                    _tuner(search, searcher, [callback, stalls], total - ended.total(), str(unused)).fit()
        except KeyboardInterrupt:  # before the first trial, or a second one: at once
            with suppress(UserError):
                callback.finish("interrupted", waits=False)
            raise
        except BaseException as error:
            with suppress(UserError):  # the first error is the one to be told
                callback.finish("failed", f"{type(error).__name__}: {error}")
            raise
        counts = callback.counts
        done = counts["complete"] + counts["pruned"] + counts["failed"]
        is_over = done >= total or (budget.reason and not counts["running"])
        if is_over and budget.reason:
            progress.print(f"No further trial begins: {budget.reason}.")
        with held_back("the results are written"):
            callback.finish("finished" if is_over else "interrupted", budget.reason if is_over else "")


def _best(search: SearchState) -> tuple[float, int] | None:
    """Return the best value of earlier drivers, and its trial."""
    complete = [
        (trial.values[0], trial.number)
        for trial in search.ended
        if trial.state.name == "COMPLETE" and is_feasible(trial)
    ]
    sign = 1.0 if search.job.search.direction == "min" else -1.0
    return min(complete, key=lambda found: (sign * found[0], found[1]), default=None)


@contextmanager
def _unwrapped() -> Iterator[None]:
    """Raise what a callback or the searcher raised for the user, which Tune raises as the text of its traceback."""
    try:
        yield
    except TuneError as error:
        if isinstance(error.__context__, UserError):
            raise error.__context__ from None
        raise


def _tuner(
    search: SearchState, searcher: StudySearcher, callbacks: list[tune.Callback], trials: int, unused: str
) -> tune.Tuner:
    # The run store keeps all results: Tune's own files would be written beside it a second time, and its snapshots of
    # the whole experiment grow with the number of trials. What it writes all the same is thrown away.
    os.environ.setdefault("TUNE_DISABLE_AUTO_CALLBACK_LOGGERS", "1")
    os.environ.setdefault("TUNE_GLOBAL_CHECKPOINT_S", "86400")
    os.environ.setdefault("TUNE_DISABLE_SIGINT_HANDLER", "1")  # see nids.search.interruption
    # Our progress display takes the place of Tune's tables, and its complaints about the files switched off above.
    os.environ.setdefault("RAY_AIR_NEW_OUTPUT", "0")
    logging.getLogger("ray.tune").setLevel(logging.ERROR)
    logging.getLogger("ray.tune.execution.tune_controller").addFilter(_is_no_loss)
    logging.getLogger("ray.tune.tune").addFilter(_is_no_list_of_failures)
    requests = [pool.request() for pool in search.node_pools]
    trainable = tune.with_resources(
        tune.with_parameters(
            search.trainable,
            shared=search.shared,
            job=search.job,
            pools=search.node_pools,
            checkpoints=search.writer.checkpoints,
        ),
        lambda config: requests[config["pool"]],
    )
    # Metric and mode are those of the searcher and the scheduler; given here too, Tune would set them again.
    return tune.Tuner(
        trainable,
        tune_config=tune.TuneConfig(
            search_alg=searcher,
            scheduler=scheduler_of(search.job, search.ended),
            num_samples=trials,
            max_concurrent_trials=search.slots,
            reuse_actors=_may_reuse_processes(search.job, search.space, trials / search.slots),
        ),
        run_config=tune.RunConfig(
            name="tune",
            storage_path=unused,
            callbacks=callbacks,
            failure_config=tune.FailureConfig(max_failures=RESTARTS),
            # A trial's process keeps its own checkpoints, in the run's folder, where later drivers find them too.
            checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
            verbose=0,
        ),
    )


def _is_no_loss(record: logging.LogRecord) -> bool:
    """Keep from the log that a trial has lost its process, which the callback says in a line."""
    return not (record.exc_info and isinstance(record.exc_info[1], RayActorError))


def _is_no_list_of_failures(record: logging.LogRecord) -> bool:
    """Keep from the log which trials failed, by Tune's names: each has been told with its number and its reason."""
    return not record.getMessage().startswith("Trials did not complete")


def _may_reuse_processes(job: Job, space: Space, trials_a_process: float) -> bool:
    """Return whether a process may run trial after trial.

    TensorFlow keeps some 20 MB of every network that was ever traced in a process, whatever is cleared. Where a space
    has many architectures, nearly each trial traces another one.
    """
    return models.get(job.model.name).architectural.isdisjoint(space) or trials_a_process <= TRIALS_OF_A_PROCESS
