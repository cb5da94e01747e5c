"""Ray on the loopback interface alone, where no other machine reaches it; run as a program, the command ``ray``."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ADDRESS = "127.0.0.1"
# Has processes of a cluster do what ``taken_as_it_is`` has Ray do here; ``ray start`` itself would start no worker.
VARIABLE = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"


@contextmanager
def taken_as_it_is() -> Iterator[None]:
    """Have Ray take an address of the loopback interface as it is, in a block that starts a node or connects to one.

    It takes such an address for one by which other machines reach this one, and listens to all of them; it has no
    public way to be told otherwise.
    """
    from ray._private import services

    former = services.resolve_ip_for_localhost
    services.resolve_ip_for_localhost = lambda host: host
    try:
        yield
    finally:
        services.resolve_ip_for_localhost = former


def main() -> None:
    """Run the command ``ray`` with addresses of the loopback interface taken as they are, also by what it starts."""
    from ray.scripts import scripts

    os.environ[VARIABLE] = "0"
    with taken_as_it_is():
        scripts.main()


if __name__ == "__main__":
    main()
