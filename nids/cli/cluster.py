"""The command that starts a cluster on this machine."""

from __future__ import annotations

from typing import Annotated

import typer

from nids.terminal import TerminalConsole


def local(
    nodes: Annotated[int, typer.Option(min=1, max=100, help="Number of nodes, the head included.")] = 3,
    cpus_per_node: Annotated[int, typer.Option(min=1, help="CPUs of each node.")] = 2,
    gpus_per_node: Annotated[
        int, typer.Option(min=0, help="GPUs of each node; on a machine without GPUs, only simulated.")
    ] = 0,
    dashboard_port: Annotated[
        int | None,
        typer.Option(
            min=1024,
            max=65535,
            help="Port of the Ray dashboard, where jobs are submitted. Default: 8265, or a free one.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Run a Ray cluster of several nodes on this machine until Ctrl-C, to try out what is meant for many machines."""
    import signal

    from nids.cluster.local import Size, running
    from nids.interruption import INTERRUPTED, mark_told, waiting_for

    console = TerminalConsole()
    endings = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    status = INTERRUPTED

    def interrupt(number: int, _frame: object) -> None:
        nonlocal status
        if number == signal.SIGHUP:
            status = 128 + number  # as of any other command whose terminal is closed
        for ending in endings:
            # A second Ctrl-C would leave nodes behind, if it came from here: see nids.interruption.
            signal.signal(ending, lambda *_: None)
        raise KeyboardInterrupt

    for ending in endings:
        signal.signal(ending, interrupt)
    console.print(f"Starting {nodes} nodes …")
    try:
        with (
            waiting_for("the nodes have ended"),
            running(Size(nodes, cpus_per_node, gpus_per_node), console.print, dashboard_port) as cluster,
        ):
            console.print(
                f"\nUse it from another terminal; stop it here with Ctrl-C:\n"
                f'  nids submit jobs/quick.toml --storage "$PWD/runs" --address {cluster.dashboard} --follow\n'
                f"  nids search jobs/quick.toml --address {cluster.address}",
                highlight=False,
                soft_wrap=True,
            )
            cluster.watch()
    except KeyboardInterrupt:
        console.print("The cluster has stopped.")
        mark_told()
        raise typer.Exit(status) from None
