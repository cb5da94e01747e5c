"""The commands that get data sets and look at data files."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nids.cli.output import JsonOption, print_json, results_console
from nids.errors import UserError
from nids.terminal import TerminalConsole

if TYPE_CHECKING:
    from rich.console import Console

    from nids.datasets.describe import Check


def fetch(
    dataset: Annotated[str, typer.Argument(help="Name of the data set.")] = "nsl-kdd",
    source: Annotated[
        Path | None, typer.Option("--from", help="A file, folder or zip to take it from instead of the network.")
    ] = None,
) -> None:
    """Fetch a data set into the user's cache, checked against its known hashes.

    Example: `nids data fetch nsl-kdd --from Downloads/NSL-KDD.zip`
    """
    from nids import datasets
    from nids.datasets import fetch as fetching

    console = TerminalConsole()
    for path in fetching.fetch(datasets.get(dataset), source=source, console=console):
        console.print(str(path), highlight=False, soft_wrap=True)


def describe(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="CSV, ARFF, JSON lines or logs of Zeek, also compressed or in a zip archive (ARCHIVE/MEMBER), or "
            "Parquet; or folders of them. All have the same columns.",
            show_default=False,
        ),
    ],
    label: Annotated[
        str | None, typer.Option(help="Name of the column with the labels. Default: it is guessed.", show_default=False)
    ] = None,
    names: Annotated[
        str | None,
        typer.Option(
            help="Names of the columns, where no line tells them: with commas between, or a file with them.",
            show_default=False,
        ),
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option(help="The description to write. Default: beside the first file.", show_default=False),
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Replace a description that is there already.")] = False,
) -> None:
    """Propose a description of your own files, so that they can be searched on: columns, labels, what to ignore.

    Several files, or a folder of them, are parts of one data set.

    Example: `nids data describe flows.csv`
    """
    from nids.datasets import description, proposal
    from nids.datasets.io.archive import is_member
    from nids.datasets.io.batches import names_from
    from nids.datasets.io.content import written_whole

    first = files[0]
    target = to or _beside(first)
    if target.suffix != description.SUFFIX:
        raise UserError(f"--to {target}: a description is a file in TOML. Give it the ending {description.SUFFIX}.")
    if target.exists() and not again:
        raise UserError(f"{target}: is there already. Give another path with --to, or replace it with --again.")
    for file in files:
        if not file.exists() and not is_member(file):
            raise UserError(
                f"{file}: no such file. Give a data file: CSV, ARFF, JSON lines, a log of Zeek, or Parquet."
            )
    columns = names_from(names) if names else ()
    proposed = proposal.propose(files, target.stem, label, target.parent, columns)
    try:
        with written_whole(target) as description_file:
            description_file.write(proposed.text.encode())
    except OSError as error:
        raise UserError(f"{target}: cannot be written: {error.strerror}. Give another path with --to.") from None
    console = results_console()
    described = ", ".join(file.name for file in files)
    console.print(f"{described}: {proposed.rows:,} rows, described in {target}", soft_wrap=True)
    for remark in proposed.remarks:
        console.print(f"  - {remark}", highlight=False, soft_wrap=True)
    console.print("Next, once you have read it:")
    for command in (
        f"nids data check {quote(str(first))} --dataset {quote(str(target))}",
        f"nids search own --set {quote(f'data.dataset={target}')}",
    ):
        console.print(f"  {command}", highlight=False, soft_wrap=True)


def _beside(file: Path) -> Path:
    """Return where the description of a file is written: beside it, or beside the archive that it is in."""
    from nids.datasets import description
    from nids.datasets.io.archive import container_of, is_member
    from nids.datasets.source_file import without_compression

    folder = container_of(file).parent if is_member(file) else file.parent
    return folder / Path(without_compression(file.name)).with_suffix(description.SUFFIX)


def check(
    file: Annotated[
        Path,
        typer.Argument(
            help="The data file: CSV, ARFF, JSON lines or a log of Zeek, also compressed or in a zip archive "
            "(ARCHIVE/MEMBER), or Parquet; or a folder of them.",
            show_default=False,
        ),
    ],
    dataset: Annotated[str, typer.Option(help="The data set whose rules apply.")] = "nsl-kdd",
    class_map: Annotated[
        str | None,
        typer.Option(
            help="Label map, which says what attack belongs to which class. Default: the first.", show_default=False
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Check a data file: is it valid, how many rows has each class and attack, and what is odd about it.

    Example: `nids data check mine.csv`
    """
    from nids import datasets
    from nids.datasets.describe import check as check_file

    found = check_file(file, datasets.get(dataset), class_map)
    if as_json:
        print_json(_values(found))
    else:
        show(found, results_console())


def _values(check: Check) -> dict[str, Any]:
    """Return what a check found as plain values."""
    attacks = [{"class": name, "attack": attack, "rows": rows} for (name, attack), rows in check.attacks.items()]
    return {
        "file": check.name,
        "dataset": check.dataset.name,
        "sha256": check.sha256,
        "identity": check.identity,
        "rows": check.rows,
        "classes": dict(check.classes),
        "attacks": attacks,
        "time": check.time and {"column": check.dataset.time_column, "first": check.time[0], "last": check.time[1]},
        "groups": check.groups and {"column": check.dataset.group_column, "number": check.groups},
        "warnings": list(check.oddities),
    }


def show(check: Check, console: Console) -> None:
    """Print what a check found."""
    from nids.metrics.formatting import counted, share
    from nids.tables import print_table

    console.print(
        f"{check.name}: {counted(check.rows, 'row')}, {check.identity}\nSHA-256 {check.sha256}",
        highlight=False,
        soft_wrap=True,
    )
    classes = [(name, f"{rows:,}", share(rows, check.rows)) for name, rows in check.classes.items()]
    print_table(console, "Classes", ("class", "rows", "share"), classes)
    attacks = [(attack, name, f"{rows:,}") for (name, attack), rows in check.attacks.items()]
    print_table(console, "Attacks", ("attack", "class", "rows"), attacks, words=2)
    if check.time:
        console.print(f"Time ({check.dataset.time_column}): {' to '.join(check.time)}", highlight=False)
    if check.groups:
        console.print(f"Groups ({check.dataset.group_column}): {check.groups:,}", highlight=False)
    console.print("Warnings; the file is valid:" if check.oddities else "The file is valid; there are no warnings.")
    for oddity in check.oddities:
        console.print(f"  - {oddity}", highlight=False)
