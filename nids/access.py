"""The token that Ray's clients and clusters know each other by."""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path

MODE, TOKEN, TOKEN_PATH = "RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"


def use_token(*, create: bool = False) -> None:
    """Have Ray, here and in the processes started here, use the user's token, unless ``RAY_AUTH_MODE`` is set.

    By itself Ray 2.60 sends no token to a cluster unless told to, even if it has one, and is then refused.

    Args:
        create: Make a token where there is none, for a cluster that is about to be started.
    """
    if MODE in os.environ:
        return
    if not has_token():
        if not create:
            return
        _create(default_path())
    os.environ[MODE] = "token"
    if "ray" in sys.modules:
        from ray._raylet import Config  # type: ignore[attr-defined]

        Config.initialize("")  # it has read its settings already; Ray itself has it read them again in this way


def has_token() -> bool:
    """Return whether there is a token, in one of the places where Ray looks for it."""
    return bool(os.environ.get(TOKEN) or os.environ.get(TOKEN_PATH)) or default_path().exists()


def default_path() -> Path:
    """Return where Ray looks for a token that no environment variable names."""
    return Path.home() / ".ray" / "auth_token"


def _create(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Whoever can read it can run code on the cluster. Ray's own command makes it readable by everybody.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_hex(32))
