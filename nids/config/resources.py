"""The section of a job on what one trial occupies."""

from __future__ import annotations

import math
from typing import Annotated, Literal, Self

from pydantic import Field, PlainValidator, model_validator

from nids.config.section import Section
from nids.errors import excerpt


def _gpus(value: object) -> float | Literal["auto"]:
    if value == "auto":
        return "auto"
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < math.inf:
        if value <= 1 or float(value).is_integer():
            return float(value)
        raise ValueError(f"is {value}, but above 1 it must be a whole number")
    expected = '"auto", a share of one GPU such as 0.25, or a whole number of GPUs'
    raise ValueError(f"is {excerpt(value)}, but must be {expected}")


def _memory(value: object) -> float | Literal["auto"]:
    if value == "auto":
        return "auto"
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < math.inf:
        return float(value)
    raise ValueError(f'is {excerpt(value)}, but must be "auto" or a number of GiB')


class Resources(Section):
    """What one trial occupies. How many run at once follows from the cluster."""

    cpus_per_trial: Annotated[int, Field(ge=1)] = 1
    # "auto": as small a share as the largest network of the space fits into, which one probe measures at the start.
    gpus_per_trial: Annotated[float | Literal["auto"], PlainValidator(_gpus)] = 0.0
    # The most trials that "auto" lets share a GPU: beyond some number they only slow one another down.
    max_trials_per_gpu: Annotated[int, Field(ge=1, le=1000)] = 4
    # GiB. "auto": where a node might have too little for as many trials as it has room for, what the largest network of
    # the space takes, which one probe measures at the start; 0: it is not asked for.
    memory_per_trial: Annotated[float | Literal["auto"], PlainValidator(_memory)] = "auto"
    # Whether nodes without a GPU take trials too, where trials ask for GPUs; they are many times slower there.
    cpu_nodes: bool = False
    max_concurrent: Annotated[int, Field(ge=1)] | None = None
    # Trials at once that a cluster which starts nodes when they are asked for is to grow to.
    autoscale_to: Annotated[int, Field(ge=1)] | None = None
    # Seconds without an epoch after which a trial hangs; see nids.search.stalls.
    progress_deadline: Annotated[float, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.cpu_nodes and self.gpus_per_trial == 0:
            raise ValueError("cpu_nodes is for trials that ask for GPUs (gpus_per_trial); all others run on any node")
        if self.max_concurrent and self.autoscale_to and self.autoscale_to > self.max_concurrent:
            raise ValueError(f"autoscale_to is {self.autoscale_to}, above max_concurrent, {self.max_concurrent}")
        return self

    @property
    def gpus(self) -> float:
        """GPUs of a trial, or its share of one; "auto" has to be measured first."""
        if isinstance(self.gpus_per_trial, str):
            raise TypeError('gpus_per_trial is "auto": nids.cluster.gpu_probe finds out what that is on a cluster')
        return self.gpus_per_trial

    @property
    def memory(self) -> int:
        """Bytes that a trial asks for; 0 if none, or if it is "auto" and has not been measured."""
        return 0 if isinstance(self.memory_per_trial, str) else round(self.memory_per_trial * 2**30)
