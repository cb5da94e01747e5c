"""What the server tells the pages: environment variables, which it sets before it runs the first page."""

from __future__ import annotations

import os

STORAGE = "NIDS_DASHBOARD_STORAGE"
ACCESS = "NIDS_DASHBOARD_ACCESS"


def storage() -> str:
    """Return the storage whose runs are shown: a folder, or a URI."""
    return os.environ.get(STORAGE, "runs")


def access() -> str | None:
    """Return who is let in, as JSON of ``nids.dashboard.serving.login_file.Access``; None if no login is asked for."""
    return os.environ.get(ACCESS)
