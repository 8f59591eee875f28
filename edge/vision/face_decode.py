"""What the `face` network sees of a frame, and the faces that its output tells.

The frame is shrunk into 160x128 pixels, its sides kept in proportion, the rest grey, its contrast levelled. The network
answers for 20x16 cells, eight pixels apart, with 15 numbers each (`CHANNELS`), all of them within about -0.7..0.7 so
that one int8 scale serves them all.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.records import Box, GreyImage
from edge.vision.crops import level

WIDTH, HEIGHT, STRIDE = 160, 128, 8
COLUMNS, ROWS = WIDTH // STRIDE, HEIGHT // STRIDE
POINTS = ("right_eye", "left_eye", "nose", "right_mouth", "left_mouth")
"""The person's right, at the image's left."""
CHANNELS = (
    "score",
    "width",
    "height",
    "centre_x",
    "centre_y",
    *(f"{point}_{axis}" for point in POINTS for axis in "xy"),
)
SCORE_SCALE = 16.0
"""The score times this is the logit of there being a face whose middle is near the cell."""
SIZE_REFERENCE, SIZE_SCALE = 36.0, 2.0
"""Width and height are exp(value * SIZE_SCALE) * SIZE_REFERENCE pixels; places are in face sizes from the cell's
centre, the size being the root of width times height."""
GREY = 128
_SAME = 0.4
"""Boxes that overlap (intersection over union) more than this show one face."""

CENTRES = np.stack(
    np.meshgrid((np.arange(COLUMNS) + 0.5) * STRIDE - 0.5, (np.arange(ROWS) + 0.5) * STRIDE - 0.5), axis=-1
).reshape(-1, 2)


@dataclass(frozen=True, slots=True)
class Detection:
    """A face: its box, its five points float32[5, 2] in the order of POINTS, and a probability 0..1; in pixels."""

    box: Box
    points: NDArray[np.float32]
    score: float


def framed(image: GreyImage) -> tuple[GreyImage, float]:
    """The network's input uint8[128, 160] of a frame uint8[height, width], and its scale: input over frame pixels."""
    height, width = image.shape
    scale = min(WIDTH / width, HEIGHT / height)
    size = (min(WIDTH, max(1, round(width * scale))), min(HEIGHT, max(1, round(height * scale))))
    canvas = np.full((HEIGHT, WIDTH), GREY, np.uint8)
    shrunk = cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    canvas[: size[1], : size[0]] = level(np.asarray(shrunk, np.uint8))
    return canvas, scale


def decode(output: NDArray[np.float32], least: float = 0.5) -> list[Detection]:
    """The faces that the network's output float32[20 * 16 * 15] tells, in pixels of its input, the surest first.

    All cells that saw a face have their say: its place is their mean, weighted by how sure they are.

    Args:
        output: as the network gives it.
        least: least probability 0..1.
    """
    cells = output.reshape(-1, len(CHANNELS))
    logits = cells[:, 0] * SCORE_SCALE
    sure = logits > math.log(least / (1 - least))
    if not sure.any():
        return []
    logits, found = logits[sure], placed(cells[sure], CENTRES[sure])
    left: NDArray[np.bool_] = np.ones(len(found), np.bool_)
    weights = np.exp(np.minimum(logits, 8.0))
    detections = []
    for best in np.argsort(-logits, kind="stable"):
        if not left[best]:
            continue
        same = left & (_overlap(found[best, :4], found[:, :4]) > _SAME)
        same[best] = True
        left &= ~same
        mean = np.average(found[same], axis=0, weights=weights[same])
        box = Box(*(float(value) for value in mean[:4]))
        points = mean[4:].reshape(-1, 2).astype(np.float32)
        detections.append(Detection(box, points, 1 / (1 + math.exp(-float(logits[best])))))
    return detections


def placed(cells: NDArray[np.float32], centres: NDArray[np.float64]) -> NDArray[np.float64]:
    """Left, top, width, height and five points float64[n, 14] in input pixels, of cells float32[n, 15]."""
    sides = np.exp(np.clip(cells[:, 1:3], -1, 1) * SIZE_SCALE) * SIZE_REFERENCE
    size = np.sqrt(sides.prod(axis=1))[:, None, None]
    places = cells[:, 3:].reshape(len(cells), -1, 2) * size + centres[:, None]
    corner = places[:, 0] - sides / 2
    return np.concatenate([corner, sides, places[:, 1:].reshape(len(cells), -1)], axis=1)


def to_frame(detection: Detection, scale: float) -> Detection:
    """The detection in pixels of the frame that `framed` was given."""
    box = detection.box
    x, y = ((value + 0.5) / scale - 0.5 for value in (box.x, box.y))
    points = ((detection.points + 0.5) / scale - 0.5).astype(np.float32)
    return Detection(Box(x, y, box.width / scale, box.height / scale), points, detection.score)


def _overlap(box: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
    """Intersection over union of a box (left, top, width, height) with others float64[n, 4]."""
    low = np.maximum(box[:2], others[:, :2])
    high = np.minimum(box[:2] + box[2:], others[:, :2] + others[:, 2:])
    shared = np.maximum(high - low, 0).prod(axis=1)
    result: NDArray[np.float64] = shared / (box[2:].prod() + others[:, 2:].prod(axis=1) - shared)
    return result
