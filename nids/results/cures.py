"""What to do about a file of a run that cannot be read."""

from __future__ import annotations

import pyarrow as pa

from nids.command_line import command, command_on
from nids.errors import DamagedFileError, NotAFileError, beginning

# What files that something else has written may come to in a program that expects its own. What reads one run alone may
# end with it; what shows many goes on with the others.
FOREIGN = (
    *(KeyError, TypeError, ValueError, AttributeError, IndexError, ArithmeticError, RecursionError, MemoryError),
    *(pa.ArrowException, OSError),
)

LONGEST_REASON = 400  # characters of what a library says of a file


def unexpected(error: Exception) -> str:
    """Return in words that a run cannot be shown, for one of ``FOREIGN``."""
    found = beginning(str(error), LONGEST_REASON)
    return f"one of the run's files has unexpected content ({type(error).__name__}: {found})."


def damaged(folder: str, path: str, reason: str, error: Exception | None = None) -> DamagedFileError:
    """Return the error that a file is damaged, with the cure.

    Args:
        folder: The run's folder, a path or a URI.
        path: The file's path in it.
        reason: What was found, and what was expected.
        error: What was raised when it was read.
    """
    if isinstance(error, NotAFileError):
        reason = error.reason
    elif error is not None:
        reason += f" ({beginning(str(error), LONGEST_REASON)})"
    return DamagedFileError(f"{folder}/{path}: {reason}. {cure(folder, path)}")


def with_cure(error: DamagedFileError, run: str, path: str) -> str:
    """Return the message of an error with the cure after it, unless it has it; run and path as for ``cure``."""
    text, what_to_do = str(error), cure(run, path)
    return text if what_to_do in text else f"{text} {what_to_do}"


def cure(run: str, path: str) -> str:
    """Return in a sentence what brings back a file of a run.

    Args:
        run: The run's folder, a path or a URI.
        path: The file's path in it.
    """
    match path.partition("/")[0]:
        case "manifest.json":
            storage, _, name = run.rpartition("/")
            return (
                "Nothing else tells what the run searched: put back a copy of the file, or start a new search. "
                f"`{command(storage, 'runs', 'delete', name)}` deletes what is left."
            )
        case "notes.json":
            return "Delete the file: it holds nothing but the run's note and tags."
        case "status.json":
            return f"`{command_on(run, 'repair')}` writes it again, from the tables."
        case "final":
            return f"Write it again with `{command_on(run, 'finalize', '--again')}`."
        case "baselines":
            return f"Write it again with `{command_on(run, 'baselines', '--again')}`."
        case _:
            repair, resume = (command_on(run, verb) for verb in ("repair", "resume"))
            return f"`{repair}` moves it away, and `{resume}` runs the trials again that it held."
