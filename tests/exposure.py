"""What users and machines other than those of some processes reach of them."""

from __future__ import annotations

import http.client
import ipaddress
import os
import stat
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

OTHERS_WRITE, OTHERS_ENTER = stat.S_IWGRP | stat.S_IWOTH, stat.S_IXGRP | stat.S_IXOTH


def written_by_others(folder: Path) -> list[Path]:
    """Return what another user, of whatever group, can write to or replace: at a folder, below it or above it.

    Whoever can write to a folder replaces what lies in it, unless it is sticky. What is below a folder that others
    cannot enter is out of their reach, whatever its own mode. Modes alone are looked at, as root is stopped by none.
    """
    found = [path for path in folder.parents if _mode(path) & OTHERS_WRITE and not _mode(path) & stat.S_ISVTX]
    if all(_mode(path) & OTHERS_ENTER for path in folder.parents):
        found += _writable(folder)
    return found


def _writable(path: Path) -> Iterator[Path]:
    mode = _mode(path)
    if stat.S_ISLNK(mode):  # whoever can replace it can write to its folder
        return
    if mode & OTHERS_WRITE:
        yield path
    if stat.S_ISDIR(mode) and mode & OTHERS_ENTER:
        for inside in path.iterdir():
            yield from _writable(inside)


def _mode(path: Path) -> int:
    try:
        return os.lstat(path).st_mode
    except FileNotFoundError:  # gone meanwhile
        return 0


def listening(pids: Iterable[int]) -> dict[str, set[tuple[str, int]]]:
    """Return the addresses and ports that each program of some processes listens on."""
    found: dict[str, set[tuple[str, int]]] = {}
    for pid in pids:
        try:
            process = psutil.Process(pid)
            connections = process.net_connections("inet")
            name = process.name()
        except psutil.NoSuchProcess:  # ended meanwhile
            continue
        of_it = {(one.laddr.ip, one.laddr.port) for one in connections if one.status == psutil.CONN_LISTEN}
        found.setdefault(name, set()).update(of_it)
    return {name: addresses for name, addresses in found.items() if addresses}


def answered(ports: Iterable[int], path: str) -> dict[int, int]:
    """Return the status with which each port of this machine answers who asks for a path without a token.

    Ports are left out that do not speak HTTP/1: of gRPC, or whose process has ended.
    """
    statuses = {}
    for port in ports:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        try:
            connection.request("GET", path)
            statuses[port] = connection.getresponse().status
        except (http.client.HTTPException, ConnectionError):
            continue
        finally:
            connection.close()
    return statuses


def is_loopback(address: str) -> bool:
    """Return whether an address is one of this machine's loopback interface."""
    parsed = ipaddress.ip_address(address)
    mapped = getattr(parsed, "ipv4_mapped", None)
    return bool((mapped or parsed).is_loopback)
