"""What the server runs for each visitor, and again after each choice: the list of pages, and the chosen page."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from nids.dashboard.components import faults, selection
from nids.dashboard.serving import login
from nids.dashboard.views import classes, cluster, compare, held_out, overview, runs, trials

ICON = Path(__file__).parent / "icon.svg"


def main() -> None:
    """Show the page that the visitor has chosen."""
    st.set_page_config(page_title="nids", page_icon=str(ICON), layout="wide")
    if not login.is_open():
        return
    pages = {
        runs.show: ("Runs", "list"),
        overview.show: ("Overview", "speed"),
        trials.show: ("Trials", "scatter_plot"),
        classes.show: ("Classes", "category"),
        held_out.show: ("Held-out test", "fact_check"),
        compare.show: ("Compare", "compare_arrows"),
        cluster.show: ("Cluster", "dns"),
    }
    listed = [
        st.Page(
            show,
            title=title,
            icon=f":material/{icon}:",
            url_path=title.lower().removesuffix(" test"),
            default=title == "Runs",
        )
        for show, (title, icon) in pages.items()
    ]
    # Links of earlier versions.
    verdict = st.Page(held_out.show, title="Held-out test", url_path="verdict", visibility="hidden")
    chosen = st.navigation([*listed, verdict], position="top")
    st.set_page_config(page_title=f"{chosen.title} · nids")
    st.session_state[selection.PAGES] = {page.url_path or "runs": page for page in listed}
    with faults.guarded():
        chosen.run()


if __name__ == "__main__":
    main()
