"""A search under faults: what runs it is killed, paused and cut off at random, until all of its trials have ended."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from nids.bench import chaos_account
from nids.bench.chaos_trial import LOG
from nids.bench.s3_server import S3Server
from nids.cluster import local
from nids.cluster.local import Size
from nids.errors import UserError
from nids.results import open_run
from nids.results.ownership import token_in
from nids.storage import Folder

if TYPE_CHECKING:
    from collections.abc import Callable

    from nids.bench.timing import Row
    from nids.results import Run

NODES = Size(nodes=3, cpus=1, gpus=0)
NAME, STORAGE = "chaos", "s3://bucket/runs"
JOB = Path(__file__).with_suffix(".toml")
# The command ``nids``, with these trials.
DRIVER = """
import functools
from nids import interruption
def command():
    from nids.cluster import signals
    signals.before_import()
    from nids import cli
    from nids.bench.chaos_trial import Logged
    from nids.search import driver
    driver.run = functools.partial(driver.run, trainable=Logged)
    cli.main()
interruption.run(command)
"""
# Seconds between a fault and the next one, and that something stays paused or away.
BETWEEN, AWAY = (4.0, 12.0), (1.0, 8.0)
# How long to wait for what should come by itself, seconds.
PATIENCE = 120.0
MOST_TRIES = 3  # of a cluster's start
MOST_DRIVERS = 300


def measure(progress: Callable[[str], object], faults: int = 100, seed: int = 0) -> list[Row]:
    """Run the search under at least so many faults, resume it after each that ended it, and account for its trials.

    Args:
        progress: Called with a line of text for each fault.
        faults: After so many, the search is left in peace.
        seed: Decides which faults come, and when.
    """
    with tempfile.TemporaryDirectory(prefix="nids-chaos-") as temporary, S3Server(Path(temporary)) as store:
        chaos = _Chaos(Path(temporary), store, random.Random(seed), progress)
        started = time.monotonic()
        try:
            run = chaos.run(faults)
        finally:
            chaos.end()
        minutes = (time.monotonic() - started) / 60
        tracebacks = chaos.tracebacks()
        account = chaos_account.rows_of(run, STORAGE, chaos.log, chaos.nodes_killed)
    counts = [(f"… {fault}", str(chaos.faults[fault])) for fault in FAULTS]
    title = (
        f"**a search of {run.status.trials.total} trials on {NODES.nodes} nodes under {chaos.faults.total()} faults**"
    )
    drivers = [("drivers; those that ended with a traceback", f"{chaos.drivers}; {tracebacks}")]
    return [(title, f"{minutes:.0f} minutes"), *counts, *drivers, *account]


class _Chaos:
    def __init__(self, folder: Path, store: S3Server, chance: random.Random, progress: Callable[[str], object]) -> None:
        self.folder, self.store, self.chance, self.progress = folder, store, chance, progress
        self.log = folder / "trials.log"
        self.log.touch()
        self.faults: Counter[str] = Counter()
        self.nodes_killed: list[tuple[float, set[int]]] = []
        self.drivers = 0
        os.environ.update({**store.environment, LOG: str(self.log)})  # nodes and drivers inherit it
        self._cluster_stack = ExitStack()
        self.cluster = self._new_cluster()
        self.driver: subprocess.Popen[bytes] | None = None

    def run(self, faults: int) -> Run:
        """Return the run once all of its trials have ended."""
        while True:
            if self._has_finished():
                return open_run(STORAGE, NAME)
            if self.driver is None or self.driver.poll() is not None:
                if self.drivers > MOST_DRIVERS:
                    raise UserError(
                        f"{self.drivers} drivers have not ended the search; the last one said: {self._said()}"
                    )
                self._begin_driver()
            time.sleep(self.chance.uniform(*BETWEEN))
            if self.faults.total() < faults:
                weights = [weight for weight, _ in FAULTS.values()]
                (fault,) = self.chance.choices(list(FAULTS), weights)
                _, happens = FAULTS[fault]
                if happens(self):
                    self.faults[fault] += 1
                    self.progress(f"{self.faults.total()}: {fault}; {self._ended()} trials have ended")

    def _new_cluster(self) -> local.LocalCluster:
        """Return a cluster that has started; on a busy machine, Ray may need another try."""
        tries = 0
        while True:
            try:
                return self._cluster_stack.enter_context(local.running(NODES, lambda _: None))
            except UserError:
                tries += 1
                if tries == MOST_TRIES:
                    raise

    def end(self) -> None:
        """End what still runs."""
        if self.driver is not None:
            self.driver.kill()
            self.driver.wait()
        self._cluster_stack.close()

    def _has_finished(self) -> bool:
        """Return whether a driver has ended because there is nothing left to do."""
        return self.driver is not None and self.driver.poll() == 0 and open_run(STORAGE, NAME).state == "finished"

    def _ended(self) -> int:
        with suppress(UserError):
            return open_run(STORAGE, NAME).status.trials.ended
        return 0

    def _begin_driver(self, *options: str) -> None:
        there = Folder.from_uri(STORAGE).exists(f"{NAME}/manifest.json")
        command = ["resume", NAME] if there else ["search", str(JOB), "--name", NAME]
        arguments = [*command, "--storage", STORAGE, "--address", self.cluster.address, *options]
        with (self.folder / f"driver-{self.drivers}.log").open("wb") as output:
            self.driver = subprocess.Popen(
                [sys.executable, "-c", DRIVER, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.drivers += 1

    def tracebacks(self) -> int:
        """Return how many drivers have said more than a user can read, and show what."""
        found = 0
        for number in range(self.drivers):
            text = (self.folder / f"driver-{number}.log").read_text(encoding="utf-8", errors="replace")
            if "Traceback" in text or "Stack trace" in text or "*** SIG" in text:
                found += 1
                self.progress(f"driver {number} ended with a traceback:\n{text[-2000:]}")
        return found

    def _said(self) -> str:
        return (self.folder / f"driver-{self.drivers - 1}.log").read_text(encoding="utf-8", errors="replace")[-500:]

    def kill_driver(self) -> bool:
        assert self.driver is not None
        self.driver.kill()
        self.driver.wait()
        return True

    def end_driver(self) -> bool:
        assert self.driver is not None
        self.driver.terminate()
        with suppress(subprocess.TimeoutExpired):
            self.driver.wait(PATIENCE)
        return True

    def pause_driver(self) -> bool:
        """Take the run from a driver that stands still; once it wakes, it is to end by itself."""
        former, token = self.driver, self._token()
        if former is None or not token:
            return False
        former.send_signal(signal.SIGSTOP)
        self._begin_driver("--take-over")
        assert self.driver is not None
        ends = time.monotonic() + PATIENCE
        while self._token() == token and self.driver.poll() is None and time.monotonic() < ends:
            time.sleep(0.2)
        former.send_signal(signal.SIGCONT)
        try:
            former.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.progress("**a driver whose run was taken goes on**")
            former.kill()
            raise
        return True

    def _token(self) -> str:
        with suppress(UserError):
            return token_in(Folder.from_uri(STORAGE).folder(NAME))
        return ""

    def kill_trial(self) -> bool:
        """Kill the process of a trial, if one runs."""
        return self._to_a_trial(psutil.Process.kill)

    def pause_trial(self) -> bool:
        """Have the process of a trial stand still for a while, if one runs."""

        def pause(process: psutil.Process) -> None:
            process.suspend()
            time.sleep(self.chance.uniform(*AWAY))
            process.resume()

        return self._to_a_trial(pause)

    def _to_a_trial(self, happens: Callable[[psutil.Process], None]) -> bool:
        trials = self._trials()
        if not trials:
            return False
        process, _ = self.chance.choice(trials)
        with suppress(psutil.NoSuchProcess):
            happens(process)
        return True

    def _trials(self) -> list[tuple[psutil.Process, int]]:
        """Return the processes of trials that are there, and the latest trial of each."""
        latest = {}
        for line in self.log.read_text(encoding="utf-8").splitlines():
            entry = json.loads(line)
            latest[entry["pid"]] = entry["trial"]
        found = []
        for pid, trial in latest.items():
            with suppress(psutil.NoSuchProcess):
                process = psutil.Process(pid)
                if process.cmdline()[:1] and process.cmdline()[0].startswith("ray::"):
                    found.append((process, trial))
        return found

    def kill_node(self) -> bool:
        nodes = [number for number, node in enumerate(self.cluster.processes) if number and node.poll() is None]
        number = self.chance.choice(nodes)
        with suppress(psutil.NoSuchProcess):
            of_node = {child.pid for child in psutil.Process(self.cluster.processes[number].pid).children(True)}
            trials = {trial for process, trial in self._trials() if process.pid in of_node}
            self.cluster.kill_node(number)
            if trials:
                self.nodes_killed.append((time.time(), trials))
        self.cluster.add_node()
        return True

    def kill_head(self) -> bool:
        """Kill the head; what is left of the cluster cannot go on, and its driver is to end by itself."""
        assert self.driver is not None
        self.cluster.kill_node(0)
        try:
            self.driver.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.progress("a driver whose cluster is gone goes on")
            self.driver.kill()
        for number in range(len(self.cluster.processes)):
            self.cluster.kill_node(number)
        self._cluster_stack.close()
        self.cluster = self._new_cluster()
        return True

    def kill_store(self) -> bool:
        self.store.kill()
        time.sleep(self.chance.uniform(*AWAY))
        self.store.start()
        return True

    def pause_store(self) -> bool:
        self.store.pause()
        time.sleep(self.chance.uniform(*AWAY))
        self.store.go_on()
        return True


# What happens, and how often each of it, of their sum.
FAULTS: dict[str, tuple[int, Callable[[_Chaos], bool]]] = {
    "driver killed": (18, _Chaos.kill_driver),
    "driver asked to end (SIGTERM)": (8, _Chaos.end_driver),
    "driver paused, its run taken over, driver woken": (8, _Chaos.pause_driver),
    "trial's process killed": (24, _Chaos.kill_trial),
    "trial's process paused": (10, _Chaos.pause_trial),
    "node killed": (10, _Chaos.kill_node),
    "head killed, and the cluster with it": (4, _Chaos.kill_head),
    "store killed": (9, _Chaos.kill_store),
    "store paused": (9, _Chaos.pause_store),
}
