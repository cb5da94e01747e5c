"""What can be downloaded of a run: its best configuration, its report, its tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from nids import job_file
from nids.dashboard.data import cache
from nids.report.html import page
from nids.spreadsheet import csv_of

if TYPE_CHECKING:
    import pandas as pd

    from nids.dashboard.data.snapshot import KeptRun


def of_run(run: KeptRun) -> None:
    """Offer a run's best configuration as a job file, its report page and its trials."""
    trials = run.trials()
    best = cache.summarize(run).best
    with st.container(horizontal=True, gap="small"):
        if best is not None:
            row = trials[trials["trial"] == best.trial].to_dict("records")[0]
            st.download_button(
                "Best configuration (TOML)",
                lambda: job_file.for_trial(run.manifest, row).encode(),
                f"{run.name}-trial-{best.trial}.toml",
                "application/toml",
                on_click="ignore",
                icon=":material/tune:",
                help="A job file: `nids search FILE` trains this configuration again, on the same data and folds.",
            )
        st.download_button(
            "Report (HTML)",
            lambda: page(run).encode(),
            f"{run.name}.html",
            "text/html",
            on_click="ignore",
            icon=":material/description:",
            help="The report as one self-contained page.",
        )
        table(trials, f"{run.name}-trials", "All trials (CSV)")


def table(content: pd.DataFrame, name: str, label: str = "Download CSV") -> None:
    """Offer a table as CSV, in which no text is a formula."""
    st.download_button(
        label,
        lambda: csv_of(content),
        f"{name}.csv",
        "text/csv",
        on_click="ignore",
        icon=":material/download:",
        key=f"csv-{name}",
    )
