"""Addresses that a token may be sent to, as Ray encrypts nothing by itself."""

from __future__ import annotations

import ipaddress
import os
import re
import socket
import time
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psutil

from nids.cluster import auth, listeners
from nids.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator

# A node that has just been started is waited for.
PATIENCE_SECONDS = 10.0


def of_dashboard(address: str, plain_http: bool) -> str:
    """Return the URL of a cluster's dashboard, to which the token of this cluster can be sent.

    Args:
        address: The URL, or ``HOST:PORT``, which Ray takes for one of HTTP.
        plain_http: Whether the user has asked for HTTP to another machine.

    Raises:
        UserError: It is none, or whoever listens in on the way would get the token, or another user of this machine.
    """
    url = address if "://" in address else f"http://{address}"
    # What is allowed is so little that all who read it take the same part of it for the host.
    found = re.fullmatch(r"(https?)://([\w.-]+|\[[0-9a-fA-F:.]+\])(:\d+)?/?", url, re.ASCII)
    if found is None or not _has_host_and_port(url):
        raise UserError(
            f"{address}: jobs are submitted to a URL such as http://127.0.0.1:8265 or https://ray.example.org, with a "
            "port from 1 to 65535, which --address, RAY_API_SERVER_ADDRESS or RAY_ADDRESS names."
        )
    scheme, host, port = found.groups()
    if auth.token_for(url) is None:
        return url.rstrip("/")
    if is_loopback(host.strip("[]")):
        _refuse_another_users(address, host, int(port[1:]) if port else {"http": 80, "https": 443}[scheme])
    elif scheme == "http" and not plain_http:
        forwarded = (port or ":80")[1:]
        raise UserError(
            f"{address} is another machine, and HTTP would show the token to whoever listens in on the way: who has it "
            f"runs code on the cluster. Reach it through a tunnel, `ssh -N -L 8265:127.0.0.1:{forwarded} {host}` or "
            "`kubectl port-forward`, with --address http://127.0.0.1:8265; or give an https:// address; or, in a "
            "network that you trust, add --plain-http."
        )
    return url.rstrip("/")


def of_head(address: str) -> str:
    """Return where a driver is to find its cluster's head: the address itself, or for "auto" that of this machine's.

    Raises:
        UserError: "auto" can mean none or several, or a token would be sent to another user of this machine, or to a
            machine of which nothing is known: a driver runs on a node of its cluster, which has sent its own before.
    """
    if address == "auto":
        heads = sorted({*_heads_of_own_nodes()})
        if len(heads) != 1:
            found = f"{len(heads)} Ray clusters ({', '.join(heads)})" if heads else "no Ray cluster"
            raise UserError(
                f"--address auto: you have nodes of {found} on this machine. Give the address of one, HOST:PORT."
            )
        return heads[0]
    host, _, port = address.rpartition(":")
    if not auth.is_sent() or os.environ.get("RAY_USE_TLS", "0") == "1":
        return address
    if is_loopback(host.strip("[]")):
        _refuse_another_users(address, host, int(port))
        return address
    deadline = time.monotonic() + PATIENCE_SECONDS
    wanted = {(found, port) for found in _resolved(host)}
    while not any(
        wanted & {(ip, head.rpartition(":")[2]) for ip in _resolved(head.rpartition(":")[0])}
        for head in _heads_of_own_nodes()
    ):
        if time.monotonic() > deadline:
            raise UserError(
                f"no node of the Ray cluster at {address}, which --address or RAY_ADDRESS names, runs on this machine, "
                "so the token is not sent there. A driver has to be on a node of its cluster: check the address, or "
                "let `nids submit` run it there, which takes the address of the dashboard."
            )
        time.sleep(0.5)
    return address


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine's own loopback interface."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _refuse_another_users(address: str, host: str, port: int) -> None:
    """Raise a UserError if another user listens at an address of this machine, who would be sent this user's token.

    Any user can listen where nobody does, as after the end of a tunnel. Root may: it can read the token anyway, and it
    is root that forwards ports to containers. In a container with its own users, root of the machine is taken for
    another user. A cluster that runs as another user, perhaps in a container, gets a token that is named for it.
    """
    ips = _resolved(host) - {"localhost"}  # where nothing tells its address
    users = {user for ip in ips for user in listeners.owners(ip, port)} - {0, os.geteuid()}
    if users and not auth.is_named():
        raise UserError(
            f"{address}: user {min(users)} of this machine listens there, so your token is not sent: who has it runs "
            "code on your clusters. If that is the cluster, name its token in RAY_AUTH_TOKEN_PATH, which is "
            f"{auth.default_path()} for your own; otherwise name another address with --address."
        )


def _has_host_and_port(url: str) -> bool:
    """Return whether what looks like a port, or like an IPv6 address, is one."""
    try:
        return urlsplit(url).port != 0
    except ValueError:
        return False


def _heads_of_own_nodes() -> Iterator[str]:
    """Yield the addresses of the heads of the nodes on this machine that this user has started, or root."""
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            # Any user can give a process this name.
            if process.name() == "raylet" and process.uids().effective in (os.geteuid(), 0):
                yield from (
                    part[len("--gcs-address=") :] for part in process.cmdline() if part.startswith("--gcs-address=")
                )


def _resolved(host: str) -> set[str]:
    try:
        return {str(info[4][0]) for info in socket.getaddrinfo(host.strip("[]"), None)}
    except OSError:
        return {host}
