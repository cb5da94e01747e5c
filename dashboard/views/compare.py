"""The page "Compare": how runs differ in their configuration and in their results."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from nids.analysis import comparisons, run_diff
from nids.charts import downsampling, optimization_history, theme
from nids.dashboard.components import downloads, faults, layout, live, selection
from nids.dashboard.components.chart import draw
from nids.dashboard.components.markdown import plain
from nids.dashboard.data import cache
from nids.metrics.formatting import NONE, counted, duration, mean_and_spread
from nids.metrics.measures import label
from nids.report import objectives, sentences, significance

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nids.dashboard.data.snapshot import KeptRun
    from nids.report import RunSummary
    from nids.results import RunManifest


def show() -> None:
    """Show the page."""
    layout.notice()
    st.subheader("Compare", anchor=False)
    st.caption("How do runs differ, and how did they do?")
    listed = cache.find(selection.shown_storage())
    runs = {each.name: each.run for each in listed if each.run is not None}
    if selection.is_demonstration():
        _watch_for_runs()
    requested = st.query_params.get_all(selection.RUNS)
    kept = st.session_state.get(selection.RUNS, requested or None)
    # If none of them is left, as after the demonstration, it is as if none had been chosen yet.
    if kept is None or (kept and not runs.keys() & {*kept}):
        st.session_state[selection.RUNS] = _worth_comparing(runs)  # and so in the address: a later run changes nothing
    names = st.multiselect(
        "Runs",
        list(runs),
        key=selection.RUNS,
        bind="query-params",
        max_selections=theme.MOST_LINES,
        help="Choose two to five.",
    )
    if missing := [name for name in requested if name not in runs]:
        st.warning(f"There is no readable run named {plain(', '.join(missing))}.")
    faults.of_runs(listed)
    if len(names) < 2:
        layout.nothing_to_show(
            "Choose at least two runs."
            if len(runs) > 1
            else "There is only one run yet, so there is nothing to compare."
        )
    chosen = {name: runs[name] for name in names}
    summaries = {name: cache.summarize(run) for name, run in chosen.items()}
    if any(summary.synthetic for summary in summaries.values()):
        which = ", ".join(plain(name) for name, summary in summaries.items() if summary.synthetic)
        st.warning(f"{which}: {sentences.SYNTHETIC}", icon=":material/science:")
    first, *others = names
    for number, other in enumerate(others):
        pair = {name: chosen[name] for name in (first, other)}
        st.markdown(f"{'' if number else '#### '}{plain(in_words(pair, summaries))}")
    if len(others) > 1:
        st.caption("Each test stands alone. With several tests, one may find a difference by chance.")
    _results(summaries, chosen)
    _histories(chosen, summaries)
    for run in chosen.values():
        faults.of_run(run)


@st.fragment(run_every=live.SECONDS_BETWEEN_UPDATES)
@faults.guarded()
def _watch_for_runs() -> None:
    if not selection.is_demonstration():
        st.rerun()


def _worth_comparing(runs: dict[str, KeptRun]) -> list[str]:
    """Return two runs to begin with: the latest that have a complete trial, if there are as many."""
    having = [name for name, run in runs.items() if cache.summarize(run).best is not None]
    return [*having, *(name for name in runs if name not in having)][:2]


def in_words(runs: dict[str, KeptRun], summaries: dict[str, RunSummary]) -> str:
    """Return whether the best trials of two runs differ, or why no test can tell."""
    first, second = runs
    one, other = summaries[first], summaries[second]
    if one.best is None or other.best is None:
        lacking = " and ".join(name for name in (first, second) if summaries[name].best is None)
        kind = "feasible" if one.feasibility or other.feasibility else "complete"
        return f"No trial of {lacking} is {kind}, so there is nothing to compare yet."
    metric = one.metric
    if _validated_on(runs[first].manifest) != _validated_on(runs[second].manifest):
        return (
            f"{first} and {second} were validated on different rows or folds, so no test can tell which is better; "
            "their results are only listed side by side."
        )
    figures = [
        comparisons.by_fold(runs[name].table("curves", best.trial), best.epoch, metric)
        for name, best in ((first, one.best), (second, other.best))
    ]
    names = (f"the best trial of {first}", f"the best trial of {second}")
    training_rows = runs[first].manifest.folds.training_rows
    validation_rows = comparisons.validation_rows(runs[first], one.best, metric)
    contest = comparisons.contest(metric, names, figures[0], figures[1], training_rows, validation_rows)
    sentence = significance.sentence(contest)
    if one.objectives != other.objectives:
        own = "that metric" if len(one.objectives) == 1 else objectives.listed(one.objectives)
        return f"{sentence} {first} optimized {own}, {second} {objectives.listed(other.objectives)}."
    return sentence


def _validated_on(manifest: RunManifest) -> tuple[object, ...]:
    """Return what decides about a run's folds; their hash also depends on the version that made them."""
    folds, seed = manifest.job.folds.model_dump(exclude={"use"}), manifest.job.search.seed
    return (manifest.data.sha256, manifest.dataset.fingerprint, folds, seed, manifest.folds.used)


def result_rows(summary: RunSummary, optimized: Sequence[str]) -> dict[str, str]:
    """Return the results of a run: name → text.

    Args:
        summary: Its summary.
        optimized: The metrics that the runs optimized, which come first, even where this run lacks them.
    """
    rows = {"state": summary.state, "trials": f"{summary.all_trials:,} ({sentences.states(summary)})"}
    if summary.best is None:
        return rows
    rows["best trial"] = str(summary.best.trial)
    if not summary.front.empty:
        rows["on the Pareto front"] = f"{counted(len(summary.front), 'trial')}"
    figures = summary.metrics.to_dict("index")
    names = list(dict.fromkeys((*optimized, *map(str, figures))))
    rows |= {
        label(name): mean_and_spread(name, figures[name]["mean"], figures[name]["std"]) if name in figures else NONE
        for name in names
    }
    for name, scores in summary.classes.to_dict("index").items():
        rows[f"F1 of {name}"] = mean_and_spread("f1", scores["f1_mean"], scores["f1_std"])
        rows[f"false-positive rate of {name}"] = mean_and_spread(
            "false_positive_rate", scores["false_positive_rate_mean"], scores["false_positive_rate_std"]
        )
    ended = summary.trials["seconds"].sum() if len(summary.trials) == summary.all_trials else float("nan")
    rows["time of all trials"] = duration(float(ended))
    return rows


def _results(summaries: dict[str, RunSummary], runs: dict[str, KeptRun]) -> None:
    left, right = st.columns(2, gap="medium")
    optimized = list(dict.fromkeys(name for summary in summaries.values() for name in summary.objectives))
    with left:
        st.markdown("##### Results")
        rows = run_diff.results(
            {name: result_rows(summary, optimized) for name, summary in summaries.items()}
        ).reset_index()
        _table(rows)
        downloads.table(rows, "results")
    with right:
        st.markdown("##### Differences in the configuration")
        settings = run_diff.configurations({name: run.manifest for name, run in runs.items()}).reset_index()
        if settings.empty:
            st.info("None: same job, data, folds, versions and machine.")
        else:
            _table(settings)
            downloads.table(settings, "settings")


def _table(rows: pd.DataFrame) -> None:
    """Show texts, the first column as the heads of the rows. Cells wrap, so that none is cut off."""
    shown = rows.set_index(rows.columns[0]).map(plain)
    st.table(shown.rename(index=plain, columns=plain).rename_axis(index=""))


def _histories(runs: dict[str, KeptRun], summaries: dict[str, RunSummary]) -> None:
    metrics = {summary.metric for summary in summaries.values()}
    if len(metrics) > 1:
        did = "optimized" if all(len(each.objectives) == 1 for each in summaries.values()) else "are ranked by"
        st.info(f"The runs {did} different metrics ({', '.join(map(label, sorted(metrics)))}), so they share no chart.")
        return
    parts = [
        downsampling.thin_history(optimization_history.data(run.trials(), summaries[name].direction)).assign(run=name)
        for name, run in runs.items()
    ]
    data = pd.concat(parts, ignore_index=True)
    if data["best"].notna().any():
        draw(optimization_history.draw_runs(data, metrics.pop(), list(runs)), "Best value so far of each run")
