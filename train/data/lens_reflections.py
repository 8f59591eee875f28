"""Glasses that mirror in part: half of a lens, a streak, a lamp with its bloom, a window, what lies before the driver.

How much of the eye still comes through is known of each (`through`), since a reflection that covers the lids leaves
nothing to be read, and one beside them leaves all. Places and lengths are in sides of the patch, from its middle.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

Patch = NDArray[np.float32]
"""float32[48, 48]: grey levels, or shares."""

SIDE = 48
_DOWN, _ACROSS = (np.mgrid[0:SIDE, 0:SIDE].astype(np.float32) - (SIDE - 1) / 2) / SIDE

EYE = np.exp(-(((_ACROSS / 0.3) ** 2 + (_DOWN / 0.15) ** 2) ** 2)).astype(np.float32)
"""How much each pixel tells about the lids: they lie about the middle, twice as wide as high."""

LEAST = 0.1
"""Of an eye of which nowhere more than this share comes through there is nothing to be read ..."""
FAINT, CLEAR = 0.15, 0.5
"""... and behind a reflection that lets through less than the first share of what comes through beside it, neither: the
rest is lost in that one's contrast. More than the second hides nothing."""

HIDDEN, READABLE = 0.5, 0.8
"""An eye of which less comes through cannot be read, one of which more does can; between them it is in doubt."""


def _edge(distance: Patch, soft: float) -> Patch:
    """1 where the distance is positive, 0 where it is negative, within `soft` of each other."""
    return np.asarray(1 / (1 + np.exp(np.clip(-distance / soft, -30, 30))), np.float32)


def _turned(random: np.random.Generator, spread: float) -> tuple[Patch, Patch]:
    """Across and down, turned a little."""
    turn = random.normal(0, spread)
    return _ACROSS * np.cos(turn) + _DOWN * np.sin(turn), _DOWN * np.cos(turn) - _ACROSS * np.sin(turn)


def _rim(random: np.random.Generator) -> Patch:
    """All of a lens."""
    centre, axes = random.uniform(-0.1, 0.1, 2), random.uniform((0.4, 0.28), (0.8, 0.6))
    within = 1 - np.hypot((_ACROSS - centre[0]) / axes[0], (_DOWN - centre[1]) / axes[1])
    return _edge(within.astype(np.float32), random.uniform(0.01, 0.06))


def _half(random: np.random.Generator) -> Patch:
    """Above a line through the lens, below it, or to one side, within the rim or beyond the patch."""
    across, down = _turned(random, 0.25)
    along = across if random.random() < 0.2 else down
    part = _edge(random.choice((-1.0, 1.0)) * (along - random.uniform(-0.22, 0.22)), random.uniform(0.005, 0.06))
    return part * _rim(random) if random.random() < 0.6 else part


def _streak(random: np.random.Generator) -> Patch:
    across, down = _turned(random, 0.35)
    half = random.uniform(0.015, 0.12)
    band = _edge(half - np.abs(down - random.uniform(-0.25, 0.25)), random.uniform(0.2, 0.6) * half)
    ends = _edge(random.uniform(0.2, 0.8) - np.abs(across - random.uniform(-0.2, 0.2)), random.uniform(0.01, 0.1))
    return band * ends


def _bloom(random: np.random.Generator) -> Patch:
    """One to three lamps, each with the light that spreads around it."""
    light = np.zeros((SIDE, SIDE), np.float32)
    for _ in range(random.integers(1, 4)):
        x, y = random.normal(0, 0.17, 2)
        far = np.hypot(_ACROSS - x, (_DOWN - y) * random.uniform(0.8, 1.6))
        core = random.uniform(0.03, 0.2)
        halo = random.uniform(0, 0.6) / (1 + (far / (core * random.uniform(1, 3))) ** 2)
        light = np.maximum(light, _edge(core - far, 0.2 * core + 0.005) + halo)
    return np.minimum(light, 1.0)


def _window(random: np.random.Generator) -> Patch:
    """A bright four-cornered pane, perhaps with bars."""
    across, down = _turned(random, 0.3)
    across, down = across - random.uniform(-0.25, 0.25), down - random.uniform(-0.25, 0.25)
    wide, high = random.uniform(0.08, 0.4, 2)
    soft = random.uniform(0.008, 0.03)
    pane = _edge(wide - np.abs(across + random.uniform(-0.3, 0.3) * down), soft) * _edge(high - np.abs(down), soft)
    for along in (across, down):
        if random.random() < 0.4:
            pane = pane * _edge(np.abs(along - random.uniform(-0.08, 0.08)) - random.uniform(0.01, 0.03), soft)
    return pane


SHAPES: tuple[tuple[Callable[[np.random.Generator], Patch], float], ...] = (
    (_half, 0.3),
    (_streak, 0.3),
    (_bloom, 0.2),
    (_window, 0.1),
    (_rim, 0.1),
)
"""What mirrors, and how often."""


def mirrored(patch: Patch, other: Patch, random: np.random.Generator) -> tuple[Patch, float]:
    """The patch behind a lens that mirrors in part, and the share 0..1 of the eye that still comes through.

    The reflection takes the place of what is behind it, as of a coated lens, or is added to it until the sensor is
    full. `other` is what lies before the driver.
    """
    shape = SHAPES[random.choice(len(SHAPES), p=[often for _, often in SHAPES])][0]
    mask = shape(random)
    seen = np.clip((patch - patch.mean()) * random.uniform(0.4, 1.0) + random.uniform(50, 160), 0, 255)
    slope = random.uniform(-40, 40, 2)
    bright = random.uniform(150, 255) + slope[0] * _ACROSS + slope[1] * _DOWN
    if random.random() < 0.3:  # the world in it, not light alone
        world = cv2.GaussianBlur(other, (0, 0), random.uniform(1.0, 5.0))
        bright = bright + random.uniform(0.3, 1.0) * (world - world.mean())
    if random.random() < 0.6:
        strength = mask * random.uniform(0.35, 1.0)
        through, drawn = 1 - strength, seen + strength * (bright - seen)
    else:
        drawn = seen + mask * bright * random.uniform(0.2, 1.5)
        through = (drawn < 255).astype(np.float32)
    return np.clip(drawn, 0, 255).astype(np.float32), _comes_through(through)


def _comes_through(through: Patch) -> float:
    """The share of the eye that can be seen; a veil all over it takes contrast alone, which the vehicle gives back."""
    best = float(through[EYE > 0.5].max())
    if best < LEAST:
        return 0.0
    seen = np.clip((through / best - FAINT) / (CLEAR - FAINT), 0, 1)
    return float((seen * EYE).sum() / EYE.sum())


def readable(through: float) -> float:
    """How far such an eye may be held for readable: 0 for hidden, 1 for readable, in doubt between them."""
    return float(np.clip((through - HIDDEN) / (READABLE - HIDDEN), 0, 1))
