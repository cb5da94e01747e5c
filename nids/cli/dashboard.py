"""The command that shows runs in a browser."""

from __future__ import annotations

from typing import Annotated

import typer

from nids.cli.options import StorageOption


def dashboard(
    storage: StorageOption = "runs",
    address: Annotated[
        str, typer.Option(help="Address to listen on. Whoever reaches it sees all runs, unless there is a --login.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8501,
    login: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="TOML file with an OpenID Connect provider and who is let in: dashboard/README.md shows one.",
        ),
    ] = None,
) -> None:
    """Dashboard: show the runs of a storage in a browser, while they go on and afterwards."""
    from dashboard.serving import server

    server.serve(storage, address, port, login)
