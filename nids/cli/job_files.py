"""The commands that look at job files."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from nids.cli.options import JOB, DataOption, SetOption
from nids.cli.output import JsonOption, print_json, results_console

if TYPE_CHECKING:
    from nids.config import Job
    from nids.datasets.traffic import Traffic
    from nids.search.estimate import Estimate


def check(
    job: Annotated[Path, JOB],
    set_: SetOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check a job file and its rows, and estimate how long its search would take on this machine.

    A data set that is not on this machine is downloaded, as for a search.

    Example: `nids job check quick --set search.trials=20`
    """
    from nids import job_file
    from nids.cluster import machine
    from nids.job_rows import rows_of
    from nids.models import backend
    from nids.terminal import TerminalConsole

    described = job_file.read(job, set_ or ())
    described, traffic = rows_of(described, data, TerminalConsole(stderr=True))
    cpus = described.resources.cpus_per_trial
    backend.configure_alone(cpus)
    from nids.search.estimate import estimate

    slots = max(1, machine.slots(cpus))
    slots = min(slots, described.resources.max_concurrent or slots)
    measured = estimate(described, traffic, slots)
    if as_json:
        print_json(_values(described, traffic, measured, slots))
    else:
        _show(described, traffic, measured, slots)


def schema() -> None:
    """Print the JSON schema of job files, by which an editor completes and checks them.

    Example: `nids job schema > job.schema.json`
    """
    from nids.config import Job

    values = Job.model_json_schema()
    # A file's name is the job's, where the file gives it none.
    values["required"] = [name for name in values.get("required", ()) if name != "name"]
    print(json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema", **values}, indent=2))


def _values(job: Job, traffic: Traffic, measured: Estimate, slots: int) -> dict[str, Any]:
    return {
        "job": job.model_dump(mode="json"),
        "data": {"source": traffic.source, "rows": len(traffic.label), "sha256": traffic.sha256},
        "trials_at_once": slots,
        "estimate": asdict(measured),
    }


def _show(job: Job, traffic: Traffic, measured: Estimate, slots: int) -> None:
    from nids.metrics.formatting import counted, duration

    results_console().print(
        f"{job.name}: valid. {job.search.extent} of {job.model.name} on {traffic.source}, "
        f"{counted(len(traffic.label), 'row')}, {counted(job.folds.used, 'fold')}, at most "
        f"{counted(job.training.epochs, 'epoch')} each.\n"
        f"A fold trains on {counted(measured.training_rows, 'row')} and validates on "
        f"{measured.validation_rows:,}; {counted(job.resources.cpus_per_trial, 'CPU')} of this machine "
        f"{'trains' if job.resources.cpus_per_trial == 1 else 'train'} {measured.rows_per_second:,.0f} rows a second.\n"
        f"About {duration(measured.seconds)} with {counted(slots, 'trial')} at once, if each had the network of the "
        f"starting point and ran all epochs ({duration(measured.seconds_per_trial)} a trial). Pruning and early "
        "stopping take off, larger networks add to it.",
        highlight=False,
    )
