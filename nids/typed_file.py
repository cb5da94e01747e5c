"""Files of JSON as frozen, typed objects, checked once, where they are read."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from nids.errors import DamagedFileError, beginning, excerpt

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

# Years that every library has times of: pandas counts nanoseconds in 64 bits.
YEARS = range(1970, 2262)


def _in_utc(time: datetime) -> datetime:
    if time.year not in YEARS:
        raise ValueError(f"should be a time from {YEARS[0]} to {YEARS[-1]}")
    return time.astimezone(UTC)


Time = Annotated[AwareDatetime, AfterValidator(_in_utc)]
# Of rows and the like: what arithmetic in 64 bits can do with.
Count = Annotated[int, Field(ge=0, le=10**12)]


class TypedFile(BaseModel):
    """What a file of JSON holds, or a part of it: no unknown keys, no later changes."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, serialize_by_alias=True)

    def to_json(self) -> bytes:
        """Return the content of the file."""
        return self.model_dump_json(indent=2).encode()


File = TypeVar("File", bound=TypedFile)


def checked(kind: type[File], values: object, path: str) -> File:
    """Return the content of a file of JSON.

    Args:
        kind: What it should be.
        values: What it holds, as ``json.loads`` returns it.
        path: The file's path or URI, for the message.

    Raises:
        DamagedFileError: A key is missing, unknown, or has a value that it cannot have.
    """
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        first, *others = error.errors()
        more = f" {len(others)} more of its keys are not as expected." if others else ""
        raise DamagedFileError(
            f"{path}: {_explained(first)}.{more} Either the file is damaged, or another version of this program wrote "
            "it: read the run with that version."
        ) from None


def _explained(error: ErrorDetails) -> str:
    """Return the key, what was found there, and what was expected."""
    key = beginning(".".join(map(str, error["loc"]))) or "the file"
    if error["type"] == "missing":
        return f"{key} is missing"
    if error["type"] == "extra_forbidden":
        return f"{key} = {excerpt(error['input'])}: this version knows no such key"
    expected = error["msg"].removeprefix("Value error, ").removeprefix("Input ")
    if error["type"] == "model_type":
        expected = "should be an object, with names and values in braces"
    return f"{key} = {excerpt(error['input'])}: {expected}"
