"""A part of the page "Held-out test": how many alerts a day a threshold would raise, and how many of them true."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from nids.dashboard.components.markdown import plain
from nids.metrics import alerts
from nids.metrics.formatting import value
from nids.report.held_out import by_kind
from nids.results import file_name

if TYPE_CHECKING:
    from nids.dashboard.data.snapshot import KeptRun
    from nids.metrics.evaluation import Evaluation

RATES = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1)
BASE_RATES = (0.00001, 0.0001, 0.001, 0.01, 0.05, 0.1, 0.5)
DEFAULT_RATE = 0.01
CONNECTIONS = (1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000)


def show(run: KeptRun, evaluation: Evaluation, file: str) -> None:
    """Show the alerts a day at a threshold that keeps a false-alarm rate on the folds; nothing without predictions.

    Args:
        run: The run.
        evaluation: What a held-out file says of its detector.
        file: Name of that file.
    """
    folds = run.predictions("out_of_fold")
    predictions = run.predictions(f"predictions-{file_name(file)}")
    if folds is None or predictions is None:
        return
    classes = run.manifest.data.classes
    benign = run.manifest.dataset.benign
    with st.container(border=True):
        st.markdown("##### On your network")
        first, second, third = st.columns(3)
        rate = first.select_slider(
            "Target false-alarm rate",
            RATES,
            DEFAULT_RATE,
            format_func=_percent,
            key="far",
            bind="query-params",
            help="Sets the threshold: the lowest at which at most this share of the folds' benign rows raises an "
            "alert. It never depends on the held-out rows. Nearly all traffic of a network is benign, so even a small "
            "rate makes most alerts false.",
        )
        base_rate = second.select_slider(
            "Attacks among the connections",
            BASE_RATES,
            0.001,
            format_func=_percent,
            key="base",
            bind="query-params",
            help="The base rate. Held-out files have far more attacks than a network has.",
        )
        connections = third.select_slider(
            "Connections per day",
            CONNECTIONS,
            1_000_000,
            format_func=lambda number: f"{number:,}",
            key="day",
            bind="query-params",
        )
        scores = alerts.Predictions.from_table(folds, classes, benign)
        threshold = alerts.threshold_of(scores, rate)
        seen = {each.attack for each in evaluation.attacks if each.seen}
        rows = alerts.Predictions.from_table(predictions, classes, benign)
        consequences = alerts.consequences(rows, threshold, seen, connections, base_rate)
        st.markdown(alerts.in_words(consequences, connections, base_rate))
        detected = by_kind("for attacks", consequences.seen, consequences.unseen)
        st.caption(
            f"Threshold {consequences.threshold:.3g} on the probability of any attack. On {plain(file)}, its "
            f"false-alarm rate is {value('false_alarm_rate', consequences.false_positive_rate)} (target: "
            f"{_percent(rate)}), and its detection rate {detected or 'unknown'}. In brackets: 95 % intervals, as if "
            "rows were drawn independently. Your traffic differs: take this as an order of magnitude."
        )
        decided = alerts.classification_at(predictions, classes, benign, threshold)
        st.caption(
            "Classes at this threshold (the most probable class of attack above it, benign below): accuracy "
            f"{value('accuracy', decided['accuracy'])}, macro-F1 {value('macro_f1', decided['macro_f1'])}."
        )
        benign_rows = int((~scores.is_attack).sum())
        if rate * benign_rows < 1:
            st.caption(
                f"The threshold comes from only {benign_rows:,} benign rows of the folds, too few to set a rate below "
                f"{100 / benign_rows:.2g} %."
            )


def _percent(share: float) -> str:
    return f"{100 * share:g} %"
