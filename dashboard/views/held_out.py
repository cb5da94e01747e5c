"""The page "Verdict": what the detector would do on traffic that no model was trained on, unseen attacks included."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from dashboard.components import downloads, layout, selection
from dashboard.components.chart import draw
from dashboard.components.markdown import code, plain
from nids import datasets
from nids.charts import attack_types, theme
from nids.charts import held_out as verdict_charts
from nids.metrics import alerts
from nids.metrics.formatting import value
from nids.metrics.measures import label
from nids.report import held_out
from nids.results import UNFINISHED, file_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dashboard.data.snapshot import KeptRun
    from nids.report.held_out import HeldOut

# Of less, the next digit of a share is chance.
FEW = 10
# Of so few rows, each is more than a hundredth.
FEW_ROWS = 100
TILES = (
    ("accuracy", "accuracy", "Share of the rows whose class is right."),
    ("macro_f1", "macro-F1", "Plain mean of the classes' F1: rare classes count as much as frequent ones."),
    ("detection_rate", "attacks flagged", "Share of all attacks that are taken for an attack of any class."),
)
RATES = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1)
BASE_RATES = (0.00001, 0.0001, 0.001, 0.01, 0.05, 0.1, 0.5)
CONNECTIONS = (1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000)


def show() -> None:
    """Show the page."""
    run = layout.begin("What would the detector do on held-out traffic, attacks of unseen types included?")
    judged = held_out.held_out(run)
    faults = st.container()
    if not judged:
        layout.faults(run, faults)
        finalize, baselines = (code(selection.command(verb, run.name)) for verb in ("finalize", "baselines"))
        layout.nothing_to_show(
            f"The held-out files have not been asked yet. {finalize} trains the best trial on all rows and asks them "
            f"once; {baselines} puts other models beside it. {_until_then(run)}{_under_way(run)}"
        )
    files = [found.file for found in judged]
    file = st.segmented_control(
        "Held-out file", files, default=files[0], format_func=plain, required=True, key="file", bind="query-params"
    )
    found = judged[files.index(file or files[0])]
    if found.ours is not None:
        st.markdown(f"#### {plain(in_words(found.ours))}")
        _tiles(found.ours)
        _alerts(run, found.ours, found.file)
    _methods(found, run)
    if found.ours is not None:
        _detail(found, found.ours, run)
    st.caption(plain(held_out.looks(run)))
    layout.faults(run, faults)


def _until_then(run: KeptRun) -> str:
    if run.manifest["job"]["folds"].get("scheme") == "unseen-attacks":
        return (
            "Until then, what says how it does on attacks of types that it has not seen is the types that the folds "
            "withheld: see Overview and Classes."
        )
    return "Until then, no figure of this run says how it does on attacks of types that it has not seen."


def _under_way(run: KeptRun) -> str:
    trained = sum(path.startswith(f"{UNFINISHED}/") and path.endswith(".npz") for path in run.versions)
    if not trained:
        return ""
    models = "1 model of it is" if trained == 1 else f"{trained} models of it are"
    return f" A finalization has begun: {models} trained. If it no longer runs, the same command goes on with it."


def in_words(ours: Mapping[str, Any]) -> str:
    """Return the verdict of one held-out file in a sentence: seen attacks, unseen ones, benign rows."""
    seen, unseen = ours["seen"], ours["unseen"]
    sentence = (
        f"By the most probable class, it flags {_told(seen['flagged'], seen['rows'], 'attacks')} of the "
        f"{_types(seen['types'])} that it knows"
    )
    if unseen["rows"]:
        flagged = _told(unseen["flagged"], unseen["rows"], "attacks")
        sentence += f", and {flagged} of {_types(unseen['types'])} that it never saw"
    benign = ours["rows"] - seen["rows"] - unseen["rows"]
    return f"{sentence}; {_told(ours['figures']['false_positive_rate'], benign, 'benign rows')} raise a false alarm."


def _types(number: int) -> str:
    return "1 type" if number == 1 else f"{number} types"


def _told(share: float | None, rows: int, of: str) -> str:
    """Return a share of rows, with their numbers where so few of them say little; of very few, these alone."""
    text = f"{value('flagged', share)} of the {of}"
    if share is None or not rows:
        return text
    chosen = round(share * rows)
    if rows < FEW_ROWS:
        return f"{chosen} of the {rows} {of}"
    return f"{text} ({chosen:,} of {rows:,})" if min(chosen, rows - chosen) < FEW else text


def _tiles(ours: Mapping[str, Any]) -> None:
    figures, intervals = ours["figures"], ours["intervals"]
    for (measure, words, text), place in zip(TILES, st.columns(3), strict=True):
        with place:
            ends = " to ".join(value(measure, end) for end in intervals[measure])
            st.metric(
                words,
                value(measure, figures[measure]),
                delta=ends,
                delta_color="off",
                delta_arrow="off",
                border=True,
                help=f"{text} Below: 95 % bootstrap interval over the rows.",
            )


def _alerts(run: KeptRun, ours: Mapping[str, Any], file: str) -> None:
    folds = run.predictions("out_of_fold")
    predictions = run.predictions(f"predictions-{file_name(file)}")
    if folds is None or predictions is None:
        return
    classes = run.manifest["data"]["classes"]
    benign = datasets.get(run.manifest["data"]["dataset"]).benign
    with st.container(border=True):
        st.markdown("##### In a network of yours")
        first, second, third = st.columns(3)
        rate = first.select_slider(
            "False-positive rate aimed at",
            RATES,
            0.001,
            format_func=lambda share: f"{100 * share:g} %",
            key="fpr",
            bind="query-params",
            help="Decides the threshold: the lowest at which at most so many of the folds' benign rows raise an alert. "
            "It never comes from the held-out rows. Why this rate: nearly all of a network's traffic is benign: "
            "even a small share of it makes most alerts false ones.",
        )
        base_rate = second.select_slider(
            "Attacks among the connections",
            BASE_RATES,
            0.001,
            format_func=lambda share: f"{100 * share:g} %",
            key="base",
            bind="query-params",
            help="The base rate: held-out files have far more attacks than a network has.",
        )
        connections = third.select_slider(
            "Connections a day", CONNECTIONS, 1_000_000, format_func=lambda n: f"{n:,}", key="day", bind="query-params"
        )
        scores = alerts.Predictions.from_table(folds, classes, benign)
        threshold = alerts.threshold_of(scores, rate)
        seen = {entry["attack"] for entry in ours["attacks"] if entry["seen"]}
        rows = alerts.Predictions.from_table(predictions, classes, benign)
        found = alerts.consequences(rows, threshold, seen, connections, base_rate)
        st.markdown(alerts.in_words(found, connections, base_rate))
        st.caption(
            f"Threshold {found.threshold:.3g} on the probability of any attack. On {plain(file)} it gives a "
            f"false-positive rate of {value('', found.false_positive_rate)} (aimed at: {100 * rate:g} %), flags "
            f"{value('', found.seen)} of the attacks of known types and {value('', found.unseen)} of unseen ones. In "
            "brackets: what chance allows for at 95 %, as if rows were drawn one by one. Your traffic is another: take "
            "this as an order of magnitude."
        )
        benign_rows = int((~scores.is_attack).sum())
        if rate * benign_rows < 1:
            st.caption(
                f"The folds have only {benign_rows:,} benign rows to take the threshold from: a rate below "
                f"{100 / benign_rows:.2g} % cannot be told from none."
            )


def beside_others(found: HeldOut) -> str:
    """Return how many of the other models do better than the detector on a held-out file; empty without any."""
    if found.ours is None or not found.baselines:
        return ""
    parts = []
    for measure in ("accuracy", "macro_f1"):
        own = found.ours["figures"][measure]
        above = [name for name, entry in found.baselines if entry["figures"][measure] > own]
        parts.append(f"{len(above)} {'has' if len(above) == 1 else 'have'} a higher {label(measure)}")
    return f"Of {len(found.baselines)} other models on the same rows, {' and '.join(parts)}."


def _methods(found: HeldOut, run: KeptRun) -> None:
    st.markdown("##### Beside other models")
    st.markdown(plain(beside_others(found)))
    rows = pd.DataFrame(found.rows, columns=["method", *held_out.HEAD[1:]])
    st.dataframe(rows, hide_index=True, alt="A row for each model")
    downloads.table(_figures(found), f"{run.name}-{found.file}")
    left, right = st.columns(2, gap="medium")
    with left:
        curves = verdict_charts.roc_data(found.ours, found.baselines)
        if not curves.empty:
            draw(verdict_charts.roc(curves), "ROC curves: attacks flagged against false-positive rate")
    if found.ours is None:
        return
    with right:
        draw(
            verdict_charts.reliability(verdict_charts.reliability_data(found.ours)),
            "Calibration: how often the detector is right, by how sure it is",
        )


def _figures(found: HeldOut) -> pd.DataFrame:
    """Return a row a model, its figures as numbers: what the table shows is rounded, and for people."""
    models = [*([(found.rows[0][0], found.ours)] if found.ours else []), *found.baselines]
    return pd.DataFrame(
        [
            {"method": name, **entry["figures"]}
            | {f"{part}_flagged": entry[part]["flagged"] for part in ("seen", "unseen")}
            for name, entry in models
        ]
    )


def _detail(found: HeldOut, ours: Mapping[str, Any], run: KeptRun) -> None:
    left, right = st.columns(2, gap="medium")
    with left:
        data = attack_types.attacks_data(ours, datasets.get(run.manifest["data"]["dataset"]).benign)
        draw(attack_types.attacks(data), "Share of each attack type that is flagged, seen and unseen types")
    with right:
        counts = verdict_charts.confusion_data(ours)
        order = counts["actual"].unique().tolist()
        draw(theme.confusion(counts, order, f"rows of {found.file}"), "Confusion matrix of the held-out rows")
        for note in found.notes:
            st.caption(plain(note))
    if place := layout.unfolded("By class", "classes"):
        with place:
            classes = pd.DataFrame(found.classes, columns=["class", *held_out.CLASS_HEAD[1:]])
            st.dataframe(classes, hide_index=True, alt="A row for each class")
            downloads.table(pd.DataFrame(ours["classes"]), f"{run.name}-{found.file}-classes")
    if place := layout.unfolded("By attack type", "attacks"):
        with place:
            attacks = pd.DataFrame(
                found.attacks, columns=["attack", "class", "training had it", "rows", "flagged", "given its class"]
            )
            st.dataframe(attacks, hide_index=True, alt="A row for each attack type")
            downloads.table(pd.DataFrame(ours["attacks"]), f"{run.name}-{found.file}-attacks")
