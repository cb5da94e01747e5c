from __future__ import annotations

import signal

import pytest
from ray._private import utils

from nids.cluster.signals import handler_kept, handlers_of_ray_left_out


def test_a_handler_is_restored_whatever_ends_the_block() -> None:
    former = signal.getsignal(signal.SIGUSR2)

    def replace() -> None:
        with handler_kept(signal.SIGUSR2):
            signal.signal(signal.SIGUSR2, signal.SIG_IGN)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        replace()
    assert signal.getsignal(signal.SIGUSR2) == former


def test_ray_takes_no_signal_in_the_block() -> None:
    former, own = signal.getsignal(signal.SIGTERM), utils.set_sigterm_handler
    with handlers_of_ray_left_out():
        utils.set_sigterm_handler(signal.SIG_IGN)
    assert (signal.getsignal(signal.SIGTERM), utils.set_sigterm_handler) == (former, own)
