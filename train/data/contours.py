"""The contour points of faces that are cut out already, read with the vehicle's own landmarks model.

FER2013's tiles come without points. A point is given relative to the eyes: between them lies the origin, their
distance is the unit and their line the x axis. So shift, size and turn of a patch change nothing, and what the
augmentation does to the place of a face need not be done to its points.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import edge
from edge.vision.crops import Square
from edge.vision.landmarks import LandmarkReader
from edge.vision.points import COUNT, MIRRORED, eye_centres, face_square
from train.data.examples import Examples

MODEL = Path(edge.__file__).parent / "models" / "landmarks.tflite"

WIDTH = 1 + 2 * COUNT
"""Numbers an image: presence, then x and y of each point."""

MARGIN = 1.25
"""Side of the first square over the tile's: of 300 tiles of FER2013 the model saw a face in 99 %, at 1.0 in 95 %."""

PRESENT = 0.5
JITTER = 0.02
"""Deviation of what is added to every coordinate in training, in eye distances: half of what the model errs by."""
LOST = 0.05
"""Share of the images whose points are taken away in training, as a face without contours has none."""


def relative(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Points float32[n, 2] in pixels as float32[n, 2] relative to the eyes."""
    (right_x, right_y), (left_x, left_y) = eye_centres(points)
    across = np.array([left_x - right_x, left_y - right_y])
    unit = max(float(np.hypot(*across)), 1.0)
    cos, sin = across / unit
    middle = np.array([(right_x + left_x) / 2, (right_y + left_y) / 2])
    turned = (points - middle) @ np.array([[cos, -sin], [sin, cos]])
    return (turned / unit).astype(np.float32)


def read(images: NDArray[np.uint8], model: Path = MODEL) -> NDArray[np.float32]:
    """Presence and points of each tile, float32[n, 127]; zero where no face is seen. Two readings an image.

    Raises:
        ConfigError: the model cannot be used.
    """
    reader = LandmarkReader(model, threads=1)
    found = np.zeros((len(images), WIDTH), np.float32)
    for row, image in zip(found, images, strict=True):
        height, width = image.shape
        first = reader.read(image, Square(width / 2, height / 2, MARGIN * max(height, width)))
        if first.presence < PRESENT:
            continue
        contours = reader.read(image, face_square(first.points))
        if contours.presence >= PRESENT:
            row[0] = contours.presence
            row[1:] = relative(contours.points).ravel()
    return found


def with_points(examples: Examples) -> Examples:
    """The examples with the points of their images."""
    return dataclasses.replace(examples, points=read(examples.images))


def varied(points: NDArray[np.float32], random: np.random.Generator) -> NDArray[np.float32]:
    """Points of a batch float32[n, 127] as training sees them: some mirrored, all a little off, a few lost."""
    varied = points.copy()
    mirrored = random.random(len(points)) < 0.5
    places = varied[mirrored, 1:].reshape(-1, COUNT, 2)[:, MIRRORED] * np.array([-1, 1], np.float32)
    varied[mirrored, 1:] = places.reshape(len(places), -1)
    seen = varied[:, :1] > 0
    varied[:, 1:] += np.where(seen, random.normal(0, JITTER, varied[:, 1:].shape), 0).astype(np.float32)
    varied[random.random(len(points)) < LOST] = 0
    return varied
