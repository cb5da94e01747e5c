"""Proxies of the user's network, which a cluster on this machine is not behind."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

LOOPBACK = ("localhost", "127.0.0.1", "::1")


def bypass_for_this_machine(address: str = "http://127.0.0.1") -> None:
    """Have this process and those that it starts reach this machine itself, and not ask ``http_proxy`` for it.

    Args:
        address: The URL that is about to be used; nothing is changed if it is of another machine.
    """
    if urlsplit(address).hostname not in LOOPBACK:
        return
    variables = ("no_proxy", "NO_PROXY")
    # The first hides the second from those who read both: what either names, both have to.
    hosts = [host.strip() for variable in variables for host in os.environ.get(variable, "").split(",")]
    if "*" in hosts:  # no host is reached by a proxy; beside others, "*" would mean nothing
        return
    for variable in variables:
        os.environ[variable] = ",".join(dict.fromkeys([*filter(None, hosts), *LOOPBACK]))
