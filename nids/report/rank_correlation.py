"""What ``nids correlate`` has measured: its tables and its pictures."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import altair as alt

from nids.analysis.rank_correlation import HELD_OUT, OF_SCHEME, is_sign_turned
from nids.charts import rank_correlation
from nids.metrics.formatting import NONE, mean_and_spread, p_value, signed, value
from nids.metrics.measures import label
from nids.report.images import png
from nids.results import file_name
from nids.tables import print_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from rich.console import Console

    from nids.evaluation.rank_correlation import RankCorrelation
    from nids.storage import Folder

DRAWN = ("macro_f1", "unseen_detection_rate")


def configurations(table: pd.DataFrame) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return headings and rows: each configuration with what the folds said, and what the held-out rows say."""
    columns = _figures(table)
    head = ("", *map(_words, columns), *map(label, HELD_OUT))
    rows = [
        (
            str(row["configuration"]),
            *(mean_and_spread(_figure(name), row[name], row[f"{name}_std"]) for name in columns),
            *(value(name, row[name]) for name in HELD_OUT),
        )
        for row in table.to_dict("records")
    ]
    return head, rows


def correlations(rho: pd.DataFrame) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return headings and rows: Spearman's ρ of each figure of the folds with each of the held-out rows, and its p."""
    rows = []
    for name, group in rho.groupby("validation", sort=False):
        of = group.set_index("held_out")
        cells = (_rho(of["rho"][figure], of["p"][figure]) for figure in HELD_OUT)
        rows.append((_words(str(name)) + (" (sign turned)" if is_sign_turned(_figure(str(name))) else ""), *cells))
    return ("", *map(label, HELD_OUT)), rows


def picture(table: pd.DataFrame, rho: pd.DataFrame, source: str) -> bytes:
    """Return a PNG: the leading figure of each scheme against two figures of the held-out rows.

    Args:
        table: A row a configuration, as ``configurations`` takes it.
        rho: The correlations.
        source: The held-out file's name.
    """
    values = rho.set_index(["validation", "held_out"])["rho"]
    leading = [f"{scheme}: {names[0]}" for scheme, names in OF_SCHEME.items() if f"{scheme}: {names[0]}" in table]
    drawn = [
        rank_correlation.draw(
            table,
            column,
            name,
            f"{column.partition(':')[0]} folds: ρ = {signed(values[column, name], '.2f')}",
            f"{label(_figure(column))}, and {label(name)} on the held-out rows",
        )
        for name in DRAWN
        for column in leading
    ]
    title = alt.TitleParams(
        f"Which cross-validation scheme predicts {source}? {len(table)} configurations",
        subtitle="A circle is a configuration, its line the spread over the folds; ρ is Spearman's rank correlation.",
        fontSize=17,
        subtitleFontSize=12.5,
        offset=18,
    )
    return png(alt.concat(*drawn, columns=len(leading), spacing=34, title=title))


def show(outcome: Sequence[RankCorrelation], console: Console) -> None:
    """Print what ``nids.evaluation.rank_correlation.measure`` returns."""
    for of_file in outcome:
        table, rho = of_file.configurations, of_file.correlations
        print_table(console, f"{of_file.source}: cross-validation and held-out results", *configurations(table))
        print_table(
            console,
            f"{of_file.source}: Spearman's rank correlation over {len(table)} trials; of {len(rho)} such, chance alone "
            f"puts {0.05 * len(rho):.1f} below p = 0.05",
            *correlations(rho),
        )


def write_pictures(outcome: Sequence[RankCorrelation], folder: Folder) -> None:
    """Write a picture of each held-out file into a folder."""
    for of_file in outcome:
        drawn = picture(of_file.configurations, of_file.correlations, of_file.source)
        folder.write(f"{file_name(of_file.source)}.png", drawn)


def _figures(table: pd.DataFrame) -> list[str]:
    return [name for name in table.columns if ": " in name and not name.endswith("_std")]


def _figure(column: str) -> str:
    return column.rpartition(": ")[2]


def _words(column: str) -> str:
    scheme, _, figure = column.partition(": ")
    return f"{scheme}: {label(figure)}"


def _rho(rho: float, p: float) -> str:
    if math.isnan(rho):  # a figure that is the same for all
        return NONE
    return f"{signed(rho, '.2f')} ({p_value(p)})"
