"""Patches that a tiny network tells apart within seconds."""

from __future__ import annotations

import numpy as np

from train.data import Examples


def bars(count: int) -> Examples:
    """Patches with a dark bar: upright is `open`, level is `closed`."""
    random = np.random.default_rng(0)
    images = random.integers(120, 200, (count, 48, 48)).astype(np.uint8)
    state = np.arange(count) % 2
    images[state == 0, :, 18:30] = 20
    images[state == 1, 18:30, :] = 20
    targets = np.eye(2, dtype=np.float32)[state]
    return Examples(images, targets, np.ones(count, np.float32), {"state": state}, np.full(count, "web"))
