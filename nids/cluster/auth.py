"""The token that Ray's clients and clusters know each other by."""

from __future__ import annotations

import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path

MODE, TOKEN, TOKEN_PATH = "RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"


def use_token() -> None:
    """Have Ray, in this process and those that it starts, send the user's token, if there is one.

    Ray 2.60 sends none unless told to, and reads its settings when it is imported: so this comes before. It is for what
    talks to a job server, to which a token too many does no harm, and for a cluster that is started here. A driver that
    asks for tokens would be cut off from the workers of a cluster that knows of none: there, the user says which it is,
    with ``RAY_AUTH_MODE``, which this never overrules.
    """
    if MODE not in os.environ and token():
        os.environ[MODE] = "token"


def make_token() -> None:
    """Make a token where there is none, for a cluster that is about to be started."""
    if os.environ.get(MODE, "token") == "token" and TOKEN_PATH not in os.environ and token() is None:
        _create(default_path())


def token() -> str | None:
    """Return the token, from the places where Ray looks for it, or None if there is none."""
    if value := os.environ.get(TOKEN):
        return value
    path = Path(os.environ.get(TOKEN_PATH) or default_path())
    try:
        return path.read_text(encoding="utf-8").strip() or None
    except FileNotFoundError:
        return None


def default_path() -> Path:
    """Return where Ray looks for a token that no environment variable names."""
    return Path.home() / ".ray" / "auth_token"


def _create(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Whoever can read it can run code on the cluster. Ray's own command makes it readable by everybody.
    descriptor, made = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(32))
        with suppress(FileExistsError):  # another process was quicker: its token is as good
            os.link(made, path)
    finally:
        Path(made).unlink()
