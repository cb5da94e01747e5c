"""The command that puts a detector to use."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nids.cli.options import AddressOption
from nids.cli.output import JsonOption, QuietOption, print_json, results_console
from nids.terminal import TerminalConsole

if TYPE_CHECKING:
    from rich.console import Console

    from nids.detector.score import ScoreResult


def score(
    bundle: Annotated[
        str,
        typer.Argument(
            help="The detector: the folder that `nids finalize` wrote, or its URI.",
            metavar="BUNDLE",
            show_default=False,
        ),
    ],
    files: Annotated[
        list[Path],
        typer.Argument(
            help="Traffic to score: CSV with or without a header, ARFF, JSON lines or logs of Zeek, also compressed or "
            "in a zip archive, or Parquet; labels are not needed. Of a folder, all files directly in it.",
            metavar="FILES",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            help="File for the scores, .parquet or .csv; with --ray, a folder. Default: scores.parquet, or scores. In "
            "CSV, a text that a spreadsheet would compute, such as =A1, has an apostrophe before it.",
            show_default=False,
        ),
    ] = None,
    fpr: Annotated[
        float,
        typer.Option(
            help="Target false-positive rate of the alerts, one that the detector has a threshold for; it is kept on "
            "traffic like the rows of the folds."
        ),
    ] = 0.01,
    rejects: Annotated[
        Path | None,
        typer.Option(
            help="CSV file for rows that cannot be read; with --ray, a folder. Default: stop at the first such row.",
            show_default=False,
        ),
    ] = None,
    names: Annotated[
        str | None,
        typer.Option(
            help="Names of the columns, where no line tells them: with commas between, or a file with them. Default: "
            "those that the detector knows of such files.",
            show_default=False,
        ),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace existing files.")] = False,
    on_ray: Annotated[
        bool, typer.Option("--ray", help="Score the files in parallel on a Ray cluster whose nodes all see them.")
    ] = False,
    address: AddressOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Score new traffic with a detector: class, probabilities and alert of every row.

    Example: `nids score runs/first/bundle monday.csv tuesday.csv.gz --out scores.parquet`
    """
    from nids.datasets.io.batches import names_from
    from nids.models import backend

    backend.configure_alone()
    progress = TerminalConsole(stderr=True, quiet=quiet)
    options: dict[str, Any] = {
        "false_positive_rate": fpr,
        "rejects": rejects,
        "overwrite": overwrite,
        "names": names_from(names) if names else (),
    }
    if on_ray:
        from nids.detector import score_on_cluster

        result = score_on_cluster.score(bundle, files, out or Path("scores"), address, progress, **options)
    else:
        from nids.detector import score as scoring
        from nids.detector.bundle import load
        from nids.storage import Folder

        detector = load(Folder.from_uri(bundle))
        scoring.warn_if_synthetic(detector)
        result = scoring.score(detector, files, out or Path("scores.parquet"), progress, **options)
    if as_json:
        print_json(asdict(result))
    else:
        show(result, results_console())


def show(result: ScoreResult, console: Console) -> None:
    """Print what was scored."""
    from nids.metrics.formatting import counted, share
    from nids.tables import print_table

    by_class = [(name, f"{rows:,}", share(rows, result.rows)) for name, rows in result.by_class.items()]
    print_table(console, "Rows by class", ("class", "rows", "share"), by_class)
    lines = [
        f"{counted(result.rows, 'row')} scored in {result.seconds:.1f} s, {counted(result.rejected, 'row')} rejected",
        f"{counted(result.alerts, 'alert')}: attack score above {result.threshold:.3g}, for a target false-positive "
        f"rate of {100 * result.false_positive_rate:g} %",
        f"Scores: {result.out}",
        *([f"Rejects: {result.rejects}"] if result.rejects else []),
    ]
    console.print(
        "\n".join(lines),
        highlight=False,
        soft_wrap=True,
        markup=False,
    )
