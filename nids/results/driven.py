"""Whether a run has a driver: two would overwrite each other's results."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from nids.command_line import command_on
from nids.errors import UserError
from nids.results.driver_process import is_gone
from nids.results.ownership import driver_in, token_in
from nids.results.run import SILENCE, Run

if TYPE_CHECKING:
    from collections.abc import Callable


def refuse_if_driven(run: Run, progress: Callable[[str], object]) -> str:
    """Refuse a run that has a driver; of one that has none, return the token by which it can be taken.

    A driver that cannot be seen from here, and whose last report is a minute old or from a clock that differs from this
    one, is waited for: if it is alive, it reports again. So is the one of a run whose status is damaged or not there.

    Args:
        run: The run.
        progress: Called with a line of text when there is a minute to wait.

    Returns:
        What ``nids.results.ownership.Ownership`` needs: a driver that begins after this was called is not thrown out.

    Raises:
        UserError: It has one.
    """
    token = token_in(run.folder)  # before the status: whoever takes the run later has another token
    run = Run(run.folder)  # its status may have changed since it was opened
    fault = run.status_fault
    if token and not fault and run.status.updated is None:  # deleted, or not yet written by who has just taken the run
        fault = f"{run.uri}/status.json: is not there, or says nothing."
    driver = driver_in(run.folder)
    if fault and driver and is_gone(driver):
        return token
    if fault:
        progress(f"{fault} Waiting {SILENCE.seconds} s for a driver that would write it again")
        if not _reports_again(run):
            return token
        run = Run(run.folder)
    status = run.status
    if status.state != "running" or status.updated is None or (status.owner and is_gone(status.owner)):
        return token
    who = f"process {status.owner.pid} on {status.owner.host}" if status.owner else "an unknown process"
    if not timedelta(0) <= datetime.now(UTC) - status.updated <= SILENCE:
        progress(f"{run.name} was run by {who}: waiting {SILENCE.seconds} s for a sign that it still is")
        if not _reports_again(run):
            return token
    raise UserError(
        f"{run.name} is being run by {who}, which last reported at {status.updated:%Y-%m-%d %H:%M:%S} UTC. "
        "Stop it, or wait a minute if it is gone, and try again. Where it cannot be stopped, "
        f"`{command_on(run.uri, 'resume', '--take-over')}` takes the run from it."
    )


def _reports_again(run: Run) -> bool:
    ends = time.monotonic() + SILENCE.total_seconds()
    while time.monotonic() < ends:
        time.sleep(1.0)
        if Run(run.folder).status != run.status:
            return True
    return False
