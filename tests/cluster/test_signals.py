from __future__ import annotations

import signal

import pytest

from nids.cluster.signals import handler_kept


def test_a_handler_is_restored_whatever_ends_the_block() -> None:
    former = signal.getsignal(signal.SIGUSR2)

    def replace() -> None:
        with handler_kept(signal.SIGUSR2):
            signal.signal(signal.SIGUSR2, signal.SIG_IGN)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        replace()
    assert signal.getsignal(signal.SIGUSR2) == former
