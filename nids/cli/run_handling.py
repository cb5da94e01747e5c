"""The commands that delete, rename, label and export runs: ``nids runs delete`` and those beside it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nids.cli.options import RunArgument, StorageOption, complete_run
from nids.cli.output import results_console
from nids.command_line import command, command_on
from nids.errors import UserError
from nids.terminal import styled

if TYPE_CHECKING:
    from rich.console import Console

    from nids.storage import Folder

MB = 1e6


def delete(
    runs: Annotated[
        list[str] | None,
        typer.Argument(help="Names of the runs.", metavar="RUN...", show_default=False, autocompletion=complete_run),
    ] = None,
    folds: Annotated[
        bool, typer.Option("--folds", help="Also delete the cached folds that no run of the storage needs.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    storage: StorageOption = "runs",
) -> None:
    """Delete runs with all that was made of them, such as their detectors; ask before, and say what is lost.

    A run that has a driver is refused. Folds are shared by the runs of a storage: those that no run needs any more go
    with `--folds`, which needs no RUN.

    Example: `nids runs delete first second`
    """
    from nids.results import removal

    console = results_console()
    names = [*dict.fromkeys(runs or ())]
    if not names and not folds:
        raise UserError("no run is named: give the runs that are to be deleted, or --folds. `nids runs` lists them.")
    tokens = {}
    for name in names:
        folder = _folder(storage, name)
        tokens[name] = removal.free_to_delete(folder, lambda text: console.print(text, highlight=False))
    for name in names:
        _say(console, "[bold]{name}[/]: {what}", name=name, what=_what_is_lost(_folder(storage, name)))
    if names and not yes:
        typer.confirm(f"Delete {'this run' if len(names) == 1 else f'these {len(names)} runs'}?", abort=True, err=True)
    for name in names:
        removal.delete_run(_folder(storage, name), tokens[name])
        _say(console, "{name} is deleted", name=name)
    removal.delete_leftovers(storage)
    _delete_folds(storage, console, really=folds)


def rename(
    run: RunArgument,
    new: Annotated[str, typer.Argument(help="Its new name.", metavar="NEW", show_default=False)],
    storage: StorageOption = "runs",
) -> None:
    """Give a run another name. One that has a driver is refused.

    Example: `nids runs rename quick-20261126-154015 baseline`
    """
    from nids.results.renaming import rename as rename_run
    from nids.storage import Folder

    console = results_console()
    rename_run(storage, run, new, lambda text: console.print(text, highlight=False))
    _say(console, "{run} is now [bold]{new}[/]", run=run, new=new)
    if Folder.from_uri(storage).folder(new).exists("report.html"):
        proposed = command_on(f"{storage}/{new}", "report")
        _say(console, "Its page has the former name: write it again with [bold]{command}[/]", command=proposed)


def note(
    run: RunArgument,
    text: Annotated[str, typer.Argument(help="The note; an empty one removes it.", metavar="TEXT")],
    storage: StorageOption = "runs",
) -> None:
    """Replace the note of a run, which `nids runs` shows.

    Example: `nids runs note first "before the new sensors"`
    """
    from nids.results import open_run
    from nids.results.notes import write_note

    write_note(open_run(storage, run), text)
    said = "has the note" if text.strip() else "has no note any more"
    _say(results_console(), "[bold]{run}[/] {said}", run=run, said=said)


def tag(
    run: RunArgument,
    tags: Annotated[list[str], typer.Argument(help="The tags.", metavar="TAG...", show_default=False)],
    remove: Annotated[bool, typer.Option("--remove", help="Take the tags away.")] = False,
    storage: StorageOption = "runs",
) -> None:
    """Add tags to a run, or take them away: `nids runs --tag TAG` lists the runs that have one.

    Example: `nids runs tag first baseline published`
    """
    from nids.results import open_run
    from nids.results.notes import change_tags

    has = change_tags(open_run(storage, run), tags, remove=remove)
    _say(results_console(), "[bold]{run}[/]: {tags}", run=run, tags=", ".join(has) or "no tags")


def export(
    run: RunArgument,
    folder: Annotated[Path, typer.Argument(help="The folder to make.", metavar="FOLDER", show_default=False)],
    storage: StorageOption = "runs",
) -> None:
    """Write a run's trials for TensorBoard: hyperparameters, figures and learning curves, a folder a trial.

    Example: `nids runs export first first-tensorboard`, then `tensorboard --logdir first-tensorboard`
    """
    from nids.metrics.formatting import counted
    from nids.progress import ProgressDisplay
    from nids.report import tensorboard
    from nids.results import open_run

    console = results_console()
    opened = open_run(storage, run)
    with ProgressDisplay(console, None, "trials") as display:
        trials = tensorboard.export(opened, folder, display.update)
    _say(console, "{folder}: {trials} of {run}", folder=folder, trials=counted(trials, "trial"), run=run)


def _folder(storage: str, name: str) -> Folder:
    from nids.results import find_run

    return find_run(storage, name)


def _what_is_lost(folder: Folder) -> str:
    from nids.metrics.formatting import counted
    from nids.results import Run
    from nids.results.all_files import all_files

    size = f"{sum(all_files(folder).values()) / MB:.1f} MB"
    try:
        run = Run(folder)
        trials = run.trials()
    except UserError:
        return f"damaged, {size}"
    ended = int((trials["state"] != "RUNNING").sum())
    made = [
        words
        for path, words in (
            ("bundle/manifest.json", "its detector"),
            ("final/evaluation.json", "what the held-out rows say of it"),
            ("baselines/evaluation.json", "its baselines"),
        )
        if run.has_file(path)
    ]
    return ", ".join([run.state, f"{counted(ended, 'trial')} that ended", size, *made])


def _delete_folds(storage: str, console: Console, *, really: bool) -> None:
    from nids.metrics.formatting import counted
    from nids.results import removal

    try:
        unneeded = removal.unneeded_folds(storage)
    except UserError as error:
        if really:
            raise UserError(f"no folds were deleted, as it is not known which are needed: {error}") from None
        return
    if not unneeded:
        return
    what = f"{counted(len(unneeded), 'set')} of cached folds, {sum(unneeded.values()) / MB:.1f} MB"
    if not really:
        proposed = command(storage, "runs", "delete", "--folds")
        _say(console, "No run needs {what} any more: delete them with [bold]{command}[/]", what=what, command=proposed)
        return
    for key in unneeded:
        removal.delete_folds(storage, key)
    _say(console, "{what} that no run needs any more: deleted", what=what)


def _say(console: Console, template: str, **texts: object) -> None:
    console.print(styled(template, **texts), highlight=False, soft_wrap=True)
