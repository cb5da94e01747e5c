"""Where a search stands: the content of a run's ``status.json``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from nids.config import MOST_TRIALS
from nids.typed_file import Time, TypedFile

Amount = Annotated[float, Field(ge=0, le=1_000_000)]
Trials = Annotated[int, Field(ge=0, le=MOST_TRIALS)]
State = Literal["running", "finished", "interrupted", "failed"]


class TrialCounts(TypedFile):
    """Trials that the search is to have in all, and how many are in which state.

    Attributes:
        duplicates: How many of those that have ended were at the point of an earlier trial, and were not trained.
        seconds: For how long drivers have run trials, without the pauses between drivers.
    """

    total: Trials = 0
    complete: Trials = 0
    pruned: Trials = 0
    failed: Trials = 0
    running: Trials = 0
    duplicates: Trials = 0
    seconds: Annotated[float, Field(ge=0)] = 0.0

    @property
    def ended(self) -> int:
        """Trials that are complete, pruned or failed."""
        return self.complete + self.pruned + self.failed


class Owner(TypedFile, extra="ignore"):
    """The process that drives a run.

    Attributes:
        host: Name of its host.
        pid: Its number there.
        machine: What only processes have that can see one another; empty in runs of earlier versions.
    """

    host: str
    pid: Annotated[int, Field(ge=0, lt=2**31)]
    machine: str = ""


class Node(TypedFile):
    """A node of the cluster: whether it is alive, what it has, and what of that is taken."""

    name: str
    alive: bool
    cpus: Amount = 0.0
    gpus: Amount = 0.0
    cpus_used: Amount = 0.0
    gpus_used: Amount = 0.0


class RunStatus(TypedFile, extra="ignore"):
    """Where a search stands; what later versions may say beside it is passed over.

    Attributes:
        state: As its driver has said; what a reader makes of its silence is ``Run.state``.
        updated: When; None if no driver has ever said anything.
        trials: Trials by state.
        owner: The driver, None if there never was one.
        message: What there is to say of the state, such as the error of a failed search.
        nodes: The cluster's nodes; empty if they are not known.
    """

    state: State = "interrupted"
    updated: Time | None = None
    trials: TrialCounts = TrialCounts()
    owner: Owner | None = None
    message: str = ""
    nodes: tuple[Node, ...] = ()
