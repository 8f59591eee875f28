"""What the `face` network learns from: whole frames made of pictures of faces at any place, size and turn, and frames
that hold no face at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from edge.vision.crops import level
from edge.vision.face_decode import GREY, HEIGHT, WIDTH
from train import light
from train.data.faces import LEAST_PRESENCE, Faces

SHARES = {"cabin": 0.4, "youtube_faces": 0.3, "fairface_train": 0.3}
SMALLEST, LARGEST = 13.0, 116.0
"""Height of a face in pixels of the network's input."""
NEAR = 0.35
"""Share of faces that fill most of the frame, beyond those that chance makes so."""
EMPTY, SEVERAL = 0.25, 0.2
"""Shares of frames without a face, and of frames put together of several pictures."""
CONTENT = ((160, 120, 0.7), (160, 90, 0.13), (128, 128, 0.17))
"""Width and height of what a frame of 4:3, 16:9 and 1:1 leaves in the input, and how often each is made."""

_FRONTAL = 0.38
"""Eye distance over the face's size, median of drivers; what is narrower is turned away."""
_MIRROR = np.array([1, 0, 2, 4, 3])
_MESH_NOSE_TIP, _MESH_CORNERS = 88, (32, 42)


@dataclass(frozen=True)
class Labelled:
    """`image` uint8[128, 160]; `faces` float32[n, 14]: left, top, width, height, five points; `ignored` float32[n, 4]:
    boxes of faces that are cut off too far to be asked for.
    """

    image: NDArray[np.uint8]
    faces: NDArray[np.float32]
    ignored: NDArray[np.float32]


def five_points(faces: Faces) -> NDArray[np.float32]:
    """Eyes, nose and corners of the mouth float32[n, 5, 2]: of the mesh where it was sure, else the detector's."""
    mesh = faces.mesh
    ours = np.stack(
        [
            mesh[:, 0:16].mean(axis=1),
            mesh[:, 16:32].mean(axis=1),
            mesh[:, _MESH_NOSE_TIP],
            mesh[:, _MESH_CORNERS[0]],
            mesh[:, _MESH_CORNERS[1]],
        ],
        axis=1,
    )
    sure = (faces.presence > LEAST_PRESENCE) & np.isfinite(ours).all(axis=(1, 2))
    return np.where(sure[:, None, None], ours, faces.five).astype(np.float32)


def turned_away(faces: Faces) -> NDArray[np.float64]:
    """How often each picture is drawn, float64[n], 1..6: faces in profile are few in the sets, and hard to find."""
    across = np.linalg.norm(faces.five[:, 0] - faces.five[:, 1], axis=1) / np.sqrt(faces.box[:, 2] * faces.box[:, 3])
    return np.clip((_FRONTAL / np.maximum(across, 1e-3)) ** 2.5, 1, 6).astype(np.float64)


class FrameSource:
    """Draws frames at random.

    Args:
        faces: the pictures.
        seed: for the bank of places without a face.
        bank: how many of them.
        shares: how often a picture is drawn from each set.
    """

    def __init__(
        self, faces: Faces, seed: int = 0, bank: int = 2500, shares: Mapping[str, float] = MappingProxyType(SHARES)
    ) -> None:
        self._sets, self._up_to = list(shares), np.cumsum(list(shares.values()))[:-1]
        usable = np.isfinite(faces.box).all(axis=1) & np.isfinite(faces.five).all(axis=(1, 2))
        self._faces, self._points = faces, five_points(faces)
        alone = usable & ~faces.several
        self._rows = {name: np.flatnonzero(alone & (faces.source == name)) for name in shares}
        turned = turned_away(faces)
        self._up_to_row = {name: np.cumsum(turned[rows]) for name, rows in self._rows.items()}
        random = np.random.default_rng(seed)
        self.bank = [self._without(random) for _ in range(bank)]

    def draw(self, random: Generator) -> Labelled:
        """One frame, lit and levelled."""
        width, height = self._content(random)
        kind = random.random()
        faces: list[NDArray[np.float32]] = []
        ignored: list[NDArray[np.float32]] = []
        if kind < EMPTY:
            image = self._background(random, width, height)
            for _ in range(int(random.integers(0, 4))):
                self._paste_piece(image, random)
        elif kind < EMPTY + SEVERAL:
            image = self._mosaic(random, width, height, faces, ignored)
        else:
            image = self._single(random, width, height, faces, ignored, SMALLEST, LARGEST)
        if random.random() < 0.12:
            x = faces[0][0] + faces[0][2] * random.uniform(0.2, 0.8) if faces else random.uniform(0, width)
            image = light.half_saturated(image, float(x), random)
        image = self._seen(image, random)
        canvas = np.full((HEIGHT, WIDTH), GREY, np.uint8)
        canvas[:height, :width] = level(image)
        return Labelled(canvas, _rows(faces, 14), _rows(ignored, 4))

    def _content(self, random: Generator) -> tuple[int, int]:
        which = int(np.searchsorted(np.cumsum([share for *_, share in CONTENT])[:-1], random.random()))
        return CONTENT[which][:2]

    def _row(self, random: Generator) -> int:
        name = self._sets[int(np.searchsorted(self._up_to, random.random()))]
        up_to = self._up_to_row[name]
        return int(self._rows[name][int(np.searchsorted(up_to, random.random() * up_to[-1], side="right"))])

    def _seen(self, image: NDArray[np.uint8], random: Generator) -> NDArray[np.uint8]:
        if random.random() < 0.15:
            image = light.resized_down(image, random, 0.5)
        if random.random() < 0.15:
            image = light.blurred(image, random)
        elif random.random() < 0.15:
            image = light.sharpened(image, random)
        return light.lit(image, random) if random.random() < 0.7 else image

    def _background(self, random: Generator, width: int, height: int) -> NDArray[np.uint8]:
        if random.random() < 0.2:
            return light.pattern((height, width), random)
        image = self.bank[int(random.integers(len(self.bank)))]
        if random.random() < 0.5:
            image = image[:, ::-1]
        if random.random() < 0.5:  # a part of it
            share = random.uniform(0.4, 1)
            h, w = max(8, int(image.shape[0] * share)), max(8, int(image.shape[1] * share))
            y, x = (int(random.integers(0, n - m + 1)) for n, m in zip(image.shape, (h, w), strict=True))
            image = image[y : y + h, x : x + w]
        return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)

    def _paste_piece(self, image: NDArray[np.uint8], random: Generator) -> None:
        """Another place without a face, pasted as faces are: what is pasted is not yet a face."""
        height, width = image.shape
        h, w = int(height * random.uniform(0.15, 0.8)), int(width * random.uniform(0.15, 0.8))
        y, x = int(random.integers(0, height - h)), int(random.integers(0, width - w))
        image[y : y + h, x : x + w] = self._background(random, w, h)

    def _single(
        self,
        random: Generator,
        width: int,
        height: int,
        faces: list[NDArray[np.float32]],
        ignored: list[NDArray[np.float32]],
        smallest: float,
        largest: float,
    ) -> NDArray[np.uint8]:
        """A picture of one face, moved, scaled, turned, perhaps mirrored, on a background where it doesn't reach."""
        row = self._row(random)
        source, box, points = self._faces.images[row], self._faces.box[row], self._points[row]
        if self._faces.source[row] == "cabin" and random.random() < 0.6:  # about as the camera saw it
            scale = width / source.shape[1] * random.uniform(0.8, 1.6)
        elif random.random() < NEAR:
            scale = height * random.uniform(0.55, 1.05) / box[3]
        else:
            scale = np.exp(random.uniform(np.log(smallest), np.log(min(largest, height * 0.95)))) / box[3]
        size = box[2:].max() * scale
        angle = random.normal(0, 0.2) if random.random() < 0.8 else random.uniform(-0.7, 0.7)
        x = random.uniform(0.3 * size, width - 0.3 * size) if width > 0.6 * size else width / 2
        y = random.uniform(0.35 * size, height - 0.35 * size) if height > 0.7 * size else height / 2
        mirror = -1.0 if random.random() < 0.5 else 1.0
        cos, sin = np.cos(angle) * scale, np.sin(angle) * scale
        turn = np.array([[cos * mirror, -sin], [sin * mirror, cos]])
        middle = box[:2] + box[2:] / 2
        move = np.array([x, y]) - turn @ middle
        if scale < 0.6:  # shrink by area first, so that fine texture does not alias
            shrunk = cv2.resize(source, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            share = np.array([shrunk.shape[1] / source.shape[1], shrunk.shape[0] / source.shape[0]])
        else:
            shrunk, share = source, np.ones(2)
        matrix = np.concatenate([turn / share, move[:, None]], axis=1)
        pasted = cv2.warpAffine(shrunk, matrix, (width, height), flags=cv2.INTER_LINEAR)
        mask = cv2.warpAffine(np.full(shrunk.shape, 255, np.uint8), matrix, (width, height), flags=cv2.INTER_LINEAR)
        if random.random() < 0.3:
            mask = cv2.blur(cv2.erode(mask, np.ones((5, 5), np.uint8)), (5, 5))
        image = self._background(random, width, height)
        weight = mask.astype(np.float32) / 255
        image = (pasted * weight + image * (1 - weight)).astype(np.uint8)
        placed = points @ turn.T + move
        if mirror < 0:
            placed = placed[_MIRROR]
        half = _turned(box[2:] * scale / 2, angle)
        face = np.concatenate([[x, y] - half, 2 * half, placed.reshape(-1)]).astype(np.float32)
        self._file(face, width, height, faces, ignored)
        if random.random() < 0.2:
            image = light.with_glasses(image, placed[0], placed[1], random)
        if random.random() < 0.2:
            self._cover(image, face, random)
        return image

    def _cover(self, image: NDArray[np.uint8], face: NDArray[np.float32], random: Generator) -> None:
        """The face's lower part, or some part of it, behind something."""
        height, width = image.shape
        low = np.clip(face[:2], 0, [width - 1, height - 1]).astype(int)
        high = np.clip(face[:2] + face[2:4], 0, [width, height]).astype(int)
        part = image[low[1] : high[1], low[0] : high[0]]
        if min(part.shape) > 4:
            part[...] = light.covered(part, random, self._background(random, part.shape[1], part.shape[0]))

    def _file(
        self,
        face: NDArray[np.float32],
        width: int,
        height: int,
        faces: list[NDArray[np.float32]],
        ignored: list[NDArray[np.float32]],
    ) -> None:
        x, y = face[0] + face[2] / 2, face[1] + face[3] / 2
        eyes = face[4:8].reshape(2, 2)
        inside = ((eyes > -2) & (eyes < [width + 2, height + 2])).all()
        fits = 0 <= x < width and 0 <= y < height and inside and face[3] > 0.8 * SMALLEST
        if fits:
            faces.append(face)
        else:
            ignored.append(face[:4])

    def _mosaic(
        self,
        random: Generator,
        width: int,
        height: int,
        faces: list[NDArray[np.float32]],
        ignored: list[NDArray[np.float32]],
    ) -> NDArray[np.uint8]:
        """Two or four pictures side by side, some of them without a face."""
        image = np.zeros((height, width), np.uint8)
        across = int(width * random.uniform(0.35, 0.65))
        down = int(height * random.uniform(0.35, 0.65)) if random.random() < 0.5 else height
        for left, right in ((0, across), (across, width)):
            for top, bottom in ((0, down), (down, height)):
                if bottom - top < 16 or right - left < 16:
                    continue
                here: list[NDArray[np.float32]] = []
                cut_off: list[NDArray[np.float32]] = []
                if random.random() < 0.25:
                    tile = self._background(random, right - left, bottom - top)
                else:
                    w, h = right - left, bottom - top
                    tile = self._single(random, w, h, here, cut_off, SMALLEST, 1.1 * min(w, h))
                image[top:bottom, left:right] = tile
                move = np.array([left, top], np.float32)
                faces += [face + np.concatenate([move, [0, 0], np.tile(move, 5)]).astype(np.float32) for face in here]
                ignored += [box + np.concatenate([move, [0, 0]]).astype(np.float32) for box in cut_off]
        return image

    def _without(self, random: Generator) -> NDArray[np.uint8]:
        """A place without a face: beside the face, or the whole picture with the face painted out."""
        name = "cabin" if random.random() < 0.7 else self._sets[int(random.integers(len(self._sets)))]
        rows = self._rows[name]
        row = int(rows[int(random.integers(len(rows)))])
        source, box = self._faces.images[row], self._faces.box[row]
        height, width = source.shape
        x0, y0 = np.maximum(0, box[:2] - 0.15 * box[2:])
        x1, y1 = np.minimum([width, height], box[:2] + 1.15 * box[2:])
        if random.random() < 0.6 or name != "cabin":
            sides = [(0, 0, x0, height), (x1, 0, width, height), (0, 0, width, y0), (0, y1, width, height)]
            areas = np.array([max(0, c - a) * max(0, d - b) * (min(c - a, d - b) >= 14) for a, b, c, d in sides])
            if areas.sum() > 0:
                a, b, c, d = sides[int(random.choice(4, p=areas / areas.sum()))]
                return np.ascontiguousarray(source[int(b) : int(d), int(a) : int(c)])
        return painted_out(source, box, random)


def painted_out(source: NDArray[np.uint8], box: NDArray[np.float32], random: Generator) -> NDArray[np.uint8]:
    """The picture with its face painted over: by clouds of the surroundings' greys, or by another part of it."""
    height, width = source.shape
    mask = np.zeros_like(source)
    centre = (int(box[0] + box[2] / 2), int(box[1] + box[3] / 2))
    cv2.ellipse(mask, centre, (int(box[2] * 0.75), int(box[3] * 0.72)), 0, 0, 360, 255, -1)
    if random.random() < 0.5:
        small = cv2.resize(source, (width // 4, height // 4), interpolation=cv2.INTER_AREA)
        hole = cv2.resize(mask, (width // 4, height // 4), interpolation=cv2.INTER_NEAREST)
        filled = cv2.inpaint(small, hole, 5, cv2.INPAINT_TELEA)
        cover = cv2.resize(filled, (width, height), interpolation=cv2.INTER_LINEAR)
        cover = np.clip(cover + random.normal(0, 4, source.shape), 0, 255).astype(np.uint8)
    else:
        shift = int(width * random.uniform(0.35, 0.65))
        cover = np.roll(source[::-1], shift, axis=1)
        cover = cv2.GaussianBlur(cover, (0, 0), 3) if random.random() < 0.7 else light.pattern(source.shape, random)
    soft = cv2.GaussianBlur(mask, (0, 0), 3).astype(np.float32) / 255
    return (cover * soft + source * (1 - soft)).astype(np.uint8)


def _turned(half: NDArray[np.float32], angle: float) -> NDArray[np.float64]:
    """Half width and height of the upright box around an ellipse of the given half axes, turned."""
    cos, sin = np.cos(angle), np.sin(angle)
    return np.sqrt(np.array([(half[0] * cos) ** 2 + (half[1] * sin) ** 2, (half[0] * sin) ** 2 + (half[1] * cos) ** 2]))


def _rows(boxes: list[NDArray[np.float32]], length: int) -> NDArray[np.float32]:
    return np.stack(boxes).astype(np.float32) if boxes else np.zeros((0, length), np.float32)
