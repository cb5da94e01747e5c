"""A search from a job to its run in one call, with a cluster for as long as it takes."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import joblib

from nids import job_file, results
from nids.cluster import connection, machine
from nids.config import Job
from nids.datasets.holdout_split import held_out_in_words
from nids.errors import UserError
from nids.job_rows import rows_of
from nids.memory import usable_memory
from nids.metrics.formatting import counted
from nids.results.checkpoints import kept_checkpoints
from nids.results.driven import refuse_if_driven
from nids.results.gaps import gaps_at_rest
from nids.search.interruption import ending_gracefully
from nids.terminal import TerminalConsole, styled
from nids.threads import thread_pool

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.console import Console

    from nids.datasets.traffic import Traffic
    from nids.results import Run
    from nids.search.prepare import PreparedSearch


def search(
    job: Job | Path | str,
    *,
    storage: str = "runs",
    name: str | None = None,
    overrides: Sequence[str] = (),
    data: Path | None = None,
    address: str | None = None,
    console: Console | None = None,
) -> Run:
    """Run a search in this process and return its run, finished or interrupted.

    >>> import nids
    >>> run = nids.search("jobs/quick.toml", name="small", overrides=[
    ...     'data.dataset="nsl-kdd-sample"', "data.rows=600", "folds.count=2", "folds.targets={R2L=30}",
    ...     "training.epochs=2", "search.trials=1", "hyperparameters.units=8"])
    >>> run.state, len(run.trials())
    ('finished', 1)

    A data set that is not on this machine is downloaded; if it cannot be, the job's fallback is searched instead. A Ray
    cluster that this process is connected to is used; otherwise one is connected to, or started on this machine, until
    the search ends. Ctrl-C ends the search; ``nids resume`` continues it.

    Args:
        job: The job, or the path of its TOML file.
        storage: Where the run is kept: a folder's path, or a URI such as ``s3://bucket/runs``.
        name: Name of the run; by default, the job's name and the time.
        overrides: ``SECTION.KEY=VALUE``, as ``--set`` takes them; only for a job file.
        data: The data file, or a folder or zip archive that holds it; by default, ``NIDS_DATA_DIR`` and the user's
            cache are searched.
        address: A running Ray cluster; by default, ``RAY_ADDRESS``, else this machine.
        console: Where progress is shown; by default, on standard error.

    Raises:
        nids.errors.UserError: The job, its rows, the storage or the cluster cannot be used; the message says why.
        KeyboardInterrupt: Ctrl-C or SIGTERM came before the first trial, or a second time.
    """
    if not isinstance(job, Job):
        job = job_file.read(Path(job), overrides)
    elif overrides:
        raise TypeError("overrides are for job files: give a job that already holds these values")
    name = default_name(job) if name is None else name
    console = console or TerminalConsole(stderr=True)
    # Not with this module: Ray reads settings when it is imported, which `nids submit` has yet to make.
    import ray

    # What cannot be is said before anything is read.
    results.new_run(storage, name)
    for earlier in job.search.learn_from:
        results.find_run(storage, earlier)
    if not ray.is_initialized():
        connection.refuse_if_unreachable(connection.address_of(address))
    job, traffic = rows_of(job, data, console)
    console.print(
        styled(
            "[bold]{name}[/]: {what}",
            name=name,
            what=f"{job.search.extent} on {traffic.source}, "
            f"{counted(len(traffic.label), 'row')}{_held_out(traffic)}, {counted(job.folds.used, 'fold')}",
        ),
        highlight=False,
    )

    def prepared() -> PreparedSearch:
        from nids.search.prepare import prepare

        return prepare(job, traffic, storage, name, console.print)

    return _run(prepared, job.resources.cpus_per_trial, address, console)


def _held_out(traffic: Traffic) -> str:
    """Return what is said of rows that are kept from the search where the data set has no file of them."""
    dataset = traffic.dataset
    return "" if dataset.hold_out is None else f" ({held_out_in_words(dataset, 'all rows')} are held out)"


def resume(
    run: Run,
    *,
    storage: str = "runs",
    overrides: Sequence[str] = (),
    most_trials: int | None = None,
    hours: float | None = None,
    patience: int | None = None,
    data: Path | None = None,
    address: str | None = None,
    take_over: bool = False,
    console: Console | None = None,
) -> Run:
    """Run what is left of a search, or more of it, and return its run, finished or interrupted again.

    Args:
        run: The run.
        storage: Where it is.
        overrides: Of the job's resources, as ``nids.job_file.with_resources`` takes them.
        most_trials: Trials that it is to have in all, as if the job had asked for them; None: as it asks.
        hours: The same of the hours that it may take.
        patience: The same of the trials without a better one that end it.
        data: As for ``search``; the rows are only read if the storage no longer has the run's folds.
        address: As for ``search``.
        take_over: Whether a driver that the run may still have is to lose it: that driver then ends at its next write.
        console: As for ``search``.

    Raises:
        nids.errors.UserError: The run still has a driver, a part of its tables cannot be read, or its rows are not what
            they were.
        KeyboardInterrupt: As for ``search``.
    """
    console = console or TerminalConsole(stderr=True)
    job = job_file.extended(run.manifest.job, most_trials, hours, patience)
    resources = job_file.with_resources(job, overrides).resources
    instead_of = None if take_over else refuse_if_driven(run, console.print)
    trials = run.trials()
    if job.search.trials < len(trials):
        raise UserError(f"--trials {job.search.trials}: {run.name} has begun {len(trials):,} trials already.")
    gaps = gaps_at_rest(run, trials).readable()
    if run.state == "finished" and not gaps.trials and (reason := _spent(run, job)):
        raise UserError(f"{run.name} would have nothing to run: {reason}.")
    if lost := gaps.lost_in_words(run.uri):
        console.print(styled("[yellow]{lost}[/]", lost=lost), highlight=False)
    ended = int((trials["state"].ne("RUNNING") & ~trials["trial"].isin(gaps.trials)).sum())
    total = job.search.most_trials
    begun = kept_checkpoints(run.folder) & {*trials.loc[trials["state"].eq("RUNNING"), "trial"]}
    going_on = f", {len(begun)} of them from where they were interrupted" if begun else ""
    console.print(
        styled(
            "[bold]{name}[/]: {what}",
            name=run.name,
            what=f"{ended}{f' of {total}' if total else ''} trials have ended; "
            f"{'the rest is run' if total else 'more are run'}{going_on}",
        ),
        highlight=False,
    )

    def prepared() -> PreparedSearch:
        from nids.search.prepare import prepare_again

        return prepare_again(run, storage, data, console.print, overrides, instead_of, gaps.trials, job)

    return _run(prepared, resources.cpus_per_trial, address, console)


def _spent(run: Run, job: Job) -> str:
    """Return why no trial would begin if a finished search went on by a job; nothing if one would."""
    from nids.search.budget import Budget
    from nids.search.study import ended_trials

    ended = ended_trials(run, job.search)
    if len(ended) >= job.search.trials:
        return f"all of its {counted(job.search.trials, 'trial')} have ended. Ask for more with --trials"
    budget = Budget(job.search, ended.values(), run.status.trials.seconds or 0.0)
    return f"{budget.reason}. Ask for more with --{budget.key}" if budget.is_spent() else ""


def default_name(job: Job) -> str:
    """Return the name of a run that was given none: the job's and the time."""
    return f"{job.name}-{datetime.now():%Y%m%d-%H%M%S}"


def _run(prepare: Callable[[], PreparedSearch], cpus_per_trial: int, address: str | None, console: Console) -> Run:
    """Prepare a search while its cluster starts, run it to its end or interruption, and return the run.

    The first Ctrl-C or SIGTERM ends a search gracefully once its trials run; before that, and on a second one, it
    raises a ``KeyboardInterrupt``.
    """
    import ray

    connected_before = ray.is_initialized()
    try:
        with ending_gracefully(console):
            # Both take seconds, and a cluster's start is mostly waiting.
            with thread_pool(1) as pool:
                preparing = pool.submit(prepare)
                if not connected_before:
                    connection.connect(address, cpus_per_trial)
                    if not connection.address_of(address):
                        _say_what_memory_allows(cpus_per_trial, console)
                prepared = preparing.result()
            from nids.search import driver

            return driver.run(prepared, console)
    finally:
        if not connected_before:
            connection.disconnect()


def _say_what_memory_allows(cpus_per_trial: int, console: Console) -> None:
    allowed = machine.slots(cpus_per_trial)
    if allowed < joblib.cpu_count() // cpus_per_trial:
        memory = usable_memory() / 2**30
        console.print(f"This process may use {memory:.1f} GiB of memory: at most {counted(allowed, 'trial')} at once")
