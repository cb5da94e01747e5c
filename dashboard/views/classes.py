"""The page "Classes": which classes a model confuses, and how much its results vary from fold to fold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from nids.analysis import class_results
from nids.analysis.class_results import CLASS_MEASURES, attack_summary, class_summary
from nids.charts import class_results as class_chart
from nids.charts import confusion_matrix
from nids.dashboard.components import downloads, faults, layout, selection
from nids.dashboard.components.chart import draw
from nids.dashboard.components.markdown import plain, unbroken
from nids.dashboard.components.tables import sortable
from nids.dashboard.data import cache
from nids.metrics.formatting import interval, mean_and_spread
from nids.metrics.measures import described, label

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pandas.io.formats.style import Styler

    from nids.analysis.class_results import Judged
    from nids.dashboard.data.snapshot import KeptRun

NOTHING = "none"
ALL_FOLDS = "all"
# What the sentence above the table is about comes first: a phone shows three columns.
MEASURES = ("f1", *(name for name in CLASS_MEASURES if name != "f1"))


def show() -> None:
    """Show the page."""
    run = layout.begin("Which classes does the detector confuse, and how consistently?")
    summary = cache.summarize(run)
    if not run.trials()["value"].notna().any():
        faults.of_run(run)
        layout.nothing_to_show(
            "The trials cannot be read." if run.faults else "No trial has completed its first epoch yet."
        )
    order = run.manifest.data.classes
    best = summary.best.trial if summary.best else None
    first, second = st.columns(2)
    with first:
        number = selection.trial(run, best)
    if number is None:
        faults.of_run(run)
        kind = "feasible" if summary.feasibility else "complete"
        layout.nothing_to_show(f"No trial is {kind} yet. Choose another trial above.")
    with second:
        other = _other(run, number, order)
    judged = [class_results.of_trial(run, number), *([other] if other else [])]
    if judged[0].classes.empty:
        faults.of_run(run)
        layout.nothing_to_show(f"Trial {number} has no results by class.")
    summaries = [class_summary(model.classes, order) for model in judged]
    st.markdown(f"#### {unbroken(plain(in_words(judged[0].name, summaries[0], judged[0].confusions)))}")
    _show_table(run, judged, summaries, summary.folds)
    _charts(judged, order, run.manifest.folds.used)
    _attacks(run, number, order)
    faults.of_run(run)


def in_words(name: str, summary: pd.DataFrame, confusions: pd.DataFrame) -> str:
    """Return a model's weakest class, and which class it confuses it with."""
    result = class_results.weakest(summary, confusions)
    if result is None:
        return f"There are no results by class for {name}."
    weakest, predicted, wrong, rows = result
    scores = summary.to_dict("index")[weakest]
    if scores["f1_mean"] == 1:
        return f"{_capital(name)} classifies every row of the folds correctly."
    f1 = mean_and_spread("f1", scores["f1_mean"], scores["f1_std"])
    sentence = f"Weakest class of {name}: {weakest}, with an F1 of {f1}."
    if not rows:
        return sentence
    if not predicted:
        return f"{sentence} All its {rows:,} rows are classified correctly; its precision is low."
    each = " each" if " and " in predicted else ""
    return (
        f"{sentence} Of its {rows:,} rows, {wrong:,}{each} are mistaken for {predicted}, more than for any other class."
    )


def table(models: list[str], summaries: list[pd.DataFrame], folds: int) -> Styler:
    """Return a row a class × model: of each measure mean ± spread, the range of the F1 over the folds, and the rows.

    Args:
        models: Their names.
        summaries: Of each, as ``nids.analysis.class_results.class_summary`` returns it.
        folds: Number of folds.
    """
    records: list[dict[str, Any]] = [
        {"model": model, "class": name, **summary.loc[name]}
        for name in summaries[0].index
        for model, summary in zip(models, summaries, strict=True)
    ]
    columns: dict[str, Any] = {}
    if len(models) > 1:
        columns["model"] = [row["model"] for row in records]
    columns["class"] = [row["class"] for row in records]
    for measure in MEASURES:
        texts = [mean_and_spread(measure, row[f"{measure}_mean"], row[f"{measure}_std"]) for row in records]
        columns[label(measure)] = ([row[f"{measure}_mean"] for row in records], texts)
    if folds > 1:
        texts = [interval("f1", row["f1_min"], row["f1_max"], row["f1_std"]) for row in records]
        columns["F1, lowest to highest fold"] = ([row["f1_min"] for row in records], texts)
    columns["rows"] = [int(row["support"]) for row in records]
    return sortable(columns)


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _other(run: KeptRun, number: int, order: Sequence[str]) -> Judged | None:
    trials, baselines = run.trials(), run.baselines()
    with_results = trials[trials["value"].notna() & (trials["trial"] != number)]
    requested = [name.removeprefix("trial ") for name in st.query_params.get_all("with") if name.startswith("trial ")]
    numbers, _ = selection.offered(with_results, run.direction, requested)
    names = class_results.baseline_names(baselines)
    choices = [NOTHING, *names, *(f"trial {one}" for one in numbers)]
    chosen = st.selectbox(
        "Compare with",
        choices,
        key="with",
        bind="query-params",
        help="Another trial, or a baseline on the same folds if the run has any (`nids baselines`).",
    )
    if chosen in {NOTHING, None}:
        return None
    if chosen in names:
        return class_results.of_baseline(baselines, chosen, order)
    return class_results.of_trial(run, int(chosen.removeprefix("trial ")))


def _show_table(run: KeptRun, judged: list[Judged], summaries: list[pd.DataFrame], folds: int) -> None:
    names = [model.name for model in judged]
    st.dataframe(
        table(names, summaries, folds),
        hide_index=True,
        alt="A row for each class",
        column_config={
            **{label(name): st.column_config.NumberColumn(help=described(name).definition) for name in MEASURES},
            "rows": st.column_config.NumberColumn(format="localized", help="Validation rows of all folds."),
        },
    )
    numbers = [summary.assign(model=name) for name, summary in zip(names, summaries, strict=True)]
    with st.container(horizontal=True, vertical_alignment="center"):
        downloads.table(pd.concat(numbers).reset_index(), f"{run.name}-classes")
        unseen = run.manifest.job.folds.scheme == "unseen-attacks"
        withheld = " Withheld attack types are not among them: see below." if unseen else ""
        st.caption(
            "Mean ± standard deviation over the folds, on validation rows: rows that the model was not trained on."
            + withheld
        )


def _charts(judged: list[Judged], order: Sequence[str], folds: Sequence[int]) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        text = st.segmented_control(
            "Confusion matrix", ["count", "share"], default="count", required=True, key="in", bind="query-params"
        )
        choices = [ALL_FOLDS, *map(str, folds)]
        fold = st.segmented_control("Fold", choices, default=ALL_FOLDS, required=True, key="fold", bind="query-params")
    chosen = None if fold in {ALL_FOLDS, None} else int(fold)
    subtitle = "validation rows of all folds" if chosen is None else f"validation rows of fold {chosen}"
    columns = st.columns(2, gap="medium")
    for model, column in zip(judged, columns, strict=False):
        with column:
            if model.confusions.empty:
                st.info(f"The confusion matrix of {plain(model.name)} cannot be read.")
                continue
            data = confusion_matrix.data(class_results.confusion_of(model, chosen), 0, order)
            chart = confusion_matrix.draw(
                data, order, f"{model.name}, {subtitle}", "share" if text == "share" else "count"
            )
            draw(chart, f"Confusion matrix of {model.name}")
    scores = [class_chart.data(model.classes.assign(trial=0), 0)["score"].min() for model in judged]
    lowest = min(scores) if len(judged) > 1 else None
    # One model's scores stand beside its matrix, those of two below theirs.
    for model, column in zip(judged, columns[1:] if len(judged) == 1 else columns, strict=False):
        with column:
            data = class_chart.data(model.classes.assign(trial=0), 0)
            drawn = class_chart.draw(data, order, lowest)
            draw(drawn, f"Results of {model.name} by class: a circle for each fold")


def _attacks(run: KeptRun, number: int, order: Sequence[str]) -> None:
    attacks = run.table("attacks", number)
    if attacks.empty or not attacks["unseen"].any():
        return
    with st.expander("By attack type: known, and withheld from training", expanded=True):
        st.dataframe(
            attack_summary(attacks, order).reset_index()[["class", "attack", "unseen", "rows", "detected", "correct"]],
            hide_index=True,
            alt="A row for each attack type",
            column_config={
                "attack": st.column_config.TextColumn("attack type"),
                "unseen": st.column_config.CheckboxColumn(help="Withheld from the training part of that fold."),
                "rows": st.column_config.NumberColumn(format="localized"),
                "detected": st.column_config.NumberColumn(
                    "detection rate", format="percent", help="Share of the rows that are classified as any attack."
                ),
                "correct": st.column_config.NumberColumn(
                    "recall", format="percent", help="Share of the rows whose class is correct."
                ),
            },
        )
