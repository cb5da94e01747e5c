"""A job and its sections."""

from nids.config.job import Job, Model, Training
from nids.config.resources import Resources
from nids.config.rows import Data, Folds, Resampling, Scheme
from nids.config.samplers import SAMPLERS
from nids.config.search import MOST_TRIALS, Domain, Scalar, Scheduler, Search
from nids.config.section import NAME

__all__ = [
    "MOST_TRIALS",
    "NAME",
    "SAMPLERS",
    "Data",
    "Domain",
    "Folds",
    "Job",
    "Model",
    "Resampling",
    "Resources",
    "Scalar",
    "Scheduler",
    "Scheme",
    "Search",
    "Training",
]
