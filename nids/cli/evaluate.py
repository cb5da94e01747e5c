"""The commands that evaluate: a run on the held-out files, folds against them, leaks against the right way."""

from __future__ import annotations

from shlex import quote
from typing import Annotated

import typer

from nids.cli.options import (
    AddressOption,
    AgainOption,
    DataOption,
    ResourcesOption,
    RunArgument,
    StorageOption,
    already_evaluated,
    show,
    warn_of_gaps,
)
from nids.cli.output import results_console
from nids.errors import UserError
from nids.terminal import TerminalConsole


def finalize(
    run: RunArgument,
    trial: Annotated[
        int | None, typer.Option(help="Number of the trial. Default: the best one.", show_default=False)
    ] = None,
    pick: Annotated[
        str | None,
        typer.Option(
            help='A rule to pick the trial by, such as "seconds <= 600, then max macro_f1".',
            show_default=False,
        ),
    ] = None,
    seeds: Annotated[
        int, typer.Option(min=1, max=100, help="Number of networks of a trial, each of another seed.")
    ] = 3,
    best: Annotated[
        int,
        typer.Option(min=1, max=20, help="Number of trials, the best of the search, of which the folds choose some."),
    ] = 1,
    boosting: Annotated[
        bool, typer.Option("--boosting", help="Let the folds choose boosted trees (XGBoost) as a part too.")
    ] = False,
    set_: ResourcesOption = None,
    again: AgainOption = False,
    data: DataOption = None,
    storage: StorageOption = "runs",
    address: AddressOption = None,
) -> None:
    """Train a trial on all rows, save it as a detector and evaluate it on the held-out files.

    Of several trials, and boosted trees, the detector is the weighted mean that is best on the folds.

    Example: `nids finalize first --pick "seconds <= 600, then max macro_f1"`
    """
    from nids import results
    from nids.results import ranking

    console = results_console()
    opened = results.open_run(storage, run)
    if not again and opened.final_evaluation() is not None:
        raise already_evaluated(f"{run} is already finalized")
    warn_of_gaps(opened, console)
    if best > 1 and (trial, pick) != (None, None):
        raise UserError(f"found --best {best} and a trial by --trial or --pick: both choose trials. Give one of them.")
    if pick is not None:
        if trial is not None:
            raise UserError(f"found --trial {trial} and --pick {pick!r}: both name the trial. Give one of them.")
        trial = int(ranking.pick(opened.trials(), ranking.Rule.from_text(pick))["trial"])
        console.print(f"{pick}: trial {trial}", highlight=False)
    from nids.detector.bundle_files import BUNDLE
    from nids.detector.finalize import finalize as finalize_run
    from nids.evaluation.workspace import Workspace

    workspace = Workspace(storage, console, data, address, set_ or ())
    finalize_run(opened, trial, seeds, workspace, pick or "", best=best, boosting=boosting)
    show(results.open_run(storage, run), console)
    bundle = opened.folder.folder(BUNDLE).uri
    console.print(f"\nDetector: {bundle}\nUse it: nids score {quote(bundle)} FILES", highlight=False, soft_wrap=True)


def baselines(
    run: RunArgument,
    tuned: Annotated[
        bool,
        typer.Option("--tuned", help="Tune XGBoost, LightGBM, CatBoost and a perceptron on the run's folds too."),
    ] = False,
    trials: Annotated[
        int | None,
        typer.Option(min=1, help="Trials of each tuned model. Default: as many as the run has.", show_default=False),
    ] = None,
    hours: Annotated[
        float | None,
        typer.Option(
            help="Hours of one CPU after which no further trial of a tuned model begins. Default: what the run's "
            "trials took.",
            show_default=False,
        ),
    ] = None,
    again: AgainOption = False,
    data: DataOption = None,
    storage: StorageOption = "runs",
    address: AddressOption = None,
) -> None:
    """Train and evaluate classical models on a run's folds and on the held-out files.

    Example: `nids baselines first --tuned`
    """
    from nids import results
    from nids.evaluation import baselines
    from nids.evaluation.tuning import TuningBudget
    from nids.evaluation.workspace import Workspace

    console = results_console()
    opened = results.open_run(storage, run)
    if not tuned and (trials, hours) != (None, None):
        raise UserError("found --trials or --hours without --tuned: they are for the tuned models. Give --tuned too.")
    if hours is not None and not hours > 0:
        raise UserError(f"--hours is {hours:g}, but has to be above 0.")
    if not again and opened.baselines_evaluation() is not None:
        raise already_evaluated(f"{run} already has baselines")
    warn_of_gaps(opened, console)
    budget = TuningBudget.of(opened, trials, hours) if tuned else None
    baselines.measure(opened, Workspace(storage, console, data, address), budget)
    show(results.open_run(storage, run), console)


def repeat(
    run: RunArgument,
    best: Annotated[int, typer.Option(min=1, max=100, help="Number of trials, the best of the search.")] = 5,
    times: Annotated[int, typer.Option(min=1, max=100, help="How often each of them is trained again.")] = 3,
    set_: ResourcesOption = None,
    data: DataOption = None,
    storage: StorageOption = "runs",
    address: AddressOption = None,
) -> None:
    """Train the best trials of a run again, with other seeds and on other folds, and rank them by that.

    The best of many values owes something to luck. What is there already is not trained again.

    Example: `nids repeat first --best 3`
    """
    from nids import results
    from nids.evaluation import repeats
    from nids.evaluation.workspace import Workspace

    console = results_console()
    opened = results.open_run(storage, run)
    warn_of_gaps(opened, console)
    repeats.repeat(opened, repeats.best(opened, best), times, Workspace(storage, console, data, address, set_ or ()))
    show(results.open_run(storage, run), console)


def correlate(
    runs: Annotated[
        list[str],
        typer.Argument(
            help="Runs of the same job with the same seed and without pruning, each with another folds.scheme.",
            show_default=False,
        ),
    ],
    seeds: Annotated[
        int, typer.Option(min=1, max=100, help="Number of models of each trial, each of another seed.")
    ] = 1,
    set_: ResourcesOption = None,
    again: AgainOption = False,
    data: DataOption = None,
    storage: StorageOption = "runs",
    address: AddressOption = None,
) -> None:
    """Measure which cross-validation scheme best predicts held-out results, by Spearman's rank correlation.

    Example: `nids correlate random-folds unseen-folds`
    """
    from nids import results
    from nids.evaluation import rank_correlation
    from nids.evaluation.workspace import Workspace
    from nids.report import rank_correlation as report

    console = results_console()
    opened = [results.open_run(storage, name) for name in runs]
    if opened[0].has_rank_correlation() and not again:
        raise already_evaluated(f"{runs[0]} already has rank correlations")
    for run in opened:
        warn_of_gaps(run, console)
    outcome = rank_correlation.measure(opened, seeds, Workspace(storage, console, data, address, set_ or ()))
    folder = opened[0].folder.folder(results.RANK_CORRELATION)
    report.write_pictures(outcome, folder)
    report.show(outcome, console)
    console.print(f"\nTables and pictures: {folder.uri}", highlight=False, soft_wrap=True)


def leakage(
    data: DataOption = None,
    dataset: Annotated[str, typer.Option(help="Name of the data set.")] = "nsl-kdd",
    file: Annotated[
        str | None, typer.Option(help="Name of its training file; by default, the first one.", show_default=False)
    ] = None,
    folds: Annotated[int, typer.Option(min=2, max=100, help="Number of cross-validation folds.")] = 5,
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Seed of folds, synthetic rows and models.")] = 0,
) -> None:
    """Measure what three leaks do to results on your rows: SMOTE before the split, an encoder fitted on all rows, one
    model trained through all folds. Each is compared with the correct procedure.
    """
    from nids import job_file, unused_keys
    from nids.evaluation.leakage import VARIANTS, measure
    from nids.job_rows import rows_of
    from nids.progress import ProgressDisplay
    from nids.report import leakage

    console = results_console()
    wanted = {"dataset": dataset, "file": file}
    job = job_file.make({"name": "leakage", "data": wanted, "search": {"seed": seed}}, source="nids leakage")
    unused_keys.refuse_unused(job, "nids leakage")
    _, traffic = rows_of(job, data, console)
    with ProgressDisplay(TerminalConsole(stderr=True), len(VARIANTS) * folds, "variants × folds") as display:
        measured = measure(traffic, folds, seed, display.advance)
    leakage.show(measured, traffic, console)
