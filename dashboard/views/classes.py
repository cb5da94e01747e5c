"""The page "Classes": which class fails, how surely, and into what it is confused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from dashboard.components import downloads, layout, selection
from dashboard.components.chart import draw
from dashboard.components.markdown import plain
from dashboard.data import cache
from nids.analysis import class_results as models
from nids.analysis.summary import CLASS_MEASURES, class_summary
from nids.charts import theme
from nids.metrics.formatting import interval, mean_and_spread
from nids.metrics.measures import label

if TYPE_CHECKING:
    from dashboard.data.snapshot import KeptRun
    from nids.analysis.class_results import Judged

NOTHING = "nothing"
ALL_FOLDS = "all"
HELP = {
    "precision": "Of the rows put in the class, the share that belongs there.",
    "recall": "Of the class's rows, the share that is found: its detection rate.",
    "f1": "Harmonic mean of precision and recall. Macro-F1 is the plain mean over the classes: rare ones count alike.",
    "false_positive_rate": "Of the rows of all other classes, the share that is put in this class. Of the attack "
    "classes together it decides how many false alarms there are: benign traffic is most of a network's.",
}


def show() -> None:
    """Show the page."""
    run = layout.begin("Which class fails, how surely, and into what is it confused?")
    summary = cache.summarize(run)
    if not run.trials()["value"].notna().any():
        layout.faults(run)
        layout.nothing_to_show(
            "No trial can be read." if run.faults else "No trial has results by class yet: no first epoch has ended."
        )
    order = run.manifest["data"]["classes"]
    best = summary.best.trial if summary.best else None
    first, second = st.columns(2)
    with first:
        number = selection.trial(run, best)
    if number is None:
        layout.faults(run)
        layout.nothing_to_show("No trial is complete yet. Choose one of the others, above.")
    with second:
        other = _other(run, number, order)
    ours = models.of_trial(run, number)
    if ours.classes.empty:
        layout.faults(run)
        layout.nothing_to_show(f"Trial {number} has no results by class.")
    by_class = class_summary(ours.classes, order)
    st.markdown(f"#### {plain(in_words(ours.name, by_class, ours.confusions))}")
    rows = table(ours.name, by_class, summary.folds)
    if other is not None:
        rows = pd.concat([rows, table(other.name, class_summary(other.classes, order), summary.folds)])
        rows = rows.sort_values("class", key=lambda column: column.map(order.index), kind="stable")
    else:
        rows = rows.drop(columns="model")
    judged = [ours, *([other] if other else [])]
    figures = pd.concat([class_summary(each.classes, order).assign(model=each.name) for each in judged]).reset_index()
    unseen = run.manifest["job"]["folds"].get("scheme") == "unseen-attacks"
    _show_table(rows, figures, run.name, unseen=unseen)
    _pictures(judged, order, run.manifest["folds"]["used"])
    _attacks(run, number)
    layout.faults(run)


def in_words(name: str, summary: pd.DataFrame, confusions: pd.DataFrame) -> str:
    """Return which class a model is weakest on, and what it takes that class's rows for."""
    found = models.weakest(summary, confusions)
    if found is None:
        return f"There are no figures by class of {name}."
    worst, taken_for, wrong, rows = found
    scores = summary.to_dict("index")[worst]
    f1 = mean_and_spread("f1", scores["f1_mean"], scores["f1_std"])
    if scores["f1_mean"] == 1:
        return f"{name} puts every row of the folds in its class."
    sentence = f"{worst} is what {name} is weakest on: F1 {f1}"
    if not rows:
        return f"{sentence}."
    if not taken_for:
        return f"{sentence}; all its {rows:,} rows are found, so what it lacks is precision."
    return f"{sentence}. Of its {rows:,} rows, {wrong:,} are taken for {taken_for}; no other class takes more of them."


def table(name: str, summary: pd.DataFrame, folds: int) -> pd.DataFrame:
    """Return a row a class as text: model, class, of each measure mean ± spread, the range over the folds, and rows."""
    columns: dict[str, list[str]] = {
        "model": [name] * len(summary),
        "class": [*map(str, summary.index)],
    }
    records = summary.to_dict("records")
    # What the sentence above is about comes first: a telephone shows three columns.
    for measure in sorted(CLASS_MEASURES, key=lambda name: name != "f1"):
        columns[label(measure)] = [
            mean_and_spread(measure, row[f"{measure}_mean"], row[f"{measure}_std"]) for row in records
        ]
    if folds > 1:
        columns["F1, lowest–highest fold"] = [
            interval("f1", row["f1_min"], row["f1_max"], row["f1_std"]) for row in records
        ]
    columns["rows"] = [f"{int(rows):,}" for rows in summary["support"]]
    return pd.DataFrame(columns)


def _other(run: KeptRun, number: int, order: list[str]) -> Judged | None:
    trials = run.trials()
    baselines = run.baselines()
    having = trials[trials["value"].notna() & (trials["trial"] != number)]
    asked = [name.removeprefix("trial ") for name in st.query_params.get_all("beside") if name.startswith("trial ")]
    numbers, _ = selection.offered(having, run.direction, asked)
    named = models.baseline_names(baselines)
    choices = [NOTHING, *named, *(f"trial {one}" for one in numbers)]
    chosen = st.selectbox(
        "Beside",
        choices,
        key="beside",
        bind="query-params",
        help="Another trial, or a baseline on the same folds, if the run has them (`nids baselines`).",
    )
    if chosen in {NOTHING, None}:
        return None
    if chosen in named:
        return models.of_baseline(baselines, chosen, order)
    return models.of_trial(run, int(chosen.removeprefix("trial ")))


def _show_table(rows: pd.DataFrame, figures: pd.DataFrame, name: str, *, unseen: bool) -> None:
    st.dataframe(
        rows,
        hide_index=True,
        alt="A row for each class",
        column_config={label(measure): st.column_config.TextColumn(help=text) for measure, text in HELP.items()},
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        downloads.table(figures, f"{name}-classes")
        withheld = " Attack types that a fold withheld are not among these rows: see below." if unseen else ""
        st.caption("Mean ± standard deviation over the folds, on rows that the model was not trained on." + withheld)


def _pictures(shown: list[Judged], order: list[str], folds: list[int]) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        text = st.segmented_control(
            "Confusion matrix in", ["count", "share"], default="count", required=True, key="in", bind="query-params"
        )
        choices = [ALL_FOLDS, *map(str, folds)]
        fold = st.segmented_control(
            "of fold", choices, default=ALL_FOLDS, required=True, key="fold", bind="query-params"
        )
    of = None if fold in {ALL_FOLDS, None} else int(fold)
    subtitle = "validation rows of all folds, summed" if of is None else f"validation rows of fold {of}"
    places = st.columns(2, gap="medium")
    for found, place in zip(shown, places, strict=False):
        with place:
            if found.confusions.empty:
                st.info(f"What {plain(found.name)} takes for what cannot be read.")
                continue
            data = theme.confusion_data(models.confusion_of(found, of), 0, order)
            drawn = theme.confusion(data, order, f"{found.name}, {subtitle}", "share" if text == "share" else "count")
            draw(drawn, f"Confusion matrix of {found.name}")
    scores = [theme.class_results_data(found.classes.assign(trial=0), 0)["score"].min() for found in shown]
    lowest = min(scores) if len(shown) > 1 else None
    # Beside one matrix stand its scores; below two, those of each.
    for found, place in zip(shown, places[1:] if len(shown) == 1 else places, strict=False):
        with place:
            _scores(found, order, lowest)


def _scores(found: Judged, order: list[str], lowest: float | None) -> None:
    data = theme.class_results_data(found.classes.assign(trial=0), 0)
    draw(theme.class_results(data, order, lowest), f"Results of {found.name} by class: a circle for each fold")


def _attacks(run: KeptRun, number: int) -> None:
    attacks = run.table("attacks", number)
    if attacks.empty or not attacks["unseen"].any():
        return
    with st.expander("By attack type: known, and withheld from training", expanded=True):
        sums = attacks.groupby(["class", "attack", "unseen"], as_index=False)[["rows", "flagged", "recognized"]].sum()
        sums["flagged"], sums["recognized"] = sums["flagged"] / sums["rows"], sums["recognized"] / sums["rows"]
        st.dataframe(
            sums,
            hide_index=True,
            alt="A row for each attack type",
            column_config={
                "unseen": st.column_config.CheckboxColumn(help="Withheld from the training part of that fold."),
                "flagged": st.column_config.NumberColumn(format="percent", help="Taken for any attack."),
                "recognized": st.column_config.NumberColumn(format="percent", help="Given their own class."),
            },
        )
