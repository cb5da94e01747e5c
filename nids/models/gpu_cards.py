"""What the driver of this machine's NVIDIA GPUs says of them."""

from __future__ import annotations

import os
import subprocess


def cards() -> list[int]:
    """Return the memory of each NVIDIA card that this process may use, MiB; none where there is no driver."""
    return [int(total) for (total,) in _ask("memory.total")]


def card_use() -> list[tuple[int, int]]:
    """Return the memory in use of each NVIDIA card, MiB, and the share of time in which it computed, %."""
    return [(int(memory), int(busy)) for memory, busy in _ask("memory.used,utilization.gpu")]


def _ask(fields: str) -> list[list[str]]:
    """Return what nvidia-smi says of each card."""
    query = ["nvidia-smi", f"--query-gpu={fields}", "--format=csv,noheader,nounits"]
    if visible := os.environ.get("CUDA_VISIBLE_DEVICES"):
        query += ["-i", visible]  # nvidia-smi itself lists all cards, whichever this process may see
    try:
        lines = subprocess.run(query, capture_output=True, text=True, check=True).stdout.splitlines()
    except (FileNotFoundError, subprocess.CalledProcessError):
        return []
    return [line.split(",") for line in lines]
