"""Eyes that cannot be seen, made from seeds of eyes that can; and eyes that suffer from the same, only less.

Hidden (`COVERS`): under glare, a sunglass lens, a hand or hair, lost in blur or in noise. `beside`: skin, hair, seat
and window next to real eyes, and eyes cut off by the frame's edge, cut and levelled as on the vehicle. Disturbed
(`DISTURBANCES`): spots beside the eye, lamps in the glass, tinted glass, some blur: the eye can still be read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.vision.crops import EYE_SIDE, Square, cut, level
from train.data import eyes, face_eyes, faces

Patch = NDArray[np.float32]
"""float32[48, 48], grey levels."""

SIDE = eyes.SIDE

ZOOM = {"nir": 0.8, "cew": 1.0, "web": 0.9, "face": 1 / face_eyes.MARGIN}
"""Side of the part of a set's patch that shows what the vehicle's patch shows."""

BESIDE = (
    ((0.35, 0.8), (0.52, 0.68)),  # cheek, above the mouth
    ((-0.8, 0.8), (-1.3, -0.8)),  # forehead
    ((1.15, 1.7), (-0.4, 0.8)),  # temple, ear, hair, headrest
    ((-1.2, 1.2), (-2.6, -1.7)),  # hair, roof
    ((1.9, 3.5), (-1.5, 2.5)),  # seat, window
)
"""Where patches without an eye lie, in eye distances from the middle of the eyes: across (either side), down."""


def _soft(mask: NDArray[np.uint8], random: np.random.Generator) -> Patch:
    return cv2.GaussianBlur(mask, (0, 0), random.uniform(0.4, 2.5)).astype(np.float32) / 255.0


def _blob(random: np.random.Generator, centre: float, across: tuple[float, float], down: tuple[float, float]) -> Patch:
    """A soft ellipse 0..1 about the middle; all in sides of the patch, `centre` the largest distance from it."""
    mask = np.zeros((SIDE, SIDE), np.uint8)
    middle = tuple(int(SIDE * (0.5 + random.uniform(-centre, centre))) for _ in range(2))
    axes = (int(SIDE * random.uniform(*across)), int(SIDE * random.uniform(*down)))
    cv2.ellipse(mask, middle, axes, float(random.uniform(-30, 30)), 0, 360, 255, -1)
    return _soft(mask, random)


def _spots(patch: Patch, random: np.random.Generator, most: int) -> Patch:
    """Small reflections anywhere."""
    for _ in range(random.integers(0, most + 1)):
        mask = np.zeros((SIDE, SIDE), np.uint8)
        middle = tuple(int(value) for value in random.integers(0, SIDE, 2))
        axes = tuple(int(value) for value in random.integers(1, 6, 2))
        cv2.ellipse(mask, middle, axes, float(random.uniform(0, 180)), 0, 360, 255, -1)
        spot = _soft(mask, random) * random.uniform(0.5, 1.0)
        patch = patch + spot * (255.0 - patch)
    return patch


def _lamps(patch: Patch, random: np.random.Generator) -> Patch:
    """One to three reflections of infrared lamps, near the middle rather than at the edge."""
    mask = np.zeros((SIDE, SIDE), np.uint8)
    for _ in range(random.integers(1, 4)):
        middle = tuple(int(value) for value in SIDE * np.clip(random.normal(0.5, 0.17, 2), 0.05, 0.95))
        axes = tuple(int(value) for value in random.integers(2, 6, 2))
        cv2.ellipse(mask, middle, axes, float(random.uniform(0, 180)), 0, 360, 255, -1)
    return np.asarray(patch + _soft(mask, random) * (255.0 - patch), np.float32)


def _rim(patch: Patch, random: np.random.Generator) -> Patch:
    """The rim of glasses: wide and thin, or close to the lids, dark, and thick; lamps in the glass of half of them."""
    narrow = random.random() < 0.5
    low, high, most, brightest = ((0.4, 0.17), (0.65, 0.36), 8, 100) if narrow else ((0.5, 0.36), (0.7, 0.6), 5, 200)
    drawn = np.zeros((SIDE, SIDE), np.uint8)
    axes = tuple(int(SIDE * value) for value in random.uniform(low, high))
    middle = tuple(int(SIDE * (0.5 + random.uniform(-0.12, 0.15))) for _ in range(2))
    turn = float(random.uniform(-15, 15))
    cv2.ellipse(drawn, middle, axes, turn, 0, 360, 255, int(random.integers(1, most)))
    patch = patch + _soft(drawn, random) * (random.uniform(0, brightest) - patch)
    return _lamps(patch, random) if random.random() < 0.5 else np.asarray(patch, np.float32)


def glare(patch: Patch, other: Patch, random: np.random.Generator) -> Patch:  # noqa: ARG001
    """A lamp or the sky in the glass, as wide as the eye or wider: a blob, or a streak across."""
    if random.random() < 0.7:
        mask = _blob(random, 0.07, (0.34, 0.6), (0.24, 0.55))
        for _ in range(random.integers(0, 3)):
            mask = np.maximum(mask, _blob(random, 0.4, (0.1, 0.4), (0.1, 0.3)))
    else:
        drawn = np.zeros((SIDE, SIDE), np.uint8)
        turn, middle = random.uniform(-0.7, 0.7), SIDE * (0.5 + random.uniform(-0.06, 0.06))
        along = SIDE * np.array([np.cos(turn), np.sin(turn)])
        ends = [tuple(int(value) for value in middle + sign * along) for sign in (-1, 1)]
        cv2.line(drawn, ends[0], ends[1], 255, int(SIDE * random.uniform(0.45, 0.7)))
        mask = _soft(drawn, random)
    ramp = np.linspace(random.uniform(-40, 0), 0, SIDE, dtype=np.float32)
    bright = random.uniform(215, 255) + (ramp[:, None] if random.random() < 0.5 else ramp[None, :])
    through = random.uniform(0.0, 0.05)
    return _spots(patch + mask * (1 - through) * (bright - patch), random, 2)


def sunglasses(patch: Patch, other: Patch, random: np.random.Generator) -> Patch:
    """A dark lens that lets at most 2 % through where the eye is, at most 30 % at its lower edge; its rim, and the
    surroundings in it, faint or as bright as a window.
    """
    mask = _blob(random, 0.12, (0.55, 1.0), (0.45, 0.9))
    down = np.linspace(-1, 1, SIDE, dtype=np.float32)[:, None]
    gradient = random.uniform(0, 0.3) * np.clip((down - 0.45) / 0.55, 0, 1) if random.random() < 0.4 else 0.0
    lens = random.uniform(5, 60) + (random.uniform(0, 0.02) + gradient) * patch
    if random.random() < 0.3:
        lens = lens + random.uniform(-40, 40) * down  # darker above than below, or the other way round
    if random.random() < 0.6:
        lens = lens + random.uniform(0.05, 0.7) * cv2.GaussianBlur(other, (0, 0), random.uniform(0.5, 4.0))
    if random.random() < 0.4:  # infrared lamps in an opaque lens: they alone are no lid
        lens = _lamps(lens, random)
    lens = _spots(lens, random, 2) + random.normal(0, random.uniform(0.3, 3.0), patch.shape)
    if random.random() < 0.4:
        edge = cv2.morphologyEx(mask, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
        patch = patch + edge * (random.uniform(0, 230) - patch)
    return np.asarray(patch + mask * (lens - patch), np.float32)


def held_before(patch: Patch, other: Patch, random: np.random.Generator) -> Patch:
    """Skin, hair or cloth before the eye, with an edge somewhere."""
    mask = _blob(random, 0.12, (0.42, 1.0), (0.36, 1.0))
    return np.asarray(patch + mask * (other - patch), np.float32)


def smeared(patch: Patch, other: Patch, random: np.random.Generator) -> Patch:  # noqa: ARG001
    """A head that moves by more than the height of an eye while the shutter is open, or a lens far out of focus."""
    if random.random() < 0.3:
        return np.asarray(cv2.GaussianBlur(patch, (0, 0), random.uniform(6.0, 10.0)), np.float32)
    length = int(random.integers(24, 42))
    turn = random.choice((-1.0, 1.0)) * np.pi / 2 + random.uniform(-0.7, 0.7)
    kernel = np.zeros((length | 1, length | 1), np.float32)
    reach = length / 2 * np.array([np.cos(turn), np.sin(turn)])
    middle = length // 2
    ends = [tuple(round(value) for value in middle + sign * reach) for sign in (-1, 1)]
    cv2.line(kernel, ends[0], ends[1], 1.0, 1)
    return np.asarray(cv2.filter2D(patch, -1, kernel / kernel.sum()), np.float32)


def in_the_dark(patch: Patch, other: Patch, random: np.random.Generator) -> Patch:  # noqa: ARG001
    """Hardly any light: the sensor's noise is several times what is left of the picture."""
    contrast = max(float(patch.std()), 1.0)
    noise = random.standard_normal(patch.shape) * random.uniform(3.0, 8.0)
    if random.random() < 0.5:  # of a small face: the noise is enlarged with it
        noise = 2 * cv2.GaussianBlur(noise, (0, 0), random.uniform(0.6, 1.2))
    return np.asarray(128 + 10 * ((patch - patch.mean()) / contrast + noise), np.float32)


Cover = Callable[[Patch, Patch, np.random.Generator], Patch]

COVERS: dict[str, Cover] = {
    "glare": glare,
    "sunglasses": sunglasses,
    "held before": held_before,
    "smeared": smeared,
    "in the dark": in_the_dark,
}
"""What hides an eye: each takes the eye's patch, another one that comes before it or is mirrored, and draws."""

DISTURBANCES = (
    "glare beside",
    "tinted glass",
    "rim of glasses",
    "some movement",
    "hair at the side",
    "infrared lamps in the glass",
    "far away",
    "little light",
)


def disturb(patch: Patch, other: Patch, random: np.random.Generator, how: str) -> Patch:
    """The patch with one of DISTURBANCES, through which the eye can still be seen; `other` as for COVERS."""
    kind = DISTURBANCES.index(how)
    if kind == 0:  # a spot or blob in a corner, or at the edge above or below
        turn, far = random.uniform(0, 2 * np.pi), random.uniform(0.42, 0.6)
        mask = np.zeros((SIDE, SIDE), np.uint8)
        middle = (int(SIDE * (0.5 + far * np.cos(turn))), int(SIDE * (0.5 + far * np.sin(turn))))
        axes = tuple(int(SIDE * value) for value in random.uniform(0.06, 0.22, 2))
        cv2.ellipse(mask, middle, axes, float(random.uniform(0, 180)), 0, 360, 255, -1)
        patch = patch + _soft(mask, random) * (random.uniform(200, 255) - patch)
    elif kind == 1:  # glass that lets 15-70 % through, with a veil of light
        patch = patch * random.uniform(0.15, 0.7) + random.uniform(0, 120)
    elif kind == 2:
        patch = _rim(patch, random)
    elif kind == 3:  # some movement
        size = (1, int(random.integers(3, 8)))
        patch = cv2.blur(patch, size if random.random() < 0.5 else size[::-1])
    elif kind == 4:  # hair, a hand or cloth that ends before the eye
        turn, far = random.uniform(0, 2 * np.pi), random.uniform(0.5, 0.65)
        mask = np.zeros((SIDE, SIDE), np.uint8)
        middle = (int(SIDE * (0.5 + far * np.cos(turn))), int(SIDE * (0.5 + far * np.sin(turn))))
        cv2.circle(mask, middle, int(SIDE * random.uniform(0.15, 0.3)), 255, -1)
        patch = patch + _soft(mask, random) * (other - patch)
    elif kind == 5:  # infrared lamps in the glass, often before the pupil, and the eye lit weakly, but above the noise
        contrast = random.uniform(8, 25) / max(float(patch.std()), 4.0)
        patch = random.uniform(40, 100) + min(contrast, 1.0) * (patch - patch.mean())
        patch = _lamps(patch, random)
    elif kind == 6:  # far away
        few = int(random.integers(10, 18))
        small = cv2.resize(patch, (few, few), interpolation=cv2.INTER_AREA)
        patch = cv2.resize(small, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
    else:  # little light
        patch = patch + random.normal(0, random.uniform(0.2, 0.6) * max(4.0, float(patch.std())), patch.shape)
    return _spots(np.asarray(patch, np.float32), random, 2)


def framed(image: NDArray[np.uint8], name: str) -> Patch:
    """What the vehicle's patch would show of a patch of that set, `SIDE` pixels wide."""
    middle = (len(image) - 1) / 2
    return cut(image, Square(middle, middle, ZOOM[name] * len(image)), SIDE).astype(np.float32)


def beside(
    data: Path, sets: Sequence[str] = faces.SETS, *, each: int = 3, held_out: bool | None = None, seed: int = 0
) -> NDArray[np.uint8]:
    """`each` patches uint8[48, 48] without an eye of every picture with one face, cut and levelled as on the vehicle.

    Raises:
        InputError: a file of a set is missing or cannot be read.
    """
    random = np.random.default_rng((seed, 3))
    pictures = faces.read(data, sets, held_out=held_out)
    patches = []
    for image, five, several in zip(pictures.images, pictures.five, pictures.several, strict=True):
        if several or not np.isfinite(five).all():
            continue
        patches += [level(_one_beside(image, five[0], five[1], random)) for _ in range(each)]
    return np.stack(patches)


def _one_beside(
    image: NDArray[np.uint8], right: NDArray[np.float32], left: NDArray[np.float32], random: np.random.Generator
) -> NDArray[np.uint8]:
    across = left - right
    distance = float(np.hypot(*across))
    roll = float(np.arctan2(across[1], across[0]))
    side = EYE_SIDE * distance * random.uniform(0.8, 1.2)
    if random.random() < 0.1:
        return _cut_off(image, right if random.random() < 0.5 else left, side, roll, random)
    height, width = image.shape
    down = np.array([-across[1], across[0]])
    for _ in range(10):
        x, y = (random.uniform(*reach) for reach in BESIDE[random.integers(len(BESIDE))])
        x *= random.choice((-1.0, 1.0))
        place = (right + left) / 2 + x * across + y * down
        if 0 <= place[0] < width and 0 <= place[1] < height:
            break
    return cut(image, Square(float(place[0]), float(place[1]), side, roll + random.uniform(-0.3, 0.3)), SIDE)


def _cut_off(
    image: NDArray[np.uint8], eye: NDArray[np.float32], side: float, roll: float, random: np.random.Generator
) -> NDArray[np.uint8]:
    """The eye's patch where the frame ends before the eye: a border of up to a fifth of the patch, repeated."""
    horizontal = random.random() < 0.5
    beyond = side * (random.uniform(0.4, 0.6) if horizontal else random.uniform(0.2, 0.4))
    turned = random.random() < 0.5
    if turned:
        image, eye, roll = image[::-1, ::-1], np.array(image.shape[::-1]) - 1 - eye, roll
    place = eye.copy()
    first = int(max(0, eye[0 if horizontal else 1] + beyond))
    image = np.ascontiguousarray(image[:, first:] if horizontal else image[first:])
    place[0 if horizontal else 1] -= first
    if image.size == 0:
        return np.full((SIDE, SIDE), 128, np.uint8)
    patch = cut(image, Square(float(place[0]), float(place[1]), side, roll), SIDE)
    return np.ascontiguousarray(patch[::-1, ::-1]) if turned else patch
