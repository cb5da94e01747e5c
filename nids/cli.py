"""The ``nids`` command. What is slow to import stands inside the commands that need it."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from nids.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable

    from nids.config import Job
    from nids.datasets.schema import Traffic
    from nids.results import Run
    from nids.search.preparation import Prepared

app = typer.Typer(
    help="""Hyperparameter search for network intrusion detection: many CNN-BiGRU trials on a Ray cluster, judged by
    cross-validation in which nothing leaks.

    A first search: [bold]nids search jobs/quick.toml[/]. It ends in a best trial, its result for every class and a
    report page. Interrupt it whenever you like: [bold]nids resume[/] goes on where it stopped.""",
    no_args_is_help=True,
    rich_markup_mode="rich",
    add_completion=False,
    pretty_exceptions_enable=False,
)
data_app = typer.Typer(help="Get data sets and look at data files.", no_args_is_help=True, rich_markup_mode="rich")
app.add_typer(data_app, name="data")

RunArgument = Annotated[str, typer.Argument(help="Name of the run.", show_default=False)]
StorageOption = Annotated[
    str, typer.Option(help="Where runs are kept: a folder, or a URI such as s3://bucket/runs.", envvar="NIDS_STORAGE")
]
DataOption = Annotated[
    Path | None,
    typer.Option(help="The data file, or a folder or zip that holds it. Unsaid: NIDS_DATA_DIR, then the user's cache."),
]
AddressOption = Annotated[
    str | None,
    typer.Option(help="A running Ray cluster. Unsaid: RAY_ADDRESS, and without it this machine.", show_default=False),
]
AgainOption = Annotated[
    bool, typer.Option("--again", help="Replace an earlier outcome: the held-out files are looked at anew.")
]
INTERRUPTED = 130


def main() -> None:
    """Run the command; what a user can put right is said in a message, without a traceback."""
    from nids import device

    device.before_tensorflow()
    try:
        app()
    except UserError as error:
        Console(stderr=True).print(f"[bold red]Error:[/] {_plain(str(error))}", highlight=False, soft_wrap=True)
        sys.exit(2)


@app.command()
def search(
    job: Annotated[Path, typer.Argument(help="The job file, such as jobs/quick.toml.", show_default=False)],
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", help="Override a key of the job file: --set search.trials=4. Any number of times."),
    ] = None,
    data: DataOption = None,
    storage: StorageOption = "runs",
    name: Annotated[
        str | None, typer.Option(help="Name of the run. Unsaid: the job's name and the time.", show_default=False)
    ] = None,
    address: AddressOption = None,
) -> None:
    """Search: run the trials of a job file and report the best one."""
    from datetime import datetime

    from nids import config, results

    console = Console()
    described = config.read(job, set_ or ())
    if name is None:
        name = f"{described.name}-{datetime.now():%Y%m%d-%H%M%S}"
    results.new_run(storage, name)  # what cannot be is said before anything is read
    described, traffic = _rows(described, data, console)
    console.print(
        f"[bold]{name}[/]: {described.search.trials} trials on {traffic.source}, {len(traffic.label):,} rows, "
        f"{described.folds.used} folds",
        highlight=False,
    )

    def prepare() -> Prepared:
        from nids.search import preparation

        return preparation.prepare(described, traffic, storage, name, console.print)

    _run(prepare, address, storage, console)


@app.command()
def resume(
    run: RunArgument,
    data: DataOption = None,
    storage: StorageOption = "runs",
    address: AddressOption = None,
) -> None:
    """Go on with an interrupted search. Trials that have ended are not run again."""
    from nids import results

    console = Console()
    found = results.open_run(storage, run)
    if found.state == "finished":
        console.print(f"{run} is finished: nothing is left to do.")
        _show(found, console)
    else:

        def prepare() -> Prepared:
            from nids.search import preparation

            return preparation.prepare_again(found, lambda job: _load(job, data), storage, console.print)

        _run(prepare, address, storage, console)


@app.command()
def report(
    run: RunArgument,
    base_rate: Annotated[
        float,
        typer.Option(min=0, max=1, help="Share of attacks in your traffic: how many alerts would be true there."),
    ] = 0.01,
    storage: StorageOption = "runs",
) -> None:
    """Report: print a run's tables and write its page. The run may still be going on."""
    from nids import results

    _show(results.open_run(storage, run), Console(), base_rate)


@app.command()
def runs(storage: StorageOption = "runs") -> None:
    """List the runs of a storage, with their state and their best trial."""
    from nids import listing

    listing.show(storage, Console())


@app.command()
def finalize(
    run: RunArgument,
    trial: Annotated[int | None, typer.Option(help="Its trial. Unsaid: the best one.", show_default=False)] = None,
    seeds: Annotated[int, typer.Option(min=1, max=100, help="Models to train on all rows, one a seed.")] = 3,
    again: AgainOption = False,
    data: DataOption = None,
    storage: StorageOption = "runs",
    address: AddressOption = None,
) -> None:
    """Finalize: train the best trial on all rows, judge it by the held-out files, and save it as a detector."""
    from nids import results

    console = Console()
    found = results.open_run(storage, run)
    if found.folder.exists("bundle/SHA256SUMS") and not again:
        raise _looked_at(f"{run} has been finalized")
    _compute_here()
    from nids.search import finalizing

    finalizing.run(found, trial, seeds, storage, data, lambda job: _load(job, data), address, console)
    _show(results.open_run(storage, run), console)


@app.command()
def baselines(
    run: RunArgument,
    again: AgainOption = False,
    data: DataOption = None,
    storage: StorageOption = "runs",
    address: AddressOption = None,
) -> None:
    """Measure classical models on exactly a run's folds and encoding, and on the held-out files."""
    from nids import results
    from nids.search import baselines

    console = Console()
    found = results.open_run(storage, run)
    if found.evaluation("baselines") is not None and not again:
        raise _looked_at(f"{run} has its baselines")
    baselines.run(found, storage, data, lambda job: _load(job, data), address, console)
    _show(results.open_run(storage, run), console)


@app.command()
def foretell(
    runs: Annotated[
        list[str],
        typer.Argument(
            help="Searches of the same job, each under another folds.scheme: the same seed, nothing pruned.",
            show_default=False,
        ),
    ],
    seeds: Annotated[int, typer.Option(min=1, max=100, help="Models of each trial on all rows, one a seed.")] = 1,
    again: AgainOption = False,
    data: DataOption = None,
    storage: StorageOption = "runs",
    address: AddressOption = None,
) -> None:
    """Ask which folds foretell the held-out files: every trial is trained on all rows and judged by them, once; the
    figures of the folds are ranked beside the outcome.
    """
    from nids import results
    from nids.report import foretelling as report

    console = Console()
    opened = [results.open_run(storage, name) for name in runs]
    _compute_here()
    from nids.search import foretelling

    if opened[0].folder.folder(foretelling.FOLDER).names(".png") and not again:
        raise _looked_at(f"{runs[0]} has been asked what its folds foretell")
    found = foretelling.run(opened, seeds, storage, data, lambda job: _load(job, data), address, console)
    report.show(found, console)
    console.print(f"\nTables and pictures: {opened[0].path}/{foretelling.FOLDER}", highlight=False, soft_wrap=True)


@app.command()
def bench(
    parts: Annotated[
        list[str] | None,
        typer.Argument(
            help="What to measure: overhead (a trial's cost beside its steps), folds (building them, their memory), "
            "side-by-side (rows a second of several trials), efficiency (where a search's time goes), growth (10,000 "
            "trials that compute nothing), against-plain-loop. Unsaid: all, which takes an hour on two cores.",
            show_default=False,
        ),
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Repetitions of what is compared in turns.")] = 3,
) -> None:
    """Measure this machine: the search against a plain loop, and where its time and its memory go. Needs NSL-KDD."""
    from nids import bench as benchmark

    progress = Console(stderr=True)
    print(benchmark.measure(parts or (), rounds, progress.print))


@app.command()
def score(
    bundle: Annotated[
        str, typer.Argument(help="The detector: the folder that `nids finalize` wrote, or its URI.", show_default=False)
    ],
    files: Annotated[
        list[Path],
        typer.Argument(
            help="Traffic: text of comma-separated columns, with a header or without, also in gzip, or Parquet; labels "
            "are not needed. Of a folder, the files directly in it.",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            help="File for the scores: .parquet or .csv; with --ray a folder. Unsaid: scores.parquet, or scores.",
            show_default=False,
        ),
    ] = None,
    fpr: Annotated[
        float, typer.Option(help="False-positive rate of the alerts: one that the detector has a threshold for.")
    ] = 0.01,
    rejects: Annotated[
        Path | None,
        typer.Option(
            help="CSV file for rows that cannot be read; with --ray a folder. Unsaid: the first ends everything.",
            show_default=False,
        ),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the files if they exist.")] = False,
    on_ray: Annotated[
        bool,
        typer.Option("--ray", help="Score the files side by side on a Ray cluster whose nodes all see them."),
    ] = False,
    address: AddressOption = None,
) -> None:
    """Score new traffic with a saved detector: class, probabilities and alert of every row."""
    from nids import scoring

    progress = Console(stderr=True)
    if on_ray:
        _compute_here()
        from nids.search import scoring as scoring_on_ray

        result = scoring_on_ray.score(
            bundle,
            files,
            out or Path("scores"),
            address,
            progress,
            false_positive_rate=fpr,
            rejects=rejects,
            overwrite=overwrite,
        )
    else:
        _compute_here()
        from nids import bundle as bundles
        from nids.storage import Folder

        detector = bundles.load(Folder.at(bundle))
        if detector.manifest.data.get("synthetic"):
            progress.print("[bold yellow]The detector was trained on synthetic rows: it knows no real traffic.[/]")
        result = scoring.score(
            detector,
            files,
            out or Path("scores.parquet"),
            progress,
            false_positive_rate=fpr,
            rejects=rejects,
            overwrite=overwrite,
        )
    scoring.show(result, Console())


@app.command()
def leakage(
    data: DataOption = None,
    dataset: Annotated[str, typer.Option(help="Name of the data set.")] = "nsl-kdd",
    file: Annotated[str, typer.Option(help="Name of its training file; a generated data set has none.")] = "KDDTrain+",
    folds: Annotated[int, typer.Option(min=2, max=100, help="Number of cross-validation folds.")] = 5,
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Decides folds, synthetic rows and models.")] = 0,
) -> None:
    """Show what three leaks do to the figures on your own rows: SMOTE before the split, an encoder fitted on all rows,
    one model trained on through all folds. Each is measured beside the right way.
    """
    from nids import config, datasets
    from nids.report import leakage

    console = Console()
    wanted = {"dataset": dataset, "file": file, "class_map": datasets.get(dataset).default_class_map}
    job = config.make({"name": "leakage", "data": wanted, "search": {"seed": seed}}, source="nids leakage")
    _, traffic = _rows(job, data, console)
    leakage.show(leakage.measure_with_progress(traffic, folds, seed, Console(stderr=True)), traffic, console)


@data_app.command()
def fetch(
    dataset: Annotated[str, typer.Argument(help="Name of the data set.")] = "nsl-kdd",
    source: Annotated[
        Path | None, typer.Option("--from", help="A file, folder or zip to take it from instead of the network.")
    ] = None,
) -> None:
    """Fetch a data set into the user's cache, checked against its known hashes."""
    from nids import datasets
    from nids.datasets import fetching

    console = Console()
    for path in fetching.fetch(datasets.get(dataset), source=source, console=console):
        console.print(str(path), highlight=False, soft_wrap=True)


@data_app.command()
def check(
    file: Annotated[Path, typer.Argument(help="The data file: text, or text compressed by gzip.", show_default=False)],
    dataset: Annotated[str, typer.Option(help="The data set whose rules apply.")] = "nsl-kdd",
    class_map: Annotated[
        str | None, typer.Option(help="Preset that says which attack belongs to which class.", show_default=False)
    ] = None,
) -> None:
    """Check a data file: is it valid, how many rows has each class and attack, and what is odd about it."""
    from nids import datasets
    from nids.datasets import checking

    checking.show(checking.check(file, datasets.get(dataset), class_map), Console())


def _rows(job: Job, data: Path | None, console: Console) -> tuple[Job, Traffic]:
    """Return the job's rows, fetched if need be, or those of its fallback, and the job as it is then run."""
    from nids import datasets

    if not datasets.available(job.data.dataset, file=job.data.file, folder=data):
        from nids.datasets import fetching

        try:
            fetching.fetch(datasets.get(job.data.dataset), source=None, console=console)
        except UserError as error:
            # Another file of the data set may be the one that could not be had.
            if datasets.available(job.data.dataset, file=job.data.file, folder=data):
                return job, _load(job, data)
            if job.data.fallback is None:
                raise
            console.print(_plain(str(error)), style="yellow", highlight=False, soft_wrap=True)
            console.print(f"[bold yellow]Searching on {job.data.fallback} instead: its rows are synthetic.[/]")
            fallback = job.data.model_copy(update={"dataset": job.data.fallback, "fallback": None})
            job = job.model_copy(update={"data": fallback})
    return job, _load(job, data)


def _load(job: Job, data: Path | None) -> Traffic:
    from nids import datasets

    return datasets.load_training(
        job.data.dataset,
        file=job.data.file,
        class_map=job.data.class_map,
        folder=data,
        rows=job.data.rows,
        seed=job.search.seed,
    )


def _run(prepare: Callable[[], Prepared], address: str | None, storage: str, console: Console) -> None:
    """Run a search and show what it has found; say how an interrupted one is continued."""
    import ray

    from nids.search import cluster

    try:
        # Both take seconds, and a cluster's start is mostly waiting.
        beside = ThreadPoolExecutor(1)
        try:
            preparing = beside.submit(prepare)
            cluster.connect(address)
            prepared = preparing.result()
        finally:
            beside.shutdown(wait=False, cancel_futures=True)
        from nids.search import driver

        run = driver.run(prepared, console)
    finally:
        ray.shutdown()
    _show(run, console)
    if run.state != "finished":
        option = "" if storage == "runs" else f" --storage {storage}"
        console.print(f"\nInterrupted. Go on with: [bold]nids resume {run.name}{option}[/]", highlight=False)
        raise typer.Exit(INTERRUPTED)


def _compute_here() -> None:
    """Have this process compute with all that the machine has, before anything imports TensorFlow."""
    import os

    from nids import device

    device.configure(os.cpu_count() or 1, 0)


def _looked_at(what: str) -> UserError:
    return UserError(
        f"{what}, and the held-out files were looked at. Each further look makes them worth less; --again takes one."
    )


def _show(run: Run, console: Console, base_rate: float = 0.01) -> None:
    from nids import report

    report.show(run, console, base_rate)
    console.print(f"\nReport: {report.write(run, base_rate)}", highlight=False, soft_wrap=True)


def _plain(text: str) -> str:
    from rich.markup import escape

    return escape(text)


if __name__ == "__main__":
    main()
