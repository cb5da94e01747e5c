"""Talks to a cluster's job server, in Ray's own way, and puts what goes wrong into words."""

from __future__ import annotations

import asyncio
import logging
import os
import shlex
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from nids.cluster import addresses, auth, proxies
from nids.errors import UserError, first_line
from nids.models import backend

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from ray.job_submission import JobDetails, JobStatus

DEFAULT_ADDRESS = "http://127.0.0.1:8265"
# A stopped search ends its trials and writes its last results first; Ray itself would wait three seconds.
STOP_SECONDS = 120
RECONNECTIONS = 10
ENVIRONMENT = {"RAY_JOB_STOP_WAIT_TIME_S": str(STOP_SECONDS), "PYTHONUNBUFFERED": "1", "COLUMNS": "120"}
TALKATIVE = (
    "ray.dashboard.modules.dashboard_sdk",
    "ray.dashboard.modules.job.sdk",
    "ray._private.runtime_env.packaging",
)


class JobClient:
    """A cluster's jobs.

    Args:
        address: URL of the cluster's Ray dashboard; by default, what Ray's environment variables name, else this
            machine's.
        plain_http: Whether the token may go to another machine by HTTP, which does not encrypt it.

    Raises:
        UserError: Nobody answers there, the token is not the cluster's, or it would go there without encryption.
    """

    def __init__(self, address: str | None, plain_http: bool = False) -> None:
        named = address or os.environ.get("RAY_API_SERVER_ADDRESS") or os.environ.get("RAY_ADDRESS")
        self.address = addresses.of_dashboard(named or DEFAULT_ADDRESS, plain_http)
        # Of commands that are to reach the same cluster.
        self.options = f"--address {shlex.quote(self.address)}{' --plain-http' if plain_http else ''}"
        token = auth.token_for(self.address)
        # Ray prefers the variable to what it is told.
        os.environ["RAY_API_SERVER_ADDRESS"] = self.address
        proxies.bypass_for_this_machine(self.address)
        from ray.job_submission import JobSubmissionClient

        for name in TALKATIVE:
            logging.getLogger(name).setLevel(logging.WARNING)
        with self._explained():
            # Given here, as Ray itself would send one token to all clusters.
            self._client = JobSubmissionClient(
                self.address, headers={"Authorization": f"Bearer {token}"} if token else None
            )

    def submit(self, command: Sequence[str], folder: Path, metadata: Mapping[str, str]) -> str:
        """Have the cluster's head run a command in a copy of a folder, and return the job's id.

        The job computes with the framework of KERAS_BACKEND; without it, or with the default, with the cluster's own.
        """
        framework = {} if backend.name() == backend.DEFAULT else {"KERAS_BACKEND": backend.name()}
        with self._explained():
            return self._client.submit_job(
                entrypoint=shlex.join(command),
                runtime_env={"working_dir": str(folder), "env_vars": {**ENVIRONMENT, **framework}},
                metadata=dict(metadata),
            )

    def jobs(self) -> list[JobDetails]:
        """Return the submitted jobs, the latest first."""
        from ray.job_submission import JobType

        with self._explained():
            jobs = [job for job in self._client.list_jobs() if job.type == JobType.SUBMISSION]
        return sorted(jobs, key=lambda job: job.start_time or 0, reverse=True)

    def job(self, job_id: str) -> JobDetails:
        """Return one job."""
        with self._explained():
            return self._client.get_job_info(job_id)

    def log(self, job_id: str) -> str:
        """Return what a job has printed so far."""
        with self._explained():
            return self._client.get_job_logs(job_id)

    def follow(self, job_id: str, show: Callable[[str], object]) -> JobStatus:
        """Pass on what a job prints until it ends, and return how it ended."""
        shown = 0

        async def tail() -> None:
            """Pass on the log, which begins anew with each connection."""
            nonlocal shown
            seen = 0
            async for text in self._client.tail_job_logs(job_id):
                show(text[max(0, shown - seen) :])
                seen += len(text)
                shown = max(shown, seen)

        failures = 0
        while not self.job(job_id).status.is_terminal():
            before = shown
            try:
                with self._explained():
                    asyncio.run(tail())
            except UserError:
                # A connection that breaks off is made again.
                failures = failures + 1 if shown == before else 1
                if failures == RECONNECTIONS:
                    raise
            time.sleep(1)
        rest = self.log(job_id)
        show(rest[shown:])
        return self.job(job_id).status

    def stop(self, job_id: str) -> bool:
        """Have a job end gracefully; return whether it was still running."""
        with self._explained():
            return self._client.stop_job(job_id)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        import aiohttp
        import requests
        from ray.exceptions import AuthenticationError

        try:
            yield
        except AuthenticationError as error:
            raise UserError(
                f"{self.address} {_refusal(str(error))}. It is read from RAY_AUTH_TOKEN, from the file that "
                f"RAY_AUTH_TOKEN_PATH names, or from {auth.default_path()}; it has to be the cluster's own."
            ) from None
        except BrokenPipeError:
            raise  # of what reads this process's output
        except (ConnectionError, aiohttp.ClientError, requests.RequestException) as error:
            raise UserError(
                f"no Ray cluster accepts jobs at {self.address} ({first_line(error).rstrip('.')}). Name its dashboard "
                "with --address; one on another machine is reached by a tunnel to http://127.0.0.1:8265 "
                "(cluster/README.md)."
            ) from None
        except (RuntimeError, ValueError) as error:
            raise UserError(f"{self.address}: {first_line(error).rstrip('.')}") from None


def _refusal(said: str) -> str:
    return (
        "asks for a token, and none was given"
        if said.startswith("Authentication required")
        else "does not accept the token that was given"
    )
