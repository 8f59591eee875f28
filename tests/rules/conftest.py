"""The cameras that every story is filmed with."""

from __future__ import annotations

import pytest
from story import Camera

CAMERAS = {
    "10 a second": Camera(10),
    "15 a second": Camera(15),
    "30 a second": Camera(30),
    "10 a second, jitter, lost frames": Camera(10, jitter=0.4, lost=0.05, seed=1),
    "15 a second, jitter, lost frames": Camera(15, jitter=0.4, lost=0.05, seed=2),
    "30 a second, jitter, lost frames": Camera(30, jitter=0.4, lost=0.05, seed=3),
}


@pytest.fixture(params=list(CAMERAS.values()), ids=list(CAMERAS))
def camera(request: pytest.FixtureRequest) -> Camera:
    return request.param


@pytest.fixture(params=[10.0, 15.0, 30.0], ids=["10 a second", "15 a second", "30 a second"])
def rate(request: pytest.FixtureRequest) -> float:
    """Frames a second of a simulated drive (`driving/`), which always has jitter and 5 % lost frames."""
    return request.param
