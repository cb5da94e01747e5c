"""What differs between runs: in their configuration, and in what came of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pandas as pd

from nids.metrics.formatting import NONE, setting

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from nids.results import RunManifest

# What of a manifest says how a run was made; the rest follows from it, or is of the machine.
SECTIONS = {"job", "data", "folds", "versions", "machine"}
# Long, and implied by other entries.
LEFT_OUT = (
    "job.name",
    "job.data.rows",
    "data.class_counts",
    "folds.training_rows",
    "folds.synthetic_rows",
    "folds.validation_rows",
    "folds.withheld",
)


def configurations(manifests: Mapping[str, RunManifest]) -> pd.DataFrame:
    """Return the settings in which runs differ: index the settings, a column a run, texts.

    Args:
        manifests: Name → manifest.
    """
    flat = {
        name: dict(flattened(manifest.model_dump(mode="json", include=SECTIONS)))
        for name, manifest in manifests.items()
    }
    keys = dict.fromkeys(key for settings in flat.values() for key in settings if not key.startswith(LEFT_OUT))
    rows = {key: [setting(settings.get(key)) for settings in flat.values()] for key in keys}
    differing = {key: [*map(_shortened, row)] for key, row in rows.items() if len(set(row)) > 1}
    table = pd.DataFrame.from_dict(differing, orient="index", columns=list(flat), dtype=object)
    return table.rename_axis("setting")


def _shortened(text: str) -> str:
    """Return the first digits of a SHA-256, which would take a table's width, and any other text as it is."""
    return f"{text[:12]}…" if re.fullmatch(r"[0-9a-f]{64}", text) else text


def flattened(section: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Return the entries of nested dictionaries, each under its path: ("search.trials", 16)."""
    for key, entry in section.items():
        if isinstance(entry, dict) and entry:
            yield from flattened(entry, f"{prefix}{key}.")
        elif entry not in ({}, [], None):
            yield f"{prefix}{key}", entry


def results(rows: Mapping[str, Mapping[str, str]]) -> pd.DataFrame:
    """Return what came of runs, a column a run.

    Args:
        rows: Name of a run → figure → its text; a figure that a run lacks is "–".
    """
    figures: Sequence[str] = list(dict.fromkeys(figure for texts in rows.values() for figure in texts))
    columns = {name: [texts.get(figure, NONE) for figure in figures] for name, texts in rows.items()}
    return pd.DataFrame(columns, index=pd.Index(figures, name="result"), dtype=object)
