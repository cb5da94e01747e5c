"""The commands that say what a run is worth, and put its detector to use."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from nids.cli.options import (
    AddressOption,
    AgainOption,
    DataOption,
    ResourcesOption,
    RunArgument,
    StorageOption,
    looked_at,
    show,
)
from nids.cli.rows import rows_of
from nids.errors import UserError
from nids.models import backend


def finalize(
    run: RunArgument,
    trial: Annotated[int | None, typer.Option(help="Its trial. Unsaid: the best one.", show_default=False)] = None,
    pick: Annotated[
        str | None,
        typer.Option(
            help='A rule to pick the trial by, such as "false_alarm_rate <= 0.005, then max macro_f1".',
            show_default=False,
        ),
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, max=100, help="Models to train on all rows, one a seed.")] = 3,
    set_: ResourcesOption = None,
    again: AgainOption = False,
    data: DataOption = None,
    storage: StorageOption = "runs",
    address: AddressOption = None,
) -> None:
    """Finalize: train the best trial on all rows, judge it by the held-out files, and save it as a detector."""
    from nids import results
    from nids.results import ranking

    console = Console()
    found = results.open_run(storage, run)
    if found.folder.exists("bundle/SHA256SUMS") and not again:
        raise looked_at(f"{run} has been finalized")
    if pick is not None:
        if trial is not None:
            raise UserError(f"found --trial {trial} and --pick {pick!r}: both name the trial. Give one of them.")
        trial = int(ranking.pick(found.trials(), ranking.Rule.from_text(pick))["trial"])
        console.print(f"{pick}: trial {trial}", highlight=False)
    backend.configure_alone()
    from nids.detector import finalize as finalizing

    finalizing.run(found, trial, seeds, storage, data, address, console, set_ or ())
    show(results.open_run(storage, run), console)


def baselines(
    run: RunArgument,
    again: AgainOption = False,
    data: DataOption = None,
    storage: StorageOption = "runs",
    address: AddressOption = None,
) -> None:
    """Measure classical models on exactly a run's folds and encoding, and on the held-out files."""
    from nids import results
    from nids.evaluation import baselines

    console = Console()
    found = results.open_run(storage, run)
    if found.baselines_evaluation() is not None and not again:
        raise looked_at(f"{run} has its baselines")
    baselines.run(found, storage, data, address, console)
    show(results.open_run(storage, run), console)


def correlate(
    runs: Annotated[
        list[str],
        typer.Argument(
            help="Searches of the same job, each under another folds.scheme: the same seed, nothing pruned.",
            show_default=False,
        ),
    ],
    seeds: Annotated[int, typer.Option(min=1, max=100, help="Models of each trial on all rows, one a seed.")] = 1,
    set_: ResourcesOption = None,
    again: AgainOption = False,
    data: DataOption = None,
    storage: StorageOption = "runs",
    address: AddressOption = None,
) -> None:
    """Measure which cross-validation scheme predicts the held-out results: every trial is trained on all rows and
    evaluated on the held-out files, once; Spearman's rank correlation compares that with what the folds said.
    """
    from nids import results
    from nids.report import rank_correlation as report

    console = Console()
    opened = [results.open_run(storage, name) for name in runs]
    backend.configure_alone()
    from nids.evaluation import rank_correlation

    if opened[0].has_rank_correlation() and not again:
        raise looked_at(f"{runs[0]} has its rank correlations")
    found = rank_correlation.run(opened, seeds, storage, data, address, console, set_ or ())
    report.show(found, console)
    console.print(f"\nTables and pictures: {opened[0].uri}/{results.RANK_CORRELATION}", highlight=False, soft_wrap=True)


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
    from nids.detector import score as scoring

    progress = Console(stderr=True)
    if on_ray:
        backend.configure_alone()
        from nids.detector import score_on_cluster as scoring_on_ray

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
        backend.configure_alone()
        from nids.detector import bundle as bundles
        from nids.storage import Folder

        detector = bundles.load(Folder.from_uri(bundle))
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


def leakage(
    data: DataOption = None,
    dataset: Annotated[str, typer.Option(help="Name of the data set.")] = "nsl-kdd",
    file: Annotated[
        str | None, typer.Option(help="Name of its training file; by default, the first one.", show_default=False)
    ] = None,
    folds: Annotated[int, typer.Option(min=2, max=100, help="Number of cross-validation folds.")] = 5,
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Decides folds, synthetic rows and models.")] = 0,
) -> None:
    """Show what three leaks do to the figures on your own rows: SMOTE before the split, an encoder fitted on all rows,
    one model trained on through all folds. Each is measured beside the right way.
    """
    from nids import config
    from nids.report import leakage

    console = Console()
    wanted = {"dataset": dataset, "file": file}
    job = config.make({"name": "leakage", "data": wanted, "search": {"seed": seed}}, source="nids leakage")
    _, traffic = rows_of(job, data, console)
    leakage.show(leakage.measure_with_progress(traffic, folds, seed, Console(stderr=True)), traffic, console)
