"""Changes of place, sharpness and light that a patch goes through before the network sees it.

The vehicle's frames are infrared-like, lit by a lamp beside the camera, often dark or flat, and the patch is placed by
a detector that errs. So the place varies, the sharpness varies, and mean and contrast are drawn anew for every patch:
nothing about brightness is left to learn from (in the near-infrared eyes, brightness alone tells the classes apart).
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from train.light import with_glasses
from train.recipes import Augmentation

LEVEL_MEAN, LEVEL_DEVIATION = 128.0, 48.0
"""Light of a patch that the device has levelled (`edge.vision.crops.level`)."""

LEAST_DEVIATION = 4.0
"""Grey levels; a flatter patch is not stretched further, it holds nothing but noise."""


def place(
    image: NDArray[np.uint8], size: tuple[int, int], zoom: float, plan: Augmentation, random: np.random.Generator
) -> NDArray[np.uint8]:
    """The patch (width, height) cut `zoom` times as wide as the image, shifted, rotated, mirrored at random."""
    height, width = image.shape
    angle = np.deg2rad(random.uniform(-plan.rotation, plan.rotation))
    step = zoom * width / size[0]
    cos, sin = np.cos(angle) * step, np.sin(angle) * step
    mirror = random.choice((-1.0, 1.0))
    shift = random.uniform(-plan.shift, plan.shift, 2) * zoom * width
    centre = np.array([(width - 1) / 2, (height - 1) / 2]) + shift
    linear = np.array([[cos * mirror, -sin], [sin * mirror, cos]])
    offset = centre - linear @ np.array([(size[0] - 1) / 2, (size[1] - 1) / 2])
    matrix = np.hstack([linear, offset[:, None]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(image, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def blur(patch: NDArray[np.uint8], random: np.random.Generator) -> NDArray[np.uint8]:
    """The patch out of focus, in motion, or as a face far away gives it: fewer pixels, enlarged."""
    height, width = patch.shape
    kind = random.integers(4)
    if kind == 0:
        return np.asarray(cv2.GaussianBlur(patch, (0, 0), random.uniform(0.4, 1.3)), np.uint8)
    if kind == 1:
        length = int(random.integers(2, 5))
        kernel = (length, 1) if random.random() < 0.5 else (1, length)
        return np.asarray(cv2.blur(patch, kernel), np.uint8)
    factor = random.uniform(1.2, 2.8)
    few = cv2.resize(patch, (int(width / factor), int(height / factor)), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(few, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def light(patches: NDArray[np.float32], plan: Augmentation, random: np.random.Generator) -> NDArray[np.float32]:
    """Gamma, light that falls off, then a drawn mean and deviation, then noise; float32[n, h, w] in grey levels."""
    count, height, width = patches.shape

    def draw(low: float, high: float) -> NDArray[np.float32]:
        return random.uniform(low, high, (count, 1, 1)).astype(np.float32)

    x = patches / 255.0
    x = np.power(x, np.exp(draw(-plan.gamma, plan.gamma)))
    down, across = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    turn = draw(0, 2 * np.pi)
    x *= np.exp(draw(0, plan.falloff) * (across * np.cos(turn) + down * np.sin(turn)))
    lit, most_fall = plan.lamp
    if lit:
        distance = (across - draw(-0.35, 0.35)) ** 2 + (down - draw(-0.35, 0.35)) ** 2
        x *= np.exp(-draw(0, most_fall) * (draw(0, 1) < lit) * distance)
    x -= x.mean(axis=(1, 2), keepdims=True)
    x /= np.maximum(x.std(axis=(1, 2), keepdims=True), LEAST_DEVIATION / 255.0)
    levelled = random.random((count, 1, 1)) < plan.standardised
    low, high = np.log(plan.deviation)
    deviation = np.where(levelled, LEVEL_DEVIATION, np.exp(draw(low, high)))
    mean = np.where(levelled, LEVEL_MEAN, draw(*plan.mean))
    share, most = plan.noise
    x += random.standard_normal(x.shape, np.float32) * draw(0, most) * (draw(0, 1) < share)
    return np.asarray(x * deviation + mean, np.float32)


def erase(patch: NDArray[np.float32], random: np.random.Generator) -> None:
    """Covers a rectangle of up to a quarter of the patch, in place: a hand, hair, a frame of glasses."""
    height, width = patch.shape
    tall, wide = (random.uniform(0.1, 0.5, 2) * (height, width)).astype(int) + 1
    top, left = random.integers(0, height - tall + 1), random.integers(0, width - wide + 1)
    patch[top : top + tall, left : left + wide] = random.choice(patch.ravel()) + random.normal(0, 5, (tall, wide))


def highlight(patch: NDArray[np.float32], random: np.random.Generator) -> None:
    """A lamp's reflection on glasses, in place: one or two small bright spots."""
    height, width = patch.shape
    for _ in range(random.integers(1, 3)):
        centre = (int(random.integers(0, width)), int(random.integers(0, height)))
        axes = (int(random.integers(1, max(2, width // 10))), int(random.integers(1, max(2, height // 10))))
        cv2.ellipse(patch, centre, axes, float(random.uniform(0, 180)), 0, 360, float(random.uniform(190, 255)), -1)


EYES = np.array([[0.31, 0.37], [0.69, 0.37]], np.float32)
"""Where the eyes lie in a tile of a face, shares of width and height, the right one first: FER2013's mean face."""


def glasses(patch: NDArray[np.uint8], random: np.random.Generator) -> NDArray[np.uint8]:
    """The face with glasses drawn about where its eyes are."""
    size = np.array(patch.shape[::-1])
    right, left = (EYES + random.normal(0, 0.025, 2)).astype(np.float32) * size
    return with_glasses(patch, right, left, random)


def lower_face(patch: NDArray[np.uint8], random: np.random.Generator) -> NDArray[np.uint8]:
    """The face with something before mouth and chin: flat or rough, of any grey, its edge level or aslant."""
    height, width = patch.shape
    edge = height * random.uniform(0.56, 0.72) + np.linspace(-1, 1, width) * random.uniform(-0.08, 0.08) * height
    cover = random.uniform(20, 235) + random.uniform(0, 20) * random.standard_normal(patch.shape)
    under = np.arange(height)[:, None] > edge[None, :]
    return np.where(under, np.clip(cover, 0, 255), patch).astype(np.uint8)


def augment(
    images: NDArray[np.uint8],
    sources: NDArray[np.str_],
    size: tuple[int, int],
    plan: Augmentation,
    random: np.random.Generator,
) -> NDArray[np.uint8]:
    """A batch uint8[n, height, width] of the given size (width, height), every image changed on its own."""
    patches = np.empty((len(images), size[1], size[0]), np.float32)
    for number, (image, source) in enumerate(zip(images, sources, strict=True)):
        patch = place(image, size, random.uniform(*plan.zoom[str(source)]), plan, random)
        if plan.glasses and random.random() < plan.glasses:
            patch = glasses(patch, random)
        if plan.lower_face and random.random() < plan.lower_face:
            patch = lower_face(patch, random)
        patches[number] = blur(patch, random) if random.random() < plan.blur else patch
    patches = light(patches, plan, random)
    for patch in patches:
        if random.random() < plan.erase:
            erase(patch, random)
        if random.random() < plan.highlight:
            highlight(patch, random)
    return np.clip(np.rint(patches), 0, 255).astype(np.uint8)
