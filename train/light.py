"""Light, dirt and things before the face, as an infrared camera in a vehicle meets them; on patches and whole frames.

Every function takes uint8[height, width] or float32[height, width] in grey values 0..255 and a random generator.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Patch = NDArray[np.uint8]
Light = NDArray[np.float32]


def resized_down(image: Patch, random: Generator, least: float = 0.35) -> Patch:
    """Fewer pixels than the patch has: a face that is small in its frame."""
    height, width = image.shape
    share = random.uniform(least, 0.95)
    small = cv2.resize(image, (int(width * share), int(height * share)), interpolation=cv2.INTER_AREA)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)


def blurred(image: Patch, random: Generator) -> Patch:
    """Out of focus, or moved while the shutter was open."""
    if random.random() < 0.5:
        return cv2.GaussianBlur(image, (0, 0), random.uniform(0.5, 2.2))
    length = int(random.integers(2, 8))
    kernel = np.zeros((length, length), np.float32)
    angle = random.uniform(0, np.pi)
    middle = (length - 1) / 2
    reach = np.array([np.cos(angle), np.sin(angle)]) * middle
    start, end = (middle - reach).round().astype(int), (middle + reach).round().astype(int)
    cv2.line(kernel, tuple(int(v) for v in start), tuple(int(v) for v in end), 1.0)
    return cv2.filter2D(image, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REPLICATE)


def _smooth_field(shape: tuple[int, int], random: Generator, cells: int) -> Light:
    """A smooth random field of mean 0 and deviation of about 1."""
    coarse = random.standard_normal((cells, cells), np.float32)
    return cv2.resize(coarse, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)


def lit(image: Patch, random: Generator) -> Patch:
    """Another light: a lamp's spot and its falloff, a dark edge, an over-exposed side, gamma, exposure, noise."""
    height, width = image.shape
    light: Light = image.astype(np.float32)
    if random.random() < 0.5:
        light *= np.exp(random.uniform(0.1, 0.6) * _smooth_field((height, width), random, int(random.integers(2, 4))))
    if random.random() < 0.35:  # spot or vignette: bright at one place, falling off around it
        y = np.linspace(-1, 1, height, dtype=np.float32)[:, None] - np.float32(random.uniform(-0.6, 0.6))
        x = np.linspace(-1, 1, width, dtype=np.float32)[None] - np.float32(random.uniform(-0.6, 0.6))
        light *= 1 / (1 + random.uniform(0.3, 3) * (x * x + y * y))
    if random.random() < 0.2:  # a window beside the face: one side into saturation
        angle = random.uniform(0, 2 * np.pi)
        y = np.linspace(-1, 1, height, dtype=np.float32)[:, None] * np.float32(np.sin(angle))
        x = np.linspace(-1, 1, width, dtype=np.float32)[None] * np.float32(np.cos(angle))
        edge = random.uniform(-0.3, 0.8)
        light *= 1 + random.uniform(1, 6) * np.clip((x + y - edge) * random.uniform(1, 6), 0, 1)
    if random.random() < 0.5:
        table = 255 * (np.arange(256, dtype=np.float32) / 255) ** np.float32(np.exp(random.uniform(-0.7, 0.7)))
        light = table[np.clip(light, 0, 255).astype(np.uint8)]
    exposure = random.random()
    if exposure < 0.15:
        light *= random.uniform(0.06, 0.3)  # night: few grey values are left
    elif exposure < 0.5:
        light *= random.uniform(0.4, 2.2)
    if random.random() < 0.5:
        light += random.uniform(0.5, 4 if light.mean() < 40 else 14) * random.standard_normal(light.shape, np.float32)
    return np.clip(light, 0, 255).astype(np.uint8)


def half_saturated(image: Patch, x: float, random: Generator) -> Patch:
    """Sun through a window: beyond about column `x`, right or left, in saturation; the edge hard or soft."""
    columns = np.arange(image.shape[1], dtype=np.float32) - np.float32(x)
    if random.random() < 0.5:
        columns = -columns
    soft = random.choice([1.0, random.uniform(1, 0.15 * image.shape[1] + 1)])
    gain = 1 + random.uniform(1, 5) * np.clip(columns / soft + 0.5, 0, 1)
    return np.minimum(255, image * gain[None]).astype(np.uint8)


def sharpened(image: Patch, random: Generator) -> Patch:
    """More local contrast: deep wrinkles, hard light, a camera's own sharpening."""
    fine = image - cv2.GaussianBlur(image, (0, 0), random.uniform(0.8, 3)).astype(np.float32)
    return np.clip(image + random.uniform(0.5, 2.5) * fine, 0, 255).astype(np.uint8)


def covered(image: Patch, random: Generator, other: Patch | None = None) -> Patch:
    """Something in front: a hand, a cup, a mask over the lower half; its look is flat, rough or from `other`."""
    height, width = image.shape
    mask = np.zeros_like(image)
    kind = random.random()
    if kind < 0.35:  # the lower face
        top = int(height * random.uniform(0.5, 0.75))
        bottom, left, right = height, int(width * random.uniform(0, 0.35)), int(width * random.uniform(0.65, 1))
        cv2.rectangle(mask, (left, top), (right, bottom), 255, -1)
    else:
        centre = (int(random.uniform(0, width)), int(random.uniform(0, height)))
        axes = (int(width * random.uniform(0.05, 0.25)), int(height * random.uniform(0.05, 0.3)))
        cv2.ellipse(mask, centre, axes, random.uniform(0, 180), 0, 360, 255, -1)
    look = random.random()
    if other is not None and look < 0.4:
        cover = cv2.resize(other, (width, height)) if other.shape != image.shape else other
    elif look < 0.8:
        grey = random.uniform(0, 255)
        cover = np.clip(grey + random.uniform(3, 30) * _smooth_field((height, width), random, 6), 0, 255)
        cover = cover.astype(np.uint8)
    else:
        cover = np.full_like(image, int(random.uniform(0, 255)))
    return np.where(mask > 0, cover, image)


def with_glasses(image: Patch, right: NDArray[np.float32], left: NDArray[np.float32], random: Generator) -> Patch:
    """Glasses on eyes at the given centres: frames of any thickness; sometimes dark, or with a lamp's reflection."""
    image = image.copy()
    distance = max(6.0, float(np.hypot(*(left - right))))
    angle = float(np.degrees(np.arctan2(left[1] - right[1], left[0] - right[0])))
    grey = int(random.choice([random.uniform(0, 60), random.uniform(0, 255)]))
    thick = max(1, round(distance * random.uniform(0.02, 0.09)))
    axes = (round(distance * random.uniform(0.3, 0.45)), round(distance * random.uniform(0.2, 0.35)))
    dark = random.random() < 0.3
    drawn = image.copy()
    for eye in (right, left):
        centre = (round(float(eye[0])), round(float(eye[1] + 0.04 * distance)))
        if dark:
            cv2.ellipse(drawn, centre, axes, angle, 0, 360, int(random.uniform(0, 70)), -1)
        cv2.ellipse(drawn, centre, axes, angle, 0, 360, grey, thick, cv2.LINE_AA)
    inner = 0.5 * (right + left)
    step = (left - right) * (0.5 - axes[0] / distance)
    bridge = [tuple(int(v) for v in (inner + sign * step).round()) for sign in (-1, 1)]
    cv2.line(drawn, bridge[0], bridge[1], grey, thick, cv2.LINE_AA)
    if random.random() < 0.4:
        for eye in (right, left):
            spot = eye + random.normal(0, 0.12, 2) * distance
            wide, high = (max(1, round(distance * random.uniform(0.02, most))) for most in (0.15, 0.1))
            size = (wide, high)
            cv2.ellipse(drawn, tuple(int(v) for v in spot), size, random.uniform(0, 180), 0, 360, 255, -1, cv2.LINE_AA)
    share = random.uniform(0.6, 1.0)
    return cv2.addWeighted(drawn, share, image, 1 - share, 0)


def pattern(shape: tuple[int, int], random: Generator) -> Patch:
    """No face: flat, noise, clouds, stripes, boxes and circles."""
    height, width = shape
    kind = random.random()
    if kind < 0.15:
        return np.full(shape, int(random.uniform(0, 255)), np.uint8)
    grey = random.uniform(40, 215)
    contrast = random.uniform(5, 70)
    if kind < 0.3:
        field = random.standard_normal(shape, np.float32)
    else:
        field = _smooth_field(shape, random, int(random.integers(2, 25)))
    image = np.clip(grey + contrast * field, 0, 255).astype(np.uint8)
    if kind > 0.5:
        for _ in range(int(random.integers(1, 14))):
            a = (int(random.uniform(0, width)), int(random.uniform(0, height)))
            b = (int(random.uniform(0, width)), int(random.uniform(0, height)))
            colour, thick = int(random.uniform(0, 255)), int(random.choice([-1, 1, 2, 4]))
            shape_kind = random.random()
            if shape_kind < 0.4:
                cv2.rectangle(image, a, b, colour, thick)
            elif shape_kind < 0.75:
                cv2.ellipse(image, a, (1 + abs(b[0] - a[0]) // 3, 1 + abs(b[1] - a[1]) // 3), 0, 0, 360, colour, thick)
            else:
                cv2.line(image, a, b, colour, max(1, thick))
    return image
