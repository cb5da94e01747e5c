"""The page "Overview": how far the search is, and whether its best trial is really better."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from nids.analysis import baselines, comparisons, eta, repeats
from nids.charts import downsampling, optimization_history
from nids.dashboard.components import downloads, faults, layout, live, selection
from nids.dashboard.components.chart import draw, left_out
from nids.dashboard.components.markdown import code, plain, unbroken
from nids.dashboard.data import cache
from nids.dashboard.views import objectives
from nids.metrics.formatting import NONE, mean_and_spread, value
from nids.metrics.measures import UNSEEN_HEADLINE, label
from nids.report import cells, held_out, sentences, significance

if TYPE_CHECKING:
    from nids.analysis.comparisons import Contest
    from nids.analysis.summary import BestTrial
    from nids.dashboard.data.snapshot import KeptRun
    from nids.report import RunSummary

SECONDS_BETWEEN_UPDATES = 2
OUTCOMES = {
    comparisons.BETTER: ("green", "trending_up"),
    comparisons.WORSE: ("red", "trending_down"),
    comparisons.ALIKE: ("gray", "drag_handle"),
    comparisons.UNKNOWN: ("gray", "question_mark"),
}
TEST = (
    "Corrected resampled t-test of Nadeau and Bengio at the 5 % level. A plain t-test treats the folds as independent, "
    "although their training parts overlap, and finds differences where there are none."
)


def show() -> None:
    """Show the page."""
    run = layout.begin("How far is the search, and is its best trial really better?")
    live.follow(_live, run, SECONDS_BETWEEN_UPDATES)


def _live(run: KeptRun) -> None:
    summary = cache.summarize(run)
    trials = run.trials()
    warnings = st.container()
    if trials.empty and run.faults:
        faults.of_run(run, warnings)
        return
    _progress(run, summary, trials)
    figures = baselines.figures_by_fold(run, summary.best) if summary.best else pd.DataFrame()
    st.markdown(f"#### {unbroken(plain(sentences.headline(summary, figures)))}")
    again = repeats.repeated_trials(run, trials)
    for sentence in (*held_out.in_words(run, trials), *repeats.in_words(run, trials, again)):
        st.markdown(unbroken(plain(sentence)))
    # The answer comes first: a phone shows columns below each other.
    left, right = st.columns([2, 3], gap="medium")
    with right:
        if trials["value"].notna().any():
            data = optimization_history.data(trials, summary.direction)
            shown = downsampling.thin_history(data)
            draw(
                optimization_history.draw(shown, summary.metric),
                "Optimization history: each trial's value, and the best so far",
            )
            left_out(len(shown), len(data))
        else:
            st.info("No trial has completed its first epoch yet.")
    with left:
        if summary.best is not None:
            _really_better(run, summary, summary.best, trials, figures)
    objectives.show(run, summary)
    if summary.best is not None:
        _tiles(summary)
        _details(summary)
    _notes(run)
    if len(summary.failures):
        st.markdown(_failures(summary.failures))
    downloads.of_run(run)
    faults.of_run(run, warnings)


def _progress(run: KeptRun, summary: RunSummary, trials: pd.DataFrame) -> None:
    job, now = run.manifest.job, datetime.now(UTC)
    outlook = eta.outlook(trials, job.search, job.training.epochs, now, run.status.trials.seconds)
    words = f"{eta.in_words(outlook, run.state)} {sentences.states(summary).capitalize()}."
    st.progress(outlook.share, text=words)
    if run.state in {"interrupted", "failed"}:
        st.caption(f"The search is not running. Resume it with {code(selection.command('resume', run.name))}.")
    if summary.message:
        st.caption(plain(summary.message))


def _failures(failures: pd.DataFrame) -> str:
    """Return why trials failed, in Markdown: a line for each reason."""
    lines = ["##### Failures"]
    for reason, count, numbers in failures[["reason", "count", "trials"]].itertuples(index=False):
        more = ", …" if count > numbers.count(",") + 1 else ""
        lines.append(f"- {plain(reason)}: {count:,} {'trial' if count == 1 else 'trials'} ({numbers}{more})")
    return "\n".join(lines)


def _tiles(summary: RunSummary) -> None:
    rows = summary.metrics.to_dict("index")
    seen_first = sentences.seen_first(summary)
    if len(summary.objectives) == 1:
        seen_first = tuple(name for name in UNSEEN_HEADLINE if name in rows) or seen_first
    shown = [name for name in seen_first if name in rows]
    for measure, tile in zip(shown, st.columns(len(shown)), strict=True):
        with tile:
            row = rows[measure]
            others = {
                **{
                    result.short_name: result.figures[measure]
                    for result in summary.published
                    if measure in result.figures and measure not in result.notes
                },
                "majority class": row["majority"],
            }
            texts = {name: value(measure, figure) for name, figure in others.items()}
            references = " · ".join(f"{name} {text}" for name, text in texts.items() if text != NONE)
            definition = dict(sentences.definitions(summary)).get(label(measure), "")
            st.metric(
                f"{label(measure)}, best trial",
                mean_and_spread(measure, row["mean"], row["std"]),
                delta=references or None,
                delta_color="off",
                delta_arrow="off",
                border=True,
                help=f"{definition} Mean ± standard deviation over {summary.folds} folds.",
            )


def _really_better(
    run: KeptRun, summary: RunSummary, best: BestTrial, trials: pd.DataFrame, figures: pd.DataFrame
) -> None:
    st.markdown("##### Is it really better?", help=TEST)
    against_trial = comparisons.against_next(run, trials, best, summary.metric)
    against_baselines = comparisons.against_baselines(figures, best.trial)
    contests = [*([against_trial] if against_trial else []), *against_baselines]
    lines = [*map(_outcome, contests)]
    if against_trial is None:
        lines.append("There is no second complete trial to compare it with yet.")
    if not against_baselines and not any("/baselines/" in fault for fault in run.faults):
        command = code(selection.command("baselines", run.name))
        lines.append(f"There are no baselines to compare it with yet. Evaluate them with {command}.")
    st.markdown("\n\n".join(lines))
    if contests and (container := layout.unfolded("In words, with confidence intervals", "words")):
        statements = [*map(significance.sentence, contests), significance.MEANING]
        if against_baselines:
            statements.append(significance.CHOSEN_BY_THE_FOLDS)
        statements += [text for text, _ in sentences.published(summary)]
        with container:
            st.markdown("\n\n".join(map(plain, statements)))


def _outcome(contest: Contest) -> str:
    """Return which of two models is better, in Markdown."""
    of_first, of_second = (unbroken(plain(figure)) for figure in contest.figures)
    colour, icon = OUTCOMES[contest.outcome]
    badge = f":{colour}-badge[:material/{icon}: {contest.outcome}]"
    first, second = map(plain, contest.names)
    metric = plain(label(contest.metric))
    p = f" (p = {contest.test.p:.2g})" if contest.test and math.isfinite(contest.test.p) else ""
    return f"{badge} {first} against {second} in {metric}: {of_first} and {of_second}{p}."


def _notes(run: KeptRun) -> None:
    notes = sentences.notes_on_rows(run.manifest)
    if notes and (container := layout.unfolded("Notes on the folds", "notes")):
        with container:
            st.markdown("\n".join(f"- {plain(note)}" for note in notes))


def _details(summary: RunSummary) -> None:
    others = "published and majority-class results" if summary.published else "those of the majority class"
    if container := layout.unfolded(f"All metrics of the best trial, with {others}", "metrics"):
        (_, *head), rows = cells.metrics(summary)
        table = pd.DataFrame(rows, columns=["metric", *head])
        with container:
            st.dataframe(table, hide_index=True, alt="A row for each metric")
            for note in cells.notes(summary):
                st.caption(plain(f"* {note}"))
    if container := layout.unfolded("Definitions", "terms"):
        with container:
            st.markdown(
                "\n\n".join(
                    f"**{plain(term)}**: {plain(meaning.replace('`', ''))}"
                    for term, meaning in sentences.definitions(summary)
                )
            )
