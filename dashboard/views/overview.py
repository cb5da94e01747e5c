"""The page "Overview": how far the search is, what its best trial is, and whether that one is really better."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from dashboard.components import downloads, layout, selection
from dashboard.components.chart import draw, left_out
from dashboard.components.markdown import code, plain, unbroken
from dashboard.data import cache
from nids.analysis import baselines, comparisons, eta
from nids.charts import downsampling, theme
from nids.charts.theme import label
from nids.metrics.formatting import NONE, mean_and_spread, value
from nids.report import cells
from nids.report import sentences as wording

if TYPE_CHECKING:
    from dashboard.data.snapshot import KeptRun
    from nids.analysis.comparisons import Contest
    from nids.analysis.summary import Best
    from nids.report import Tables

SECONDS_BETWEEN_LOOKS = 2
OUTCOMES = {
    comparisons.BETTER: ("green", "trending_up"),
    comparisons.WORSE: ("red", "trending_down"),
    comparisons.ALIKE: ("gray", "drag_handle"),
    comparisons.UNKNOWN: ("gray", "question_mark"),
}
TEST = (
    "By the corrected resampled t-test of Nadeau and Bengio at the level of 95 %: the plain t-test takes folds for "
    "independent, though their training parts overlap, and finds differences where there are none."
)
FIRST_SEEN = ("accuracy", "macro_f1", "log_loss")
# The same for folds that withhold attack types.
FIRST_SEEN_OF_UNSEEN = ("unseen_macro_f1", "unseen_flagged", "false_alarms")


def show() -> None:
    """Show the page."""
    run = layout.begin("How far is the search, what is its best trial, and is that one really better?")
    layout.live(_live, run, SECONDS_BETWEEN_LOOKS)


def _live(run: KeptRun) -> None:
    tables = cache.tables(run)
    trials = run.trials()
    faults = st.container()
    if trials.empty and run.faults:
        layout.faults(run, faults)
        return
    _progress(run, tables, trials)
    figures = baselines.figures_by_fold(run, tables.best) if tables.best else pd.DataFrame()
    st.markdown(f"#### {unbroken(plain(baselines.headline(tables, figures)))}")
    # The answer comes first: a telephone shows columns below each other.
    left, right = st.columns([2, 3], gap="medium")
    with right:
        if trials["value"].notna().any():
            data = theme.history_data(trials, tables.mode)
            shown = downsampling.thin_history(data)
            draw(theme.history(shown, tables.metric), "Optimisation history: each trial's value, and the best so far")
            left_out(len(shown), len(data))
        else:
            st.info("The first trial's first epoch has not ended yet: there is nothing to draw.")
    with left:
        if tables.best is not None:
            _really_better(run, tables, tables.best, trials, figures)
    if tables.best is not None:
        _tiles(tables)
        _beside_others(tables)
    if len(tables.failures):
        st.markdown(_failures(tables.failures))
    downloads.of_run(run)
    layout.faults(run, faults)


def _progress(run: KeptRun, tables: Tables, trials: pd.DataFrame) -> None:
    job = run.manifest["job"]
    total = int(job["search"].get("trials", len(trials)))
    epochs = int(job.get("training", {}).get("epochs", 1))
    now = datetime.now(UTC)
    found = eta.outlook(trials, total, epochs, now)
    words = f"{eta.in_words(found, run.state)} {wording.states(tables).capitalize()}."
    st.progress(found.share, text=words)
    if run.state in {"interrupted", "failed"}:
        st.caption(f"Nothing of it runs. {code(selection.command('resume', run.name))} goes on with it.")
    if tables.message:
        st.caption(plain(tables.message))


def _failures(failures: pd.DataFrame) -> str:
    """Return in Markdown why trials failed: a line for each reason."""
    lines = ["##### Failures"]
    for reason, count, numbers in failures[["reason", "count", "trials"]].itertuples(index=False):
        more = ", …" if count > numbers.count(",") + 1 else ""
        lines.append(f"- {plain(reason)}: {count:,} {'trial' if count == 1 else 'trials'} ({numbers}{more})")
    return "\n".join(lines)


def _tiles(tables: Tables) -> None:
    rows = tables.metrics.to_dict("index")
    others = {"paper": "paper", "majority class": "baseline"}
    for measure, place in zip(
        FIRST_SEEN_OF_UNSEEN if "unseen_flagged" in rows else FIRST_SEEN, st.columns(3), strict=True
    ):
        with place:
            row = rows[measure]
            published = {
                words: value(measure, row[column])
                for words, column in others.items()
                if not (column == "paper" and (tables.synthetic or measure == "log_loss"))
            }
            beside = " · ".join(f"{words} {text}" for words, text in published.items() if text != NONE)
            definition = dict(wording.definitions(tables)).get(label(measure), "")
            st.metric(
                f"{label(measure)}, best trial",
                mean_and_spread(measure, row["mean"], row["std"]),
                delta=beside or None,
                delta_color="off",
                delta_arrow="off",
                border=True,
                help=f"{definition} Mean ± standard deviation over {tables.folds} folds.",
            )


def _really_better(run: KeptRun, tables: Tables, best: Best, trials: pd.DataFrame, figures: pd.DataFrame) -> None:
    st.markdown("##### Is it really better?", help=TEST)
    following = comparisons.against_next(run, trials, best, tables.metric)
    others = comparisons.against_baselines(figures, best.trial)
    found = [*([following] if following else []), *others]
    lines = [*map(_outcome, found)]
    if following is None:
        lines.append("There is no second complete trial to compare it with yet.")
    if not others and not any("/baselines/" in fault for fault in run.faults):
        lines.append(
            f"No other models stand beside it yet: {code(selection.command('baselines', run.name))} measures them."
        )
    st.markdown("\n\n".join(lines))
    if found and (place := layout.unfolded("In words, with confidence intervals", "words")):
        sentences = [contest.sentence for contest in found]
        if others:
            sentences.append(baselines.CHOSEN_BY_THE_FOLDS)
        if not tables.synthetic:
            sentences.append(wording.comparison(tables))
        with place:
            st.markdown("\n\n".join(map(plain, sentences)))


def _outcome(contest: Contest) -> str:
    """Return in Markdown who is better."""
    ours, theirs = (unbroken(plain(figure)) for figure in contest.figures)
    colour, icon = OUTCOMES[contest.outcome]
    badge = f":{colour}-badge[:material/{icon}: {contest.outcome}]"
    first, second = map(plain, contest.names)
    metric = plain(label(contest.metric))
    if contest.outcome in {comparisons.BETTER, comparisons.WORSE}:
        return f"{badge} than {second} in {metric}: {first} {ours}, that one {theirs}."
    return f"{badge} {first} and {second} in {metric}: {ours} and {theirs}."


def _beside_others(tables: Tables) -> None:
    if place := layout.unfolded(
        "All figures of the best trial, beside the paper's and the majority class's", "figures"
    ):
        rows = pd.DataFrame(cells.metrics(tables), columns=["figure", "best trial", "paper", "majority class"])
        with place:
            st.dataframe(rows, hide_index=True, alt="A row for each figure")
            st.caption(plain(wording.UNNAMED))
    if place := layout.unfolded("What the words mean", "terms"):
        meanings = wording.definitions(tables)
        with place:
            st.markdown("\n\n".join(f"**{plain(term)}** — {plain(said.replace('`', ''))}" for term, said in meanings))
