"""The job files that come with the program, found by their name: ``quick``, ``quick.toml`` or ``jobs/quick.toml``."""

from __future__ import annotations

from pathlib import Path

# Of an installed package, and of a checkout.
FOLDERS = (Path(__file__).parent / "jobs", Path(__file__).parents[1] / "jobs")


def names() -> list[str]:
    """Return the names of the job files, sorted, without their ending."""
    return sorted(path.stem for path in _paths())


def resolve(path: Path) -> Path:
    """Return the file at a path, or, where there is none, the job file of that name that comes with the program."""
    if path.exists() or path.parent not in (Path(), Path("jobs")) or path.suffix not in ("", ".toml"):
        return path
    return next((shipped for shipped in _paths() if shipped.stem == path.name.removesuffix(".toml")), path)


def _paths() -> list[Path]:
    folder = next(folder for folder in FOLDERS if folder.is_dir())
    return sorted(folder.glob("*.toml"))
