"""Starts the server of the dashboard."""

from __future__ import annotations

import ipaddress
import os
import socket
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

from nids.errors import UserError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from streamlit.starlette import App

APP = Path(__file__).parents[1] / "app.py"


def options(address: str, port: int, login_file: str | None = None) -> dict[str, Any]:
    """Return Streamlit's settings for the server.

    No usage statistics are sent, no file is watched, and visitors see an error's kind, but not its traceback.
    """
    settings: dict[str, Any] = {
        "server.address": address,
        "server.port": port,
        "server.headless": True,
        "server.fileWatcherType": "none",
        "browser.gatherUsageStats": False,
        # Without it, Streamlit asks a service on the Internet for this machine's address, to print it.
        "browser.serverAddress": socket.gethostname() if _is_wildcard(address) else address,
        "client.showErrorDetails": "type",
        "client.showErrorLinks": False,
        "client.toolbarMode": "viewer",
        # In megabytes: any visitor can have so much of a message kept in memory. Of 10,000 trials, the pages send 0.2
        # in one message and receive less than 0.001. No page takes files.
        "server.maxMessageSize": 4,
        "server.maxWidgetStateSize": 1,
        "server.maxUploadSize": 1,
        # A spreadsheet would compute formulas in what the tables' own buttons export: see nids.spreadsheet for ours.
        "client.disableDataExport": True,
        # Pages around ours that may control it.
        "client.allowedOrigins": [],
        "server.enableStaticServing": False,
        "server.enableAgentApi": False,
        "runner.magicEnabled": False,
        "runner.postScriptGC": False,  # after each run of a page, it would stop all visitors for a tenth of a second
        "theme.paddingTop": "1rem",
        "theme.light.primaryColor": "#1080C4",
        "theme.dark.primaryColor": "#56B4E9",
    }
    if login_file is not None:
        settings["secrets.files"] = [str(Path(login_file).resolve())]
    return settings


def serve(storage: str, address: str, port: int, login_file: str | None = None) -> None:
    """Serve the runs of a storage until the process is interrupted.

    Args:
        storage: A folder, or a URI such as s3://bucket/runs.
        address: The address to listen on.
        port: The port to listen on.
        login_file: Who may see the runs, see ``nids.dashboard.serving.login_file``; None asks for no login.

    Raises:
        UserError: The storage is of an unknown kind, nothing can listen there, or the login file has an error.
    """
    from altair.utils import schemapi
    from starlette.middleware import Middleware
    from streamlit.starlette import App

    from nids.dashboard.serving import settings
    from nids.dashboard.serving.hardening import Hardening
    from nids.dashboard.serving.index_page import IndexPage, index_page
    from nids.dashboard.serving.login_file import LoginFile
    from nids.storage import Folder

    folder = Folder.from_uri(storage)
    folder.names()  # a storage that cannot be read is an error before anything starts
    check_free(address, port)
    os.environ[settings.STORAGE] = storage
    os.environ.pop(settings.ACCESS, None)
    https = False
    if login_file is not None:
        login = LoginFile.read(login_file)
        os.environ[settings.ACCESS] = login.access.model_dump_json()
        https = login.auth.redirect_uri.startswith("https://")
    elif not _is_loopback(address):
        print(f"Without --login, anyone who can reach {address}:{port} sees all runs.", flush=True)
    if not folder.exists():
        print(f"{storage} does not exist yet: a demonstration is shown until it holds a run.", flush=True)
    schemapi.disable_debug_mode()  # as in nids.dashboard.components.chart: the tests check charts against their schema
    middleware = [Middleware(Hardening, page=index_page(), https=https), Middleware(IndexPage)]
    App(APP, lifespan=_importing, middleware=middleware).run(config=options(address, port, login_file))


@asynccontextmanager
async def _importing(app: App) -> AsyncIterator[None]:  # noqa: ARG001
    # To import the pages takes seconds, for which the first visitor would have to wait.
    Thread(target=import_module, args=["nids.dashboard.app"], daemon=True).start()
    yield


def _is_wildcard(address: str) -> bool:
    return address in {"0.0.0.0", "::"}


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:  # a name
        return address == "localhost"


def check_free(address: str, port: int) -> None:
    """Raise a UserError unless something can listen at that address and port."""
    try:
        family, kind, protocol, _, endpoint = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(endpoint)
    except OSError as error:
        raise UserError(
            f"--address {address} --port {port}: cannot listen there ({error}). "
            "Choose another port with --port, or an address of this machine with --address."
        ) from None
