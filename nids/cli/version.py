"""What a report of a fault begins with: which versions are at work."""

from __future__ import annotations

import platform
from importlib.metadata import version

from nids.models import backend


def versions_text() -> str:
    """Return the versions of nids, of Python, of the machine, and of what a run records, a line each."""
    return "\n".join(
        [
            f"nids {version('nids')}",
            f"Python {platform.python_version()}",
            platform.platform(),
            *(f"{package} {number}" for package, number in backend.versions().items()),
            f"streamlit {version('streamlit')}",
        ]
    )
