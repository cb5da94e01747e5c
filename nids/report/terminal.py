"""The report on the terminal."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pandas as pd
from rich.panel import Panel
from rich.text import Text

from nids.analysis import baselines, repeats
from nids.analysis.class_results import CLASS_MEASURES
from nids.analysis.summary import summarize
from nids.command_line import command_on
from nids.metrics.measures import label
from nids.report import cells, held_out, objectives, sentences, significance
from nids.results.gaps import gaps_of
from nids.tables import fits, print_table, titled_table

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from nids.analysis.summary import BestTrial, RunSummary
    from nids.results import Run


def show(run: Run, console: Console, base_rate: float = held_out.BASE_RATE) -> None:
    """Print the best trial and its figures, the results by class, and the trials by state.

    Args:
        run: The run.
        console: Where to.
        base_rate: As for ``nids.report.held_out.held_out``.
    """
    trials = run.trials()
    summary = summarize(run, trials)
    console.print(Text(f"{summary.run} ({summary.state})", style="bold"), Text(run.manifest.data.source, style="dim"))
    if summary.synthetic:
        console.print(Panel(Text(sentences.SYNTHETIC, style="bold"), style="yellow", expand=False))
    compared = baselines.figures_by_fold(run, summary.best) if summary.best else pd.DataFrame()
    console.print(Text(sentences.headline(summary, compared)))
    for sentence in held_out.in_words(run, trials):
        console.print(Text(sentence))
    console.print(Text(f"Trials: {sentences.states(summary)}.", style="dim"))
    again = repeats.repeated_trials(run, trials)
    for sentence in (*objectives.in_words(trials, summary), *repeats.in_words(run, trials, again)):
        console.print(Text(sentence))
    for sentence in gaps_of(run).in_words(run.uri):
        console.print(Text(sentence, style="yellow"))
    if summary.message:
        console.print(Text(summary.message, style="dim"))
    if not summary.front.empty:
        print_table(console, objectives.front_title(summary), *cells.front(summary))
        console.print(Text(objectives.how_to_pick(trials, summary, partial(command_on, run.uri, "finalize"))))
    if not again.empty:
        print_table(console, repeats.TITLE, *cells.repeats(again, summary.metric), words=0)
    if summary.best is not None:
        _print_best(summary, summary.best, console)
        _print_baselines(compared, summary.best, console)
    _print_held_out(run, console, base_rate)
    if not summary.failures.empty:
        rows = [tuple(map(str, row)) for row in summary.failures.itertuples(index=False)]
        print_table(console, "Why trials failed", ("reason", "trials", "numbers"), rows)


def _print_best(summary: RunSummary, best: BestTrial, console: Console) -> None:
    spread = f"mean ± standard deviation of {summary.folds} folds" if summary.folds > 1 else "of one fold: no spread"
    print_table(console, f"Trial {best.trial}, epoch {best.epoch}: {spread}", *cells.metrics(summary))
    for note in cells.notes(summary):
        console.print(Text(f"* {note}", style="dim"))
    _print_classes(summary, console)
    if unseen := [row for row in cells.attacks(summary) if row[2] == "unseen"]:
        head = ("attack", "class", "", "rows", "detection rate", "recall")
        print_table(console, "Attack types that were withheld from a fold's training", head, unseen)
    if ranges := cells.ranges(summary):
        print_table(console, "Ranges over all classes and folds", *ranges)
        for note in cells.notes_on_ranges(summary):
            console.print(Text(note, style="dim"))
    print_table(console, "Hyperparameters", *cells.hyperparameters(summary))
    for text, alike in sentences.published(summary):
        console.print(Text(text, style="dim" if alike else "yellow"))


def _print_baselines(compared: pd.DataFrame, best: BestTrial, console: Console) -> None:
    if not compared.empty:
        print_table(console, "Compared with baselines on the same folds", *cells.baselines(compared))
        for sentence in significance.against_baselines(compared, best.trial):
            console.print(Text(sentence))


def _print_held_out(run: Run, console: Console, base_rate: float) -> None:
    for file in held_out.held_out(run, base_rate):
        print_table(console, f"Held out: {file.file}", held_out.HEAD, file.rows)
        if file.not_judged:
            console.print(Text(file.not_judged))
        if file.classes:
            print_table(console, f"Finalized trial by class on {file.file}", held_out.CLASS_HEAD, file.classes)
        if file.alerts:
            print_table(console, f"Alerts on {file.file}", held_out.alerts_head(base_rate), file.alerts)
        for note in file.notes:
            console.print(Text(note, style="dim"))
    if counted := held_out.accesses(run):
        console.print(Text(counted, style="dim"))


def _print_classes(summary: RunSummary, console: Console) -> None:
    table = _class_table(summary)
    if fits(console, table):
        console.print(table)
        return
    rows = [
        (name, support, *(f"{spread} ({between})" for spread, between in measures))
        for name, support, measures in cells.classes(summary)
    ]
    title = "By class: mean ± spread, and range over the folds"
    print_table(console, title, ("class", "rows", *map(label, CLASS_MEASURES)), rows)


def _class_table(summary: RunSummary) -> Table:
    """Return a table with the range below each mean, which takes half the width of both side by side."""
    table = titled_table("By class, in %: mean ± spread, and range over the folds")
    table.add_column("class")
    table.add_column("rows", justify="right")
    for measure in CLASS_MEASURES:
        table.add_column(label(measure).replace(" (", "\n(").replace("-positive", "-\npositive"), justify="right")
    for name, support, measures in cells.classes(summary):
        texts = [
            Text.assemble(spread.removesuffix(" %"), "\n", (between.removesuffix(" %"), "dim"))
            for spread, between in measures
        ]
        table.add_row(Text(name), support, *texts)
    return table
