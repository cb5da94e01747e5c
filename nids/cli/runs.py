"""The commands that show runs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from nids.cli.options import RunArgument, StorageOption, show
from nids.cli.output import JsonOption, print_json, results_console
from nids.errors import DamagedFileError, UserError, excerpt
from nids.tables import print_listing
from nids.terminal import styled
from nids.threads import thread_pool

if TYPE_CHECKING:
    from rich.console import Console

    from nids.results import Run


def report(
    run: RunArgument,
    base_rate: Annotated[
        float,
        typer.Option(
            min=0, max=1, help="Share of attacks in your traffic, for the precision of alerts in tables and page."
        ),
    ] = 0.01,
    storage: StorageOption = "runs",
    as_json: JsonOption = False,
) -> None:
    """Print the results of a run, even while it is running, and write its report page; with --json, no page is written.

    Example: `nids report first --json`
    """
    from nids import results

    opened = results.open_run(storage, run)
    if as_json:
        from nids.report.as_json import content

        print_json(content(opened))
    else:
        show(opened, results_console(), base_rate)


def runs(
    context: typer.Context,
    storage: StorageOption = "runs",
    tag: Annotated[
        list[str] | None, typer.Option(help="List the runs with this tag only. May be repeated.", show_default=False)
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List the runs of a storage with their state and their best trial, the latest first; or delete, rename or tag one.

    To be quick, it reads each run's table of trials, and asks of the other tables only which files there are: whether
    these can be read, `nids report RUN` tells.

    Example: `nids runs --storage s3://bucket/runs`
    """
    if context.invoked_subcommand:
        _refuse_options(context)
        return
    entries = entries_of(storage)
    if tag:
        known = sorted({each for entry in entries for each in entry.tags})
        if missing := [each for each in tag if each not in known]:
            raise UserError(f"{storage}: no run has the tag {excerpt(missing[0])}. Tags: {', '.join(known) or 'none'}.")
        entries = [entry for entry in entries if {*tag} <= {*entry.tags}]
    if as_json:
        print_json([asdict(entry) for entry in entries])
    else:
        show_runs(storage, entries, results_console())


def _refuse_options(context: typer.Context) -> None:
    """Refuse an option that stands before the name of a subcommand, which would have its own value of it."""
    for name in context.params:
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            option = {"as_json": "json"}.get(name, name)
            raise UserError(
                f"--{option} stands before {context.invoked_subcommand}: give the options of a command after its name, "
                f"as in `nids runs {context.invoked_subcommand} … --{option} …`."
            )


@dataclass(frozen=True)
class Entry:
    """A run in the list.

    Attributes:
        run: Its name.
        state: "running", "finished", "interrupted", "failed" or "damaged".
        trials: Trials that are to be; None if something else ends the search, or if it is not known.
        ended: Trials that ended; None if it is not known.
        best: The best complete trial's number, its metric and value; None if no trial is complete.
        data: What was searched on.
        started: When the search was prepared.
        seconds: From then to the last sign of life of a driver, pauses included.
        error: What is wrong with it, with the cure; empty if its trials and its files' names tell of nothing.
        tags: Its tags.
        note: Its note; empty if there is none.
    """

    run: str
    state: str
    trials: int | None = None
    ended: int | None = None
    best: dict[str, Any] | None = None
    data: str = ""
    started: datetime | None = None
    seconds: float | None = None
    error: str = ""
    tags: tuple[str, ...] = ()
    note: str = ""


def entries_of(storage: str) -> list[Entry]:
    """Return the runs of a storage, the latest first and the damaged ones last."""
    from nids import results
    from nids.results.cures import FOREIGN, unexpected

    def entry(name: str) -> Entry:
        try:
            return _entry(results.open_run(storage, name))
        except UserError as error:
            return Entry(name, "damaged", error=str(error))
        except FOREIGN as error:
            return Entry(name, "damaged", error=unexpected(error))

    # An object store takes a while for each answer, and gives many at once.
    with thread_pool(results.ASKED_AT_ONCE) as pool:
        entries = [*pool.map(entry, results.run_names(storage))]
    never = datetime.min.replace(tzinfo=UTC)
    return sorted(entries, key=lambda entry: entry.started or never, reverse=True)


def _entry(run: Run) -> Entry:
    from nids.results import ranking
    from nids.results.gaps import gaps_of
    from nids.results.notes import Notes, notes_of

    faults, notes = [], Notes()
    try:
        notes = notes_of(run)
    except DamagedFileError as error:
        faults.append(str(error))
    trials, manifest = run.trials(), run.manifest
    row, metric = ranking.best(trials, run.direction), manifest.metric
    return Entry(
        run=run.name,
        state=run.state,
        trials=manifest.job.search.most_trials,
        ended=int((trials["state"] != "RUNNING").sum()),
        best=None if row is None else {"trial": int(row["trial"]), "metric": metric, "value": float(row["value"])},
        data=manifest.data.source,
        started=manifest.created,
        seconds=run.seconds,
        error=" ".join([*gaps_of(run, trials, by_row=False).in_words(run.uri), *faults]),
        tags=notes.tags,
        note=notes.note,
    )


def _progress(entry: Entry) -> str:
    if entry.ended is None:
        return ""
    return f"{entry.ended}/{entry.trials}" if entry.trials else str(entry.ended)


def show_runs(storage: str, entries: list[Entry], console: Console) -> None:
    """Print a line for each run; a damaged one is named, with what is wrong."""
    from nids.metrics.formatting import duration, value
    from nids.metrics.measures import label
    from nids.storage import Folder

    if not entries:
        holds = "holds no runs yet" if Folder.from_uri(storage).exists() else "does not exist yet"
        words = styled("{storage} {holds}. Make a run with: [bold]nids search quick[/]", storage=storage, holds=holds)
        console.print(words, highlight=False)
        return
    rows = []
    for entry in entries:
        best = entry.best
        rows.append(
            (
                entry.run,
                entry.state,
                _progress(entry),
                f"{label(best['metric'])} {value(best['metric'], best['value'])} (trial {best['trial']})"
                if best
                else "",
                entry.data,
                f"{entry.started.astimezone():%Y-%m-%d %H:%M}" if entry.started else "",
                duration(entry.seconds) if entry.seconds is not None else "",
                " ".join(entry.tags),
            )
        )
    headings = ("run", "state", "trials", "best", "data", "started", "took", "tags")
    shown = len(headings) if any(entry.tags for entry in entries) else -1
    print_listing(console, headings[:shown], [row[:shown] for row in rows], numbers=("trials",))
    for entry in entries:
        if entry.note:
            words = styled("{run}: {note}", run=entry.run, note=" ".join(entry.note.split()))
            console.print(words, highlight=False, soft_wrap=True)
        if entry.error:
            console.print(Text(f"{entry.run}: {entry.error}", style="yellow"), soft_wrap=True)
