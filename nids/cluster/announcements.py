"""Where other processes of a user find the token of a cluster that runs on this machine: links, by its addresses."""

from __future__ import annotations

import platform
import secrets
from contextlib import suppress
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from nids.cluster.session_folder import is_in_use

if TYPE_CHECKING:
    from collections.abc import Iterable


def announce(path: Path, *addresses: str) -> str:
    """Have other processes of this user find the token of a cluster by each of its addresses, for as long as it runs.

    Args:
        path: The token's file, in the folder of the cluster.
        addresses: ``HOST:PORT``.

    Returns:
        What to do where they cannot, as the user's home cannot be written to; else nothing.
    """
    try:
        _announce(path, addresses)
    except OSError as error:
        return (
            f"{folder()}: the cluster's token cannot be announced there ({error.strerror}), so other commands do not "
            f"find it. Begin them with RAY_AUTH_MODE=token RAY_AUTH_TOKEN_PATH={quote(str(path))}"
        )
    return ""


def _announce(path: Path, addresses: Iterable[str]) -> None:
    folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in folder().iterdir():
        with suppress(OSError):  # another process has deleted it, or it is no link
            found = left.readlink()
            if not is_in_use(found.parent) and left.readlink() == found:  # else it was renewed meanwhile
                left.unlink()
    for address in addresses:
        made = folder() / f".{secrets.token_hex(8)}"
        made.symlink_to(path)
        made.replace(folder() / address)


def withdraw(path: Path, *addresses: str) -> None:
    """Undo ``announce``."""
    for address in addresses:
        with suppress(OSError):
            if (folder() / address).readlink() == path:
                (folder() / address).unlink()


def announced(address: str) -> Path | None:
    """Return the file with the token of a cluster of this user that runs at an address of this machine.

    Args:
        address: ``HOST:PORT``, or a URL.
    """
    parts = urlsplit(address if "://" in address else f"//{address}")
    host = "127.0.0.1" if parts.hostname == "localhost" else parts.hostname
    link = folder() / f"{host}:{parts.port}"
    try:
        path = link.readlink()
    except OSError:
        return None
    # Else the cluster was killed.
    return path if is_in_use(path.parent) else None


def folder() -> Path:
    """Return the folder of the links; several machines can share a home."""
    return Path.home() / ".ray" / "local_tokens" / platform.node()
