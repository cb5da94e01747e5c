"""The commands that run searches as jobs of a Ray cluster."""

from __future__ import annotations

import json
import re
import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nids.cli.options import JOB, SetOption
from nids.cli.output import JsonOption, print_json, results_console
from nids.errors import UserError
from nids.interruption import mark_told
from nids.tables import print_listing
from nids.terminal import TerminalConsole, escaped_log, styled

if TYPE_CHECKING:
    from ray.job_submission import JobDetails
    from rich.console import Console

    from nids.cluster.job_client import JobClient

JobArgument = Annotated[
    str,
    typer.Argument(
        help="Id of the job, as `nids jobs list` shows it, or the name of its run: the latest job of that run.",
        metavar="JOB",
        show_default=False,
    ),
]
DashboardOption = Annotated[
    str | None,
    typer.Option(
        help="URL of the cluster's Ray dashboard, such as http://127.0.0.1:8265. Default: `$RAY_API_SERVER_ADDRESS`, "
        "else `$RAY_ADDRESS`, else this machine.",
        show_default=False,
    ),
]
PlainHttpOption = Annotated[
    bool,
    typer.Option(
        "--plain-http",
        help="Send the cluster's token by HTTP to another machine than this, although whoever listens in can read it.",
    ),
]
FollowOption = Annotated[bool, typer.Option("--follow", "-f", help="Print its output until it ends.")]
RUN = "nids_run"
STORAGE = "nids_storage"


def submit(
    job: Annotated[Path | None, JOB] = None,
    set_: SetOption = None,
    resume: Annotated[
        str | None, typer.Option(help="Resume this run instead of starting a new one.", show_default=False)
    ] = None,
    storage: Annotated[
        str,
        typer.Option(
            help="Where runs are stored, as seen from the cluster: s3://BUCKET/runs, gs://…, or an absolute path.",
            envvar="NIDS_STORAGE",
        ),
    ] = "",
    name: Annotated[
        str | None, typer.Option(help="Name of the run. Default: the job's name and the time.", show_default=False)
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            help="Path of the data on the cluster's head. Default: its `$NIDS_DATA_DIR`, else they are downloaded.",
            show_default=False,
        ),
    ] = None,
    follow: FollowOption = False,
    address: DashboardOption = None,
    plain_http: PlainHttpOption = False,
) -> None:
    """Run or resume a search as a job of a Ray cluster, whose nodes need neither data nor code.

    Example: `nids submit large --address http://127.0.0.1:8265 --storage s3://bucket/runs --follow`
    """
    from nids import config, job_file
    from nids.cluster import packing
    from nids.cluster.job_client import JobClient
    from nids.search.session import default_name

    console = TerminalConsole()
    if (job is None) == (resume is None):
        raise UserError("either a job file is needed, such as jobs/large.toml, or --resume RUN.")
    _refuse_if_lost(storage)
    options = ["--storage", storage, *(["--data", data] if data else [])]
    overrides = [part for override in set_ or () for part in ("--set", override)]
    if job is not None:
        described = job_file.read(job, set_ or ())  # what is wrong in it is said here, not in a log far away
        run = default_name(described) if name is None else name
        # The job's name, which is that of its file unless it says otherwise.
        overrides += ["--set", f"name={json.dumps(described.name)}"]
        command = ["search", packing.JOB, "--name", run, *overrides]
        dataset = described.data.dataset
    else:
        assert resume is not None
        if name is not None:
            raise UserError(f"--name {name}: a resumed run keeps its name.")
        job_file.refuse_all_but_resources(set_ or ())
        run = resume
        command = ["resume", run, *overrides]
        dataset = ""  # the run has its description
    if not re.fullmatch(config.NAME, run):
        raise UserError(f"{run!r} is not a valid name for a run: use letters, digits and . _ - only.")
    client = JobClient(address, plain_http)
    with packing.packed(job, dataset) as folder:
        job_id = client.submit(["python", "-m", "nids", *command, *options], folder, {RUN: run, STORAGE: storage})
    words = styled("[bold]{job}[/]: run {run} in {storage}", job=job_id, run=run, storage=storage)
    console.print(words, highlight=False, soft_wrap=True)
    if follow:
        _follow(client, job_id, console)
    else:
        _say_how_to_follow(client, job_id, console)


def list_(address: DashboardOption = None, plain_http: PlainHttpOption = False, as_json: JsonOption = False) -> None:
    """List the submitted jobs, the latest first.

    Example: `nids jobs list --address http://127.0.0.1:8265`
    """
    from nids.cluster.job_client import JobClient

    console = results_console()
    jobs = JobClient(address, plain_http).jobs()
    if as_json:
        print_json([_values(job) for job in jobs])
        return
    if not jobs:
        console.print(styled("No job was submitted yet. Submit one with: [bold]nids submit large[/]"), highlight=False)
        return
    rows = [(job.submission_id or "", _about(job).get(RUN, ""), job.status.value.lower(), *_times(job)) for job in jobs]
    print_listing(console, ("job", "run", "state", "started", "took"), rows)


def status(
    job: JobArgument,
    address: DashboardOption = None,
    plain_http: PlainHttpOption = False,
    as_json: JsonOption = False,
) -> None:
    """Show the status of a job.

    Example: `nids jobs status large-20261126-154015`
    """
    from nids.cluster.job_client import JobClient

    client = JobClient(address, plain_http)
    details = client.job(_id_of(client, job))
    if as_json:
        print_json(_values(details))
        return
    started, took = _times(details)
    lines = {
        "state": details.status.value.lower(),
        "run": _about(details).get(RUN, ""),
        "storage": _about(details).get(STORAGE, ""),
        "started": started,
        "took": took,
        "message": (details.message or "").strip(),
    }
    console = TerminalConsole()
    for heading, value in lines.items():
        if value:
            words = styled("[bold]{heading}[/] {value}", heading=f"{heading:8}", value=value)
            console.print(words, highlight=False, soft_wrap=True)


def logs(
    job: JobArgument,
    follow: FollowOption = False,
    address: DashboardOption = None,
    plain_http: PlainHttpOption = False,
) -> None:
    """Print the output of a job.

    Example: `nids jobs logs large-20261126-154015 --follow`
    """
    from nids.cluster.job_client import JobClient

    client = JobClient(address, plain_http)
    job = _id_of(client, job)
    if follow:
        _follow(client, job, TerminalConsole())
    else:
        print(escaped_log(client.log(job)), end="")


def stop(job: JobArgument, address: DashboardOption = None, plain_http: PlainHttpOption = False) -> None:
    """Stop a job gracefully; its run can be resumed on any cluster that sees the storage.

    Example: `nids jobs stop large-20261126-154015`
    """
    from nids.cluster.job_client import JobClient

    client = JobClient(address, plain_http)
    job = _id_of(client, job)
    details = client.job(job)
    console = TerminalConsole()
    if not client.stop(job):
        console.print(f"{job} has ended already: {details.status.value.lower()}.", highlight=False)
        return
    console.print(f"{job} is stopping.", highlight=False)
    if run := _about(details).get(RUN):
        command = shlex.join(["nids", "submit", "--resume", run, "--storage", _about(details).get(STORAGE, "")])
        words = styled("Resume its run with: [bold]{command}[/]", command=f"{command} {client.options}")
        console.print(words, highlight=False, soft_wrap=True)


def _id_of(client: JobClient, named: str) -> str:
    """Return the id of a job that is named by its id, or by its run."""
    if named.startswith("raysubmit_"):
        return named
    found = [job for job in client.jobs() if named in (job.submission_id, _about(job).get(RUN))]
    if not found:
        raise UserError(f"there is no job or run named {named!r}. `nids jobs list` shows those of the cluster.")
    if len({_about(job).get(STORAGE) for job in found}) > 1:
        listed = ", ".join(f"{job.submission_id} ({_about(job).get(STORAGE)})" for job in found)
        raise UserError(f"several storages have a run named {named!r}: {listed}. Give the job's id.")
    return str(found[0].submission_id)


def _values(job: JobDetails) -> dict[str, Any]:
    """Return a job as plain values; times are in UTC."""
    started, ended = map(_time, (job.start_time, job.end_time))
    return {
        "job": job.submission_id,
        "run": _about(job).get(RUN),
        "storage": _about(job).get(STORAGE),
        "state": job.status.value.lower(),
        "started": started,
        "ended": ended,
        "message": (job.message or "").strip(),
    }


def _follow(client: JobClient, job_id: str, console: Console) -> None:
    try:
        ended = client.follow(job_id, lambda text: print(escaped_log(text), end="", flush=True))
    except KeyboardInterrupt:
        console.print("\nNo longer following; the job is still running.", highlight=False)
        _say_how_to_follow(client, job_id, console)
        mark_told()
        return
    console.print(styled("[bold]{job}[/] {ended}", job=job_id, ended=ended.value.lower()), highlight=False)
    if ended.value != "SUCCEEDED":
        raise typer.Exit(1)


def _say_how_to_follow(client: JobClient, job_id: str, console: Console) -> None:
    console.print(
        styled(
            "Follow it with [bold]{follow} {options}[/], stop it with [bold]{stop} {options}[/].",
            follow=shlex.join(["nids", "jobs", "logs", job_id, "--follow"]),
            stop=shlex.join(["nids", "jobs", "stop", job_id]),
            options=client.options,
        ),
        highlight=False,
        soft_wrap=True,
    )


def _refuse_if_lost(storage: str) -> None:
    """A job runs in a temporary folder of the cluster: what it writes beside itself is lost."""
    if "://" not in storage and not Path(storage).is_absolute():
        found = f"is {storage!r}, which is relative to the job's temporary folder" if storage else "is missing"
        raise UserError(
            f"--storage {found}: name a place that outlives the job, s3://BUCKET/runs, gs://BUCKET/runs, or the whole "
            "path of a folder that the cluster's head sees (NIDS_STORAGE sets it once for all)."
        )


def _about(job: JobDetails) -> dict[str, str]:
    """Return what a job was submitted with; others than ours may have nothing."""
    return job.metadata or {}


def _times(job: JobDetails) -> tuple[str, str]:
    started, ended = _time(job.start_time), _time(job.end_time) or datetime.now(UTC)
    if started is None:
        return "", ""
    return f"{started.astimezone():%m-%d %H:%M}", str(ended - started).partition(".")[0]


def _time(milliseconds: int | None) -> datetime | None:
    """Return a time as a cluster tells it; None where there is none, or none that could be."""
    if not milliseconds:
        return None
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None
