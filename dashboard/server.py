"""Starts the server of the dashboard."""

from __future__ import annotations

import socket
from pathlib import Path

from nids.errors import UserError

APP = Path(__file__).parent / "app.py"


def options(address: str, port: int, login_file: str | None = None) -> list[str]:
    """Return the settings of the server, as Streamlit's command line takes them.

    Nothing is sent to anybody, no file is watched, and a visitor is told of an error's kind only, not of its traceback.
    """
    settings = {
        "server.address": address,
        "server.port": port,
        "server.headless": "true",
        "server.fileWatcherType": "none",
        "browser.gatherUsageStats": "false",
        "client.showErrorDetails": "type",
        "client.showErrorLinks": "false",
        "client.toolbarMode": "viewer",
        "runner.magicEnabled": "false",
        "theme.paddingTop": "1rem",
        "theme.light.primaryColor": "#0072B2",
        "theme.dark.primaryColor": "#56B4E9",
    }
    if login_file:
        settings["secrets.files"] = str(Path(login_file).resolve())
    return [f"--{name}={value}" for name, value in settings.items()]


def serve(storage: str, address: str, port: int, login_file: str | None = None) -> None:
    """Serve the runs of a storage until the process is interrupted.

    Args:
        storage: A folder, or a URI such as s3://bucket/runs.
        address: The address to listen on.
        port: The port to listen on.
        login_file: Who may see the runs, as ``dashboard.login`` reads it; None asks for no login.

    Raises:
        UserError: The storage is of an unknown kind, nothing can listen there, or the login would let everybody in.
    """
    from streamlit.web import cli

    from dashboard import login
    from nids.storage import Folder

    place = Folder.at(storage)
    place.names()  # what cannot be read is said before anything starts
    if not place.exists():
        print(f"{storage} does not exist yet: until there is a run in it, a demonstration is shown.", flush=True)
    check_free(address, port)
    if login_file:
        login.check(login_file)
    asked = [login.WANTED] if login_file else []
    cli.main(["run", str(APP), *options(address, port, login_file), "--", storage, *asked], standalone_mode=False)


def check_free(address: str, port: int) -> None:
    """Raise a UserError unless something can listen at that address and port."""
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind(place)
    except OSError as error:
        raise UserError(
            f"--address {address} --port {port}: nothing can listen there ({error}). "
            "Name another port with --port, or an address of this machine with --address."
        ) from None
