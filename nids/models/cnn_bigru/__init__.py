"""The CNN-BiGRU with attention, after Benchama & Zebbara (2024)."""

from __future__ import annotations

from nids.models.base import ModelSpec
from nids.models.cnn_bigru.hyperparameters import WITHOUT_EFFECT, Architecture, Hyperparameters
from nids.models.cnn_bigru.spaces import PAPER, PUBLISHED, WIDE

MODEL = ModelSpec(
    name="cnn-bigru",
    title="CNN-BiGRU with attention",
    hyperparameters=Hyperparameters,
    architecture=Architecture,
    spaces={"paper": PAPER, "wide": WIDE},
    network="nids.models.cnn_bigru.network",
    published=PUBLISHED,
    without_effect=WITHOUT_EFFECT,
)
