"""What a report of a fault begins with: which versions are at work."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

# Those that figures or behaviour depend on.
PACKAGES = (
    "ray",
    "optuna",
    "tensorflow",
    "keras",
    "scikit-learn",
    "imbalanced-learn",
    "pandas",
    "pyarrow",
    "streamlit",
)


def text() -> str:
    """Return the version of nids, then of Python, of the machine and of each of ``PACKAGES``, a line each."""
    lines = [f"nids {version('nids')}", f"Python {platform.python_version()}", platform.platform()]
    for package in PACKAGES:
        try:
            lines.append(f"{package} {version(package)}")
        except PackageNotFoundError:  # TensorFlow also comes as tensorflow-cpu, say
            lines.append(f"{package} is not installed")
    return "\n".join(lines)
