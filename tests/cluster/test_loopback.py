from __future__ import annotations

from ray._private import services

from nids.cluster import loopback


def test_an_address_of_the_loopback_interface_stays_what_it_is_in_the_block_alone() -> None:
    former = services.resolve_ip_for_localhost
    with loopback.taken_as_it_is():
        assert services.canonicalize_bootstrap_address("127.0.0.1:6379") == "127.0.0.1:6379"
        assert services.canonicalize_bootstrap_address("localhost:6379") == "localhost:6379"
    assert services.resolve_ip_for_localhost is former
