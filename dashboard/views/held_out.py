"""The page "Held-out test": what the detector does on traffic that no model was trained on, unseen attacks included."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from nids.analysis.baselines import MAJORITY_CLASS
from nids.charts import attack_types, confusion_matrix, reliability, roc_curve
from nids.dashboard.components import downloads, faults, layout, on_your_network, selection
from nids.dashboard.components.chart import draw
from nids.dashboard.components.markdown import code, plain, unbroken
from nids.dashboard.components.tables import sortable
from nids.metrics.formatting import value
from nids.metrics.measure import is_better
from nids.metrics.measures import described, label
from nids.report import held_out
from nids.results import UNFINISHED

if TYPE_CHECKING:
    from nids.dashboard.data.snapshot import KeptRun
    from nids.metrics.evaluation import Evaluation
    from nids.report.held_out import HeldOut

# With fewer rows on one side, the digits of a share are chance.
FEW = 10
# Of fewer rows, each one is more than one per cent.
FEW_ROWS = 100
TILES = ("accuracy", "macro_f1", "detection_rate")


def show() -> None:
    """Show the page."""
    run = layout.begin("What does the detector do on traffic it was not trained on, unseen attacks included?")
    judged, final = held_out.held_out(run), run.final_evaluation()
    warnings = st.container()
    if not judged:
        faults.of_run(run, warnings)
        finalize, baselines = (code(selection.command(verb, run.name)) for verb in ("finalize", "baselines"))
        layout.nothing_to_show(
            f"Not evaluated on the held-out files yet. {finalize} trains the best trial on all rows and evaluates it "
            f"on them once; {baselines} does the same for other models. {_until_then(run)}{_under_way(run)}"
        )
    files = [result.file for result in judged]
    file = st.segmented_control(
        "Held-out file", files, default=files[0], format_func=plain, required=True, key="file", bind="query-params"
    )
    result = judged[files.index(file or files[0])]
    if result.ours is not None:
        st.markdown(f"#### {unbroken(plain(in_words(result.ours)))}")
        _tiles(result.ours)
        if final is not None and final.components:
            st.markdown(plain(held_out.composition(final.components, run.manifest.job.search.metric)))
        on_your_network.show(run, result.ours, result.file)
    if result.not_judged:
        st.markdown(plain(result.not_judged))
    _models(result, run)
    if result.ours is not None:
        _detail(result, result.ours, run)
    st.caption(plain(held_out.accesses(run)))
    faults.of_run(run, warnings)


def _until_then(run: KeptRun) -> str:
    if run.manifest.job.folds.scheme == "unseen-attacks":
        return "Until then, the attack types that the folds withheld show how it does on unseen attacks: see Overview."
    return "Until then, no metric of this run shows how it does on unseen attacks."


def _under_way(run: KeptRun) -> str:
    trained = sum(path.startswith(f"{UNFINISHED}/") and path.endswith(".npz") for path in run.versions)
    if not trained:
        return ""
    models = "1 model is" if trained == 1 else f"{trained} models are"
    return f" Finalizing has started: {models} trained. If it was interrupted, the same command resumes it."


def in_words(evaluation: Evaluation) -> str:
    """Return the result on one held-out file in words: known attacks, unseen ones, false alarms."""
    seen, unseen = evaluation.seen, evaluation.unseen
    known = f"{_portion(seen.detection_rate, seen.rows, 'attacks')} of known types ({_types(seen.types)})"
    sentence = f"By its most probable class, it detects {known}"
    if unseen.rows:
        sentence += f" and {_portion(unseen.detection_rate, unseen.rows, 'attacks')}"
        sentence += f" of unseen types ({_types(unseen.types)})"
    benign = evaluation.rows - seen.rows - unseen.rows
    return (
        f"{sentence}. {_portion(evaluation.figures['false_positive_rate'], benign, 'benign rows')} raise a false alarm."
    )


def _types(number: int) -> str:
    return "1 type" if number == 1 else f"{number} types"


def _portion(share: float | None, rows: int, of: str) -> str:
    """Return a share of rows, with counts where few rows make it uncertain; counts alone for very few."""
    text = f"{value('detection_rate', share)} of the {of}"
    if share is None or not rows:
        return text
    count = round(share * rows)
    if rows < FEW_ROWS:
        return f"{count} of the {rows} {of}"
    return f"{text} ({count:,} of {rows:,})" if min(count, rows - count) < FEW else text


def _tiles(evaluation: Evaluation) -> None:
    figures, intervals = evaluation.figures, evaluation.intervals
    for measure, tile in zip(TILES, st.columns(3), strict=True):
        with tile:
            ends = " to ".join(value(measure, end) for end in intervals[measure])
            st.metric(
                label(measure),
                value(measure, figures[measure]),
                delta=ends,
                delta_color="off",
                delta_arrow="off",
                border=True,
                help=f"{described(measure).definition} Below: 95 % bootstrap interval over the rows.",
            )


def against_baselines(result: HeldOut) -> str:
    """Return how many of the models that learn do better than the detector on a held-out file; empty without any."""
    others = [each for name, each in result.baselines if name != MAJORITY_CLASS]
    if result.ours is None or not others:
        return ""
    parts = []
    for measure in ("accuracy", "macro_f1", "false_positive_rate", "roc_auc"):
        own = result.ours.figure(measure)
        better = sum(is_better(each.figure(measure), own, described(measure).direction) for each in others)
        parts.append(f"{better} {'has' if better == 1 else 'have'} a better {label(measure)}")
    return f"Of {len(others)} other models on the same rows, {', '.join(parts[:-1])} and {parts[-1]}."


def _models(result: HeldOut, run: KeptRun) -> None:
    st.markdown("##### Compared with other models")
    if result.baselines:
        st.markdown(plain(against_baselines(result)))
    else:
        st.markdown(f"There are no baselines yet. Evaluate them with {code(selection.command('baselines', run.name))}.")
    numbers = _metrics(result)
    texts = pd.DataFrame(result.rows, columns=["model", *held_out.HEAD[1:]])
    columns = dict(zip(texts.columns[1:], numbers.columns[1:], strict=True))
    # Without attacks of unseen types, no model has a rate of them.
    columns = {head: name for head, name in columns.items() if numbers[name].notna().any()}
    st.dataframe(
        sortable(
            {
                "model": texts["model"].tolist(),
                **{head: (numbers[name].tolist(), texts[head].tolist()) for head, name in columns.items()},
            }
        ),
        hide_index=True,
        alt="A row for each model",
    )
    downloads.table(numbers, f"{run.name}-{result.file}")
    left, right = st.columns(2, gap="medium")
    with left:
        curves = roc_curve.data(result.ours, result.baselines)
        if not curves.empty:
            draw(roc_curve.draw(curves), "ROC curves: detection rate against false-alarm rate")
    if result.ours is not None:
        with right:
            calibration = reliability.draw(reliability.data(result.ours))
            draw(calibration, "Calibration: how often the detector is right, by how sure it is")


def _metrics(result: HeldOut) -> pd.DataFrame:
    """Return a row a model with the numbers that the table shows rounded."""
    models: list[tuple[str, Evaluation]] = [
        *([(result.rows[0][0], result.ours)] if result.ours else []),
        *result.baselines,
    ]
    return pd.DataFrame(
        [
            {
                "model": name,
                "accuracy": each.figures["accuracy"],
                "macro_f1": each.figures["macro_f1"],
                "seen_detection_rate": each.seen.detection_rate,
                "unseen_detection_rate": each.unseen.detection_rate,
                "false_alarm_rate": each.figures["false_positive_rate"],
                "roc_auc": each.figures["roc_auc"],
            }
            for name, each in models
        ]
    )


def _detail(result: HeldOut, evaluation: Evaluation, run: KeptRun) -> None:
    left, right = st.columns(2, gap="medium")
    with left:
        data = attack_types.data(evaluation, run.manifest.dataset.benign)
        draw(attack_types.draw(data), "Detection rate of each attack type, known and unseen types")
    with right:
        counts = confusion_matrix.data_of_evaluation(evaluation)
        order = counts["actual"].unique().tolist()
        draw(confusion_matrix.draw(counts, order, f"rows of {result.file}"), "Confusion matrix of the held-out rows")
        for note in result.notes:
            st.caption(plain(note))
    if container := layout.unfolded("By class", "classes"):
        with container:
            classes = pd.DataFrame(result.classes, columns=["class", *held_out.CLASS_HEAD[1:]])
            st.dataframe(classes, hide_index=True, alt="A row for each class")
            downloads.table(
                pd.DataFrame([each.model_dump() for each in evaluation.classes]), f"{run.name}-{result.file}-classes"
            )
    if container := layout.unfolded("By attack type", "attacks"):
        with container:
            attacks = pd.DataFrame([each.model_dump() for each in evaluation.attacks])
            attacks = attacks.sort_values(["seen", "rows"], ascending=[True, False])
            rates = {
                "detection_rate": ("detection rate", "Share of the rows that are classified as any attack."),
                "recall": ("recall", "Share of the rows whose class is correct."),
            }
            st.dataframe(
                attacks[["attack", "class", "seen", "rows", *rates]],
                hide_index=True,
                alt="A row for each attack type",
                column_config={
                    "attack": st.column_config.TextColumn("attack type"),
                    "seen": st.column_config.CheckboxColumn("known", help="Whether training had this type."),
                    "rows": st.column_config.NumberColumn(format="localized"),
                    **{
                        name: st.column_config.NumberColumn(head, format="percent", help=text)
                        for name, (head, text) in rates.items()
                    },
                },
            )
            downloads.table(attacks, f"{run.name}-{result.file}-attacks")
