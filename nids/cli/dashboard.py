"""The command that shows runs in a browser."""

from __future__ import annotations

from typing import Annotated

import typer

from nids.cli.options import StorageOption


def dashboard(
    storage: StorageOption = "runs",
    address: Annotated[
        str, typer.Option(help="Address to listen on. Without --login, whoever can reach it sees all runs.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8501,
    login: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="TOML file with an OpenID Connect provider and the allowed users; see dashboard/README.md.",
        ),
    ] = None,
) -> None:
    """Show the runs of a storage in a browser, during and after the search."""
    from nids.dashboard.serving import server

    server.serve(storage, address, port, login)
