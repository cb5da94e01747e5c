"""What the sections of a job share."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

# Names of jobs and of runs, which become names of folders.
NAME = r"^[A-Za-z0-9_][A-Za-z0-9._-]*$"


class Section(BaseModel):
    """What all sections share: no unknown keys, no later changes, no silent conversions such as "4" to 4."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)
