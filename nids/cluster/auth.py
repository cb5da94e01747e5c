"""The token that Ray's clients and clusters know each other by: which one goes where."""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from nids.cluster.announcements import announced
from nids.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping

MODE, TOKEN, TOKEN_PATH = "RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"
FILE = "auth_token"


def for_new_cluster(folder: Path) -> dict[str, str]:
    """Make a token for a cluster that is about to be started here, and return the environment of its processes.

    It is for this cluster alone, unless the user's environment names one, or none.

    Args:
        folder: Of the cluster, where nobody else can read.
    """
    if _mode(_set_by_the_user(MODE)) not in (None, "token"):
        return {}
    if is_named():
        return {MODE: "token"}
    path = folder / FILE
    # Whoever can read it can run code on the cluster. Ray's own command makes it readable by everybody.
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(secrets.token_hex(32))
    return {MODE: "token", TOKEN_PATH: str(path)}


def token_for(address: str) -> str | None:
    """Return the token to be sent to an address, or None if none is.

    It is what the user's environment names; else that of a cluster of ``nids cluster local`` at this address; else the
    user's own.

    Args:
        address: ``HOST:PORT``, or a URL.
    """
    if _mode(_set_by_the_user(MODE)) not in (None, "token"):
        return None
    if not is_named() and (path := announced(address)):
        return _read(path)
    return token()


def for_driver(address: str, *, found: bool = False) -> dict[str, str]:
    """Return the environment in which Ray sends the token of the cluster at an address, as far as that is known.

    A driver that asks for tokens would be cut off from the workers of a cluster that knows of none: it is for the user
    to say which it is, with ``RAY_AUTH_MODE``, which is never overruled.

    Args:
        address: ``HOST:PORT``.
        found: Whether the cluster was found among those of this machine, for which Ray takes the user's token.
    """
    if _mode(_set_by_the_user(MODE)) not in (None, "token"):
        return {}
    if not is_named() and (path := announced(address)):
        return {MODE: "token", TOKEN_PATH: str(path)}
    return {MODE: "token"} if found and token() else {}


def use(environment: dict[str, str]) -> None:
    """Have Ray, in this process and those that it starts, take these settings until ``forget`` is called."""
    _former.append({name: os.environ.get(name) for name in environment})
    _set(environment)


def forget() -> None:
    """Undo the latest ``use``, if there is one."""
    if _former:
        _set(_former.pop())


_former: list[dict[str, str | None]] = []


def _set(environment: Mapping[str, str | None]) -> None:
    for name, value in environment.items():
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value
    if environment and "ray" in sys.modules:
        # By itself, Ray reads them when it is imported.
        from ray._raylet import AuthenticationTokenLoader, Config  # type: ignore[attr-defined]

        if MODE in environment:
            Config.initialize("")
        AuthenticationTokenLoader.instance().reset_cache()


def token() -> str | None:
    """Return the user's token, from the places where Ray looks for it, or None if there is none.

    Raises:
        UserError: Something else is in its place, or it may not be read.
    """
    if value := _set_by_the_user(TOKEN):
        return value
    return _read(Path(_set_by_the_user(TOKEN_PATH) or default_path()))


def is_sent() -> bool:
    """Return whether Ray, as it is set, sends a token."""
    mode = _mode(os.environ.get(MODE))
    return mode not in (None, "disabled") and (mode != "token" or token() is not None)


def default_path() -> Path:
    """Return where Ray looks for a token that no environment variable names."""
    return Path.home() / ".ray" / "auth_token"


def _set_by_the_user(name: str) -> str | None:
    values = [former[name] for former in _former if name in former]
    return (values[0] if values else os.environ.get(name)) or None


def _mode(value: str | None) -> str | None:
    """Return what Ray takes from a value of RAY_AUTH_MODE: to it, capitals and small letters are the same."""
    return value.lower() if value else None


def is_named() -> bool:
    """Return whether the user's environment names a token for whichever cluster is asked."""
    return bool(_set_by_the_user(TOKEN) or _set_by_the_user(TOKEN_PATH))


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8").strip() or None
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text in UTF-8"
        raise UserError(
            f"{path}: the token for Ray's clusters cannot be read from this file ({reason}). Put there a file with the "
            f"token alone, or name another one with {TOKEN_PATH}."
        ) from None
