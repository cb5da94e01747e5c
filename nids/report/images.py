"""Charts as SVG for the page and as PNG for a README, drawn in this process: no browser, no network."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING

import altair as alt
import vl_convert

from nids.analysis.summary import summarize
from nids.charts import class_results, confusion_matrix, loss_curves, optimization_history, theme
from nids.errors import UserError
from nids.metrics.formatting import counted
from nids.report import sentences
from nids.report.front_charts import front_charts

if TYPE_CHECKING:
    from nids.results import Run

INK, PAPER = "#1f2328", "#ffffff"


def svg(chart: alt.TopLevelMixin, name: str) -> str:
    """Return a chart as an SVG element for use inside a page: its text takes the page's colour.

    Args:
        chart: A chart of ``nids.charts``, not themed.
        name: A word, unique in the page; it keeps the element's ids apart from those of other charts.
    """
    drawn: str = vl_convert.vegalite_to_svg(_spec(theme.themed(chart)), allowed_base_urls=[])
    # The library counts its ids on through the process: numbered anew, the same run gives the same page.
    ids: dict[str, int] = {}
    return re.sub(
        r'(\bid="|url\(#)([^")]+)',
        lambda match: f"{match[1]}{name}-{ids.setdefault(match[2], len(ids))}",
        drawn,
    )


def picture(run: Run) -> bytes:
    """Return one PNG of a run: its history, the best trial's results by class, confusion matrix and curves.

    Raises:
        UserError: No trial is complete, so there is nothing to draw.
    """
    summary = summarize(run)
    if summary.best is None:
        raise UserError(f"{summary.run}: there is nothing to draw. {sentences.verdict(summary)}")
    classes = run.manifest.data.classes
    history = optimization_history.draw(optimization_history.data(run.trials(), summary.direction), summary.metric)
    confusion = confusion_matrix.draw(confusion_matrix.data(run.confusions(), summary.best.trial, classes), classes)
    curves = loss_curves.draw(loss_curves.data(run.curves(), summary.best.trial), summary.best.epoch)
    by_class = class_results.draw(class_results.data(run.classes(), summary.best.trial), classes)
    data, count = run.manifest.data, run.manifest.job.folds.drawn
    source = f"{data.rows:,} rows of {data.source}, {summary.folds} of {count} folds"
    trials = counted(summary.all_trials, "trial")
    title = alt.TitleParams(
        f"{summary.run}: {'SYNTHETIC data, ' if summary.synthetic else ''}best of {trials}",
        subtitle=[source, *textwrap.wrap(sentences.verdict(summary), 120)],
        fontSize=17,
        subtitleFontSize=12.5,
        subtitlePadding=5,
        offset=18,
    )
    of_front = front_charts(run.trials(), summary).values() if not summary.front.empty else ()
    composed = alt.concat(history, by_class, confusion, curves, *of_front, columns=2, spacing=30, title=title)
    composed = composed.resolve_scale(color="independent", shape="independent", strokeDash="independent")
    return png(composed)


def png(chart: alt.TopLevelMixin) -> bytes:
    """Return a chart as a PNG on white."""
    spec = _spec(theme.themed(chart, ink=INK, background=PAPER))
    drawn: bytes = vl_convert.vegalite_to_png(spec, scale=2, allowed_base_urls=[])
    return drawn


def _spec(chart: alt.TopLevelMixin) -> dict[str, object]:
    # Altair refuses more than 5000 rows, which a large search has, as they would stand in a notebook.
    with alt.data_transformers.enable("default", max_rows=None):
        spec: dict[str, object] = chart.to_dict()
    return spec
