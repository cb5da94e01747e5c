"""Which users listen on a port of this machine, as far as its system tells: Linux does."""

from __future__ import annotations

import struct
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# One line for each socket: https://docs.kernel.org/networking/proc_net_tcp.html
TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_LISTENING = "0A"


def owners(address: str, port: int) -> set[int]:
    """Return the numbers of the users who take the connections to an address of this machine, at a port.

    It is empty where nobody of this machine does, as with a container whose packets the system itself passes on.

    Args:
        address: IPv4 or IPv6.
        port: The port.
    """
    exact, of_any = set(), set()
    for listens_at, user in _listening(port):
        if listens_at == ip_address(address):
            exact.add(user)
        elif listens_at.is_unspecified:
            of_any.add(user)
    return exact or of_any  # the system prefers who names the address


def _listening(port: int) -> Iterator[tuple[IPv4Address | IPv6Address, int]]:
    for table in TABLES:
        with suppress(OSError):  # another system, or one without IPv6
            for line in table.read_text(encoding="ascii").splitlines()[1:]:
                _, local, _, state, _, _, _, user, *_ = line.split()
                address, _, at = local.partition(":")
                if state == _LISTENING and int(at, 16) == port:
                    yield _parsed(address), int(user)


def _parsed(text: str) -> IPv4Address | IPv6Address:
    """Return an address of a table, which has it as numbers of 32 bits in the order of bytes of this machine."""
    numbers = [int(text[i : i + 8], 16) for i in range(0, len(text), 8)]
    address = ip_address(struct.pack(f"={len(numbers)}I", *numbers))
    return (isinstance(address, IPv6Address) and address.ipv4_mapped) or address
