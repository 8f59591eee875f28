"""What the `landmarks` network learns from: crops of faces with their points, and crops that hold none.

The crop is the one that the vehicle cuts (`edge.vision.points.face_square`), moved as far as following a face and a
detector's box move it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from edge.vision import points as contour
from edge.vision.crops import Square, cut, level
from train import light
from train.data.faces import LEAST_PRESENCE, Faces

SIXTY_EIGHT = slice(17, 68)
"""Of the usual 68 points those that the contour points tell; the jaw line (0-16) is drawn elsewhere than the oval."""

SHARES = {"cabin": 0.35, "youtube_faces": 0.35, "fairface_train": 0.3}
"""How often a sample is drawn from each set: drivers' frames are few, and what the product is for."""

NEGATIVE = 0.22
"""Share of samples without a face."""


@dataclass(frozen=True)
class To68:
    """How the 51 inner points of the usual 68 follow from the 63 contour points, as both are defined.

    `map` float32[63, 51]: each of the 51 is a weighted sum of the 63, fitted on training persons (ridge regression on
    labels, in eye distances from the mean of the points), since the two definitions differ: brows are drawn at
    other heights, and the 68 points of the video stills stand about a pixel to the lower right.
    """

    map: NDArray[np.float32]

    @staticmethod
    def fit(faces: Faces) -> To68:
        """From pictures that have both labels."""
        usable = (faces.presence > LEAST_PRESENCE) & np.isfinite(faces.points68).all(axis=(1, 2))
        ours, theirs = faces.mesh[usable][:, list(contour.MESH)], faces.points68[usable][:, SIXTY_EIGHT]
        origin = ours.mean(axis=1, keepdims=True)
        distance = eye_distances(ours)[:, None, None]
        rows = ((ours - origin) / distance).transpose(0, 2, 1).reshape(-1, contour.COUNT)
        answers = ((theirs - origin) / distance).transpose(0, 2, 1).reshape(-1, theirs.shape[1])
        ridge = 3.0 * np.eye(contour.COUNT)
        return To68(np.linalg.solve(rows.T @ rows + ridge, rows.T @ answers).astype(np.float32))

    def __call__(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Points float32[n, 63, 2] as float32[n, 51, 2]."""
        origin = points.mean(axis=1, keepdims=True)
        mapped: NDArray[np.float32] = np.einsum("nkc,kj->njc", points - origin, self.map) + origin
        return mapped


def eye_distances(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Distance of the eye centres float32[n] of points float32[n, 63, 2]."""
    apart = points[:, contour.RIGHT_EYE].mean(axis=1) - points[:, contour.LEFT_EYE].mean(axis=1)
    distances: NDArray[np.float32] = np.hypot(apart[:, 0], apart[:, 1])
    return distances


def labels(faces: Faces, to68: To68, trust: float = 0.7) -> NDArray[np.float32]:
    """The points float32[n, 63, 2] that the network is to give.

    Where a picture has both labels, each point moves by `trust` of what the 68 points say its surroundings are off by:
    two annotators' mean is better than either.
    """
    points = faces.mesh[:, list(contour.MESH)].copy()
    both = np.flatnonzero((faces.presence > LEAST_PRESENCE) & np.isfinite(faces.points68).all(axis=(1, 2)))
    ours = points[both]
    expected = to68(ours)
    off = faces.points68[both][:, SIXTY_EIGHT] - expected
    distance = eye_distances(ours)
    apart = np.linalg.norm(ours[:, :, None] - expected[:, None], axis=3) / distance[:, None, None]
    nearness = np.exp(-((apart / 0.15) ** 2))
    share = nearness / np.maximum(nearness.sum(axis=2, keepdims=True), 1.0)
    move = np.einsum("nkj,njc->nkc", share, off)
    size = np.linalg.norm(move, axis=2, keepdims=True) / distance[:, None, None]
    move *= np.minimum(1.0, 0.1 / np.maximum(size, 1e-6))  # where they disagree wildly, one of them is wrong
    points[both] = ours + trust * move
    return points


@dataclass(frozen=True)
class Crop:
    """`image` uint8[96, 96], levelled; `points` float32[63, 2] in sides from the crop's centre, about -0.6..0.6.

    `points68` float32[51, 2]: the inner of the usual 68, as they were before the picture was `mirrored` (they stand
    to the lower right, which in a mirror would be the lower left); NaN where the set has none.
    """

    image: NDArray[np.uint8]
    points: NDArray[np.float32]
    present: bool
    points68: NDArray[np.float32]
    mirrored: bool = False


class CropSource:
    """Draws crops of faces and crops without, at random.

    Args:
        faces: the pictures.
        points: float32[n, 63, 2], pixels.
        shares: how often a sample is drawn from each set.
    """

    def __init__(
        self, faces: Faces, points: NDArray[np.float32], shares: Mapping[str, float] = MappingProxyType(SHARES)
    ) -> None:
        self._faces, self._points = faces, points
        self._sets, self._up_to = list(shares), np.cumsum(list(shares.values()))[:-1]
        usable = (faces.presence > LEAST_PRESENCE) & np.isfinite(points).all(axis=(1, 2))
        self._rows = {name: np.flatnonzero(usable & (faces.source == name)) for name in shares}
        self._alone = {name: rows[~faces.several[rows]] for name, rows in self._rows.items()}
        self._squares = {int(row): contour.face_square(points[row]) for row in np.flatnonzero(usable)}

    def draw(self, random: Generator) -> Crop:
        """One crop, lit, covered and levelled."""
        if random.random() < NEGATIVE:
            nothing = np.full((SIXTY_EIGHT.stop - SIXTY_EIGHT.start, 2), np.nan, np.float32)
            return Crop(self.without_face(random), np.zeros((contour.COUNT, 2), np.float32), False, nothing)
        row = self._row(random, self._rows)
        square = moved(self._squares[row], random)
        image = cut(self._faces.images[row], square, contour.CROP_SIZE)
        points = square.from_frame(self._points[row]) - 0.5
        points68 = square.from_frame(self._faces.points68[row][SIXTY_EIGHT]) - 0.5
        turned = random.random() < 0.5
        if turned:
            image, points = mirrored(image, points)
        if random.random() < 0.12:
            pixels = (points + 0.5) * contour.CROP_SIZE
            right, left = pixels[contour.RIGHT_EYE].mean(axis=0), pixels[contour.LEFT_EYE].mean(axis=0)
            image = light.with_glasses(image, right, left, random)
        if random.random() < 0.2:
            image = light.covered(image, random, self._other(random))
        return Crop(level(self._seen(image, random)), points, True, points68, turned)

    def _row(self, random: Generator, rows: dict[str, NDArray[np.int64]]) -> int:
        name = self._sets[int(np.searchsorted(self._up_to, random.random()))]
        return int(rows[name][int(random.integers(len(rows[name])))])

    def _seen(self, image: NDArray[np.uint8], random: Generator) -> NDArray[np.uint8]:
        if random.random() < 0.3:
            image = light.resized_down(image, random)
        if random.random() < 0.25:
            image = light.blurred(image, random)
        return light.lit(image, random) if random.random() < 0.75 else image

    def _other(self, random: Generator) -> NDArray[np.uint8]:
        """A piece of some picture."""
        image = self._faces.images[self._row(random, self._rows)]
        size = min(contour.CROP_SIZE, *image.shape)
        y, x = (int(random.integers(0, length - size + 1)) for length in image.shape)
        return image[y : y + size, x : x + size]

    def without_face(self, random: Generator) -> NDArray[np.uint8]:
        kind = random.random()
        if kind < 0.15:
            image = light.pattern((contour.CROP_SIZE, contour.CROP_SIZE), random)
            return level(self._seen(image, random))
        row = self._row(random, self._alone)
        face, frame = self._squares[row], self._faces.images[row]
        angle, turn = random.uniform(0, 2 * np.pi), face.roll + random.uniform(-0.5, 0.5)
        if kind < 0.6:  # beside the face
            away = face.side * random.uniform(0.6, 1.3)
            scale = np.exp(random.uniform(-0.5, 0.4))
            square = Square(face.x + away * np.cos(angle), face.y + away * np.sin(angle), face.side * scale, turn)
        elif kind < 0.8:  # a part of the face
            away = face.side * random.uniform(0, 0.35)
            scale = random.uniform(0.15, 0.42)
            square = Square(face.x + away * np.cos(angle), face.y + away * np.sin(angle), face.side * scale, turn)
        elif kind < 0.92:  # the face far too small in it
            away = face.side * random.uniform(0, 0.8)
            scale = random.uniform(2.2, 4)
            square = Square(face.x + away * np.cos(angle), face.y + away * np.sin(angle), face.side * scale, turn)
        else:  # upside down
            square = Square(face.x, face.y, face.side * random.uniform(0.8, 1.25), face.roll + random.uniform(2.3, 4))
        return level(self._seen(cut(frame, square, contour.CROP_SIZE), random))


def moved(square: Square, random: Generator) -> Square:
    """The square as it comes in practice: half of them as following gives it, half as a detector's box does."""
    if random.random() < 0.5:
        shift, scale, turn = random.normal(0, 0.035, 2), random.normal(0, 0.06), random.normal(0, 0.07)
    else:
        shift = random.uniform(-0.13, 0.13, 2)
        scale, turn = random.uniform(np.log(0.78), np.log(1.3)), random.uniform(-0.4, 0.4)
    x, y = square.x + square.side * shift[0], square.y + square.side * shift[1]
    return Square(float(x), float(y), float(square.side * np.exp(scale)), float(square.roll + turn))


def mirrored(image: NDArray[np.uint8], points: NDArray[np.float32]) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Crop and points (in sides from the centre) as in a mirror, right and left swapped."""
    return np.ascontiguousarray(image[:, ::-1]), points[contour.MIRRORED] * np.array([-1, 1], np.float32)
