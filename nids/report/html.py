"""The report as one page: no script, no network, nothing but the file itself."""

from __future__ import annotations

from datetime import UTC
from functools import partial
from typing import TYPE_CHECKING, Any

import jinja2
import pandas as pd
from markupsafe import Markup, escape

from nids.analysis import baselines, repeats
from nids.analysis.class_results import CLASS_MEASURES
from nids.analysis.summary import RunSummary, summarize
from nids.charts import (
    class_results,
    confusion_matrix,
    loss_curves,
    optimization_history,
    param_importances,
    reliability,
    roc_curve,
)
from nids.command_line import command_on
from nids.metrics.formatting import NONE, duration, mean_and_spread, setting
from nids.metrics.measures import label
from nids.report import cells, held_out, objectives, sentences, significance
from nids.report.front_charts import front_charts
from nids.report.images import svg
from nids.results.gaps import gaps_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from nids.report.held_out import HeldOut
    from nids.results import Run

FILE = "report.html"


def write(run: Run, base_rate: float = held_out.BASE_RATE) -> str:
    """Write the page into the run's folder, replacing an older one, and return its path or URI."""
    run.folder.write(FILE, page(run, base_rate).encode())
    return f"{run.uri}/{FILE}"


def page(run: Run, base_rate: float = held_out.BASE_RATE) -> str:
    """Return the page's HTML. Every text of the run is escaped.

    Args:
        run: The run.
        base_rate: As for ``nids.report.held_out.held_out``.
    """
    trials_of_run = run.trials()
    summary = summarize(run, trials_of_run)
    manifest = run.manifest
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("nids.report", "."), autoescape=True, undefined=jinja2.StrictUndefined
    )
    environment.filters["code"] = _with_code
    head, trials = cells.trials(summary)
    judged = held_out.held_out(run, base_rate)
    again = repeats.repeated_trials(run, trials_of_run)
    compared = baselines.figures_by_fold(run, summary.best) if summary.best else pd.DataFrame()
    return environment.get_template("page.html").render(
        t=summary,
        manifest=manifest,
        started=_time(manifest.created),
        updated=_time(run.status.updated) if run.status.updated else "–",
        took=duration(run.seconds) if run.seconds is not None else "",
        wording=sentences,
        gaps=gaps_of(run).in_words(run.uri),
        verdict=sentences.headline(summary, compared)
        .replace(" ±", "\N{NO-BREAK SPACE}±")
        .replace(" %", "\N{NO-BREAK SPACE}%"),
        on_held_out=held_out.in_words(run, trials_of_run),
        on_objectives=[*objectives.in_words(trials_of_run, summary), *repeats.in_words(run, trials_of_run, again)],
        again_title=repeats.TITLE,
        again=None if again.empty else cells.repeats(again, summary.metric),
        front=cells.front(summary) if not summary.front.empty else None,
        front_title=objectives.front_title(summary),
        how_to_pick=objectives.how_to_pick(trials_of_run, summary, partial(command_on, run.uri, "finalize")),
        tiles=_tiles(summary),
        metrics=cells.metrics(summary),
        notes=cells.notes(summary),
        notes_on_ranges=cells.notes_on_ranges(summary),
        measures=[label(name) for name in CLASS_MEASURES],
        classes=cells.classes(summary),
        attacks=cells.attacks(summary),
        ranges=cells.ranges(summary),
        hyperparameters=cells.hyperparameters(summary),
        failures=list(summary.failures.itertuples(index=False)),
        baselines=cells.baselines(compared) if not compared.empty else None,
        ours=compared.loc[compared["ours"], "method"].nunique() if not compared.empty else 0,
        sentences=significance.against_baselines(compared, summary.best.trial)
        if summary.best and not compared.empty
        else [],
        held_out=judged,
        class_head=held_out.CLASS_HEAD,
        alerts_head=held_out.alerts_head(base_rate),
        held_out_head=held_out.HEAD,
        accesses=held_out.accesses(run),
        trials_head=head,
        trials=trials,
        configuration=list(_flat(manifest.job.model_dump())),
        pictures=_pictures(run, trials_of_run, summary, judged),
    )


def _time(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _with_code(text: str) -> Markup:
    """Return a text with what stands between backticks as code, escaped."""
    parts = [escape(part) for part in text.split("`")]
    return Markup("").join(Markup("<code>{}</code>").format(part) if i % 2 else part for i, part in enumerate(parts))


def _pictures(
    run: Run, trials_of_run: pd.DataFrame, summary: RunSummary, judged: Sequence[HeldOut]
) -> dict[str, Markup]:
    """Return those charts that there is data for."""
    drawn: dict[str, Any] = {}
    if summary.trials["value"].notna().any():
        drawn["history"] = optimization_history.draw(
            optimization_history.data(trials_of_run, summary.direction), summary.metric
        )
    if not summary.front.empty:
        drawn |= front_charts(trials_of_run, summary)
    if summary.importances:
        drawn["importances"] = param_importances.draw(param_importances.data(summary.importances))
    if summary.best is not None:
        classes, best = run.manifest.data.classes, summary.best
        scores = class_results.data(run.table("classes", best.trial), best.trial)
        curves = loss_curves.data(run.table("curves", best.trial), best.trial)
        confusion = confusion_matrix.data(run.table("confusions", best.trial), best.trial, classes)
        if not scores.empty:
            drawn["classes"] = class_results.draw(scores, classes)
        if confusion["count"].any():
            drawn["confusion"] = confusion_matrix.draw(confusion, classes)
        if not curves.empty:
            drawn["curves"] = loss_curves.draw(curves, best.epoch)
    drawn |= _of_held_out(judged)
    # The drawing library has escaped the run's texts in them, as in any SVG.
    return {name: Markup(svg(chart, name)) for name, chart in drawn.items()}


def _of_held_out(judged: Sequence[HeldOut]) -> dict[str, Any]:
    drawn: dict[str, Any] = {}
    for i, file in enumerate(judged):
        curves = roc_curve.data(file.ours, file.baselines)
        if not curves.empty:
            drawn[f"roc{i}"] = roc_curve.draw(curves)
        if file.ours is not None:
            counted = confusion_matrix.data_of_evaluation(file.ours)
            drawn[f"confusion{i}"] = confusion_matrix.draw(
                counted, counted["actual"].unique().tolist(), "held-out rows"
            )
            drawn[f"reliability{i}"] = reliability.draw(reliability.data(file.ours))
    return drawn


def _tiles(summary: RunSummary) -> list[tuple[str, str, str, list[tuple[str, str]]]]:
    """Return name, mean, spread, and published and majority class's figures of the measures that are seen first."""
    head, metrics = cells.metrics(summary)
    texts = {row[0]: row for row in metrics}
    rows = summary.metrics.to_dict("index")
    tiles = []
    for name in sentences.seen_first(summary):
        if name in rows:
            mean, _, spread = mean_and_spread(name, rows[name]["mean"], rows[name]["std"]).partition(" ± ")
            unit = " %" if spread.endswith(" %") else ""
            *published, majority = list(zip(head, texts[label(name)], strict=True))[2:]
            # It reaches nothing in what has no meaning for it, such as a network's parameters.
            others = [*published, *([majority] if majority[1] != NONE else [])]
            tiles.append((label(name), mean + unit, spread, others))
    return tiles


def _flat(section: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, entry in section.items():
        if isinstance(entry, dict):
            yield from _flat(entry, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", setting(entry)
