"""Job files: read with what the command line overrides, errors in words, and written from a trial's configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import tomli_w
from pydantic import BaseModel, ValidationError

from nids import shipped_jobs, toml_text, unused_keys
from nids.config import Data, Job
from nids.errors import UserError, beginning, did_you_mean, excerpt
from nids.search_space import params_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from nids.results import RunManifest

# A search needs something to search: one hyperparameter is left to it, with one choice.
_KEPT_TO_SEARCH = "learning_rate"
# What a search says that decides how a single trial is trained and judged.
_OF_ONE_TRIAL = ("space", "sampler", "seed", "metric", "objectives", "constraints")
LARGEST = 1 << 16  # bytes of a job file


def read(path: Path, overrides: Sequence[str] = ()) -> Job:
    """Return the job in a TOML file, with ``key.path=value`` overrides applied.

    An override of ``data.dataset`` takes the place of the file's ``data.file``, ``class_map`` and ``fallback`` too:
    they are of the data set that the file names.

    A file that is not there is looked for among those that come with the program (``nids.shipped_jobs``).

    Raises:
        UserError: The file cannot be read, is no TOML, or holds a key or a value that is not allowed; or the file or an
            override sets a key that has no effect beside the others.
    """
    path = shipped_jobs.resolve(path)
    if not path.exists():
        near = did_you_mean(path.name.removesuffix(".toml"), shipped_jobs.names())
        raise UserError(
            f"{path}: no such file{near}. Give a job file, or the name of one that comes with nids: "
            f"{', '.join(shipped_jobs.names())}."
        )
    try:
        values = toml_text.parse(toml_text.read_text(path, LARGEST))
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read as a job file ({error}). Give a text file in TOML.") from None
    except toml_text.TomlError as error:
        raise UserError(f"{path}: not valid TOML: {error}.") from None
    values.setdefault("name", path.stem)
    in_file, source = _unused_in(values) if overrides else None, str(path)
    if in_file is not None:
        source = "--set"  # the file alone is a job
    _leave_dataset(values, overrides)
    for override in overrides:
        _apply(values, override)
    job = make(values, source=source)
    # What an override takes the effect of is left alone: the file is right without it.
    unused_keys.refuse_unused(job, str(path), in_file or () if overrides else None)
    unused_keys.refuse_unused(job, "--set", {*map(_key, overrides)})
    return job


def _unused_in(values: Mapping[str, Any]) -> Mapping[str, str] | None:
    """Return the unused keys of a job file's values; None if they are no job by themselves."""
    try:
        return unused_keys.unused(Job.model_validate(values))
    except (ValidationError, UserError):
        return None


def refuse_all_but_resources(overrides: Sequence[str]) -> None:
    """Raise a UserError for an override of anything but resources: all else is what a search has begun with."""
    for override in overrides:
        if not override.strip().startswith("resources."):
            raise UserError(f"--set {beginning(override)}: a started search only accepts changes to [resources].")


def with_resources(job: Job, overrides: Sequence[str]) -> Job:
    """Return the job with other resources: all else of a search that has begun stays what it was.

    Raises:
        UserError: An override is of another section, or not allowed.
    """
    refuse_all_but_resources(overrides)
    values: dict[str, Any] = {"resources": job.resources.model_dump()}
    for override in overrides:
        _apply(values, override)
    changed = make({**job.model_dump(), **values}, source="--set")
    unused_keys.refuse_unused(changed, "--set", {*map(_key, overrides)})
    return changed


def extended(job: Job, trials: int | None = None, hours: float | None = None, patience: int | None = None) -> Job:
    """Return a job that asks for another number of trials or hours, or more patience; None leaves what it has.

    Raises:
        UserError: A number is not allowed.
    """
    asked = {"trials": trials, "hours": hours, "patience": patience}
    search = {**job.search.model_dump(), **{name: value for name, value in asked.items() if value is not None}}
    return make({**job.model_dump(), "search": search}, source="--trials, --hours, --patience")


def make(values: Mapping[str, Any], source: str) -> Job:
    """Return the job that nested dictionaries describe; ``source`` names them in the message of a UserError."""
    try:
        return Job.model_validate(values)
    except ValidationError as error:
        raise toml_text.refusal(source, error, _explain) from None


def _leave_dataset(values: dict[str, Any], overrides: Sequence[str]) -> None:
    """Drop what a job file says of its own data set's files and labels where another data set takes its place."""
    data = values.get("data")
    named = [override.partition("=")[2].strip(" \"'") for override in overrides if _key(override) == "data.dataset"]
    if named and isinstance(data, dict) and named[-1] != data.get("dataset", Data().dataset):
        for key in ("file", "class_map", "fallback"):
            data.pop(key, None)


def _key(override: str) -> str:
    return override.partition("=")[0].strip()


def _apply(values: dict[str, Any], override: str) -> None:
    key, equals, text = override.partition("=")
    names = key.strip().split(".")
    if not equals or not all(names):
        raise UserError(f"--set {beginning(override)}: expected SECTION.KEY=VALUE, such as search.trials=4.")
    try:
        value = toml_text.parse(f"value = {text}")["value"]
    except toml_text.TomlError:
        value = text.strip()  # a bare word is meant as a string, as the shell has eaten its quotes
    for name in names[:-1]:
        values = values.setdefault(name, {})
        if not isinstance(values, dict):
            raise UserError(f"--set {beginning(override)}: {beginning(name)} is a value, not a section.")
    values[names[-1]] = value


def _explain(item: Any) -> str:
    """Return one line for one of pydantic's errors: the key, what was found, what is allowed."""
    path = [str(part) for part in item["loc"]]
    key = beginning(".".join(path))
    if item["type"] == "extra_forbidden":
        allowed = _fields_of(path[:-1])
        if len(path) == 1 and (homes := [f"{name}.{key}" for name in allowed if key in _fields_of([name])]):
            return f"{key} = {excerpt(item['input'])}: there is no such key (did you mean {' or '.join(homes)}?)."
        listing = f" Allowed here: {', '.join(allowed)}." if allowed else ""
        return f"{key} = {excerpt(item['input'])}: there is no such key{did_you_mean(path[-1], allowed)}.{listing}"
    if item["type"] == "missing":
        return f"{key}: is missing."
    if item["type"] == "value_error":
        return f"{key + ': ' if key else ''}{item['ctx']['error']}."
    return f"{key} = {excerpt(item['input'])}: {item['msg'].removeprefix('Input ')}."


def _fields_of(path: Sequence[str]) -> list[str]:
    fields = Job.model_fields
    for name in path:
        section = fields[name].annotation if name in fields else None
        if not (isinstance(section, type) and issubclass(section, BaseModel)):
            return []
        fields = section.model_fields
    return list(fields)


def for_trial(manifest: RunManifest, trial: Mapping[Any, Any]) -> str:
    """Return the TOML of a job that trains one trial's configuration once, on the run's data and folds.

    Args:
        manifest: The run's manifest.
        trial: The trial's row of the run store's trials.
    """
    job = manifest.job.model_dump()
    data = job["data"]
    if not manifest.data.synthetic:
        data.pop("rows", None)  # only made rows are as many as one says
    params = {**manifest.job.hyperparameters, **params_of(dict(trial), manifest.space)}
    searched = _KEPT_TO_SEARCH if _KEPT_TO_SEARCH in params else next(iter(params))
    name = f"{manifest.run}-trial-{int(trial['trial'])}"
    content = {
        **{section: entries for section, entries in job.items() if isinstance(entries, dict)},
        "data": data,
        "search": {**{key: job["search"][key] for key in _OF_ONE_TRIAL}, "trials": 1, "start_from_paper": False},
        "scheduler": {"kind": "none"},
        "hyperparameters": {key: value for key, value in params.items() if key != searched},
        "space": {searched: {"choices": [params[searched]]}},
    }
    # Overrides of the search may have left keys of its job file without effect.
    for key in unused_keys.unused(make({"name": name, **_without_none(content)}, source=manifest.run)):
        section, entry = key.split(".")
        del content[section][entry]
    head = (
        f"# Trial {int(trial['trial'])} of the run {manifest.run}, trained once more on the same data and folds.\n"
        f"# A job names something to search, at least one hyperparameter: here {searched}, with a single choice.\n\n"
    )
    return head + tomli_w.dumps({"name": name, **_without_none(content)})


def _without_none(entries: Mapping[str, Any]) -> dict[str, Any]:
    # TOML has no null: what is absent has its default.
    return {
        key: _without_none(value) if isinstance(value, dict) else value
        for key, value in entries.items()
        if value is not None
    }
