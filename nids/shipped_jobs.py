"""The job files that come with the program, found by their name: ``quick``, ``quick.toml`` or ``jobs/quick.toml``."""

from __future__ import annotations

from pathlib import Path

# In a checkout a link to the folder at its top; a wheel holds the files themselves.
FOLDER = Path(__file__).parent / "jobs"


def names() -> list[str]:
    """Return the names of the job files, sorted, without their ending."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def resolve(path: Path) -> Path:
    """Return the file at a path, or, where there is none, the job file of that name that comes with the program."""
    if path.is_file() or path.parent not in (Path(), Path("jobs")) or path.suffix not in ("", ".toml"):
        return path
    return next((shipped for shipped in FOLDER.glob("*.toml") if shipped.stem == path.name.removesuffix(".toml")), path)
