"""Training and measuring of the network that finds faces in a whole frame."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import keras
import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from edge.vision import face_decode as detector
from edge.vision.card import InputSpec
from train import light
from train.architectures import face as architecture
from train.data import faces as frames
from train.places.face_frames import FrameSource, Labelled, five_points, painted_out
from train.places.loop import Batch, Schedule
from train.places.run import Answer, Place, Recipe

INPUT = InputSpec(width=detector.WIDTH, height=detector.HEIGHT, channels=1, mean=128.0, std=64.0)
CELLS = detector.ROWS * detector.COLUMNS
OUTPUTS = len(detector.CHANNELS)

THRESHOLD = 0.75
"""Probability from which on the vehicle believes a face: what tells false faces from true ones on persons held out."""

_NEAR, _AROUND = 0.22, 0.5
"""Cells whose centre is nearer to a face's middle than this share of its size answer for it; up to the second they are
asked for nothing."""
_BOUND = 0.65
"""Within this all numbers of a cell stay that says something."""
_PRIOR = 0.01
"""Share of cells that hold a face, about: what the network says before it has learned."""


RECIPE = Recipe(Schedule(epochs=26, steps=250, rate=3e-3, warm_up=300), batch=64)
"""How the shipped model was begun; how it was finished stands in docs/vision.md."""


def network() -> keras.Model:
    """The untrained network; it begins by denying every face."""
    model = architecture.build((INPUT.height, INPUT.width, INPUT.channels), OUTPUTS)
    kernel, bias = model.get_layer("cells").get_weights()
    bias[0] = math.log(_PRIOR / (1 - _PRIOR)) / detector.SCORE_SCALE
    model.get_layer("cells").set_weights([0.1 * kernel, bias])
    return model


def targets(frame: Labelled) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What each cell is to say, float32[320, 15], and whether its score counts, float32[320].

    The score's target is 1 or 0; the other numbers are asked for where it is 1.
    """
    answer = np.zeros((CELLS, OUTPUTS), np.float32)
    counts = np.ones(CELLS, np.float32)
    nearest = np.full(CELLS, np.inf, np.float32)
    for box in frame.ignored:
        counts[_distance(box) < 0.7] = 0
    for face in frame.faces:
        away = _distance(face[:4])
        mine = (away < _NEAR) | (away == away.min())
        counts[(away < _AROUND) & ~mine & (answer[:, 0] == 0)] = 0
        mine &= away < nearest
        nearest[mine] = away[mine]
        counts[mine] = 1
        size = np.sqrt(face[2] * face[3])
        places = np.concatenate([[face[:2] + face[2:4] / 2], face[4:].reshape(5, 2)])
        answer[mine, 0] = 1
        answer[mine, 1:3] = np.log(face[2:4] / detector.SIZE_REFERENCE) / detector.SIZE_SCALE
        answer[mine, 3:] = ((places[None] - detector.CENTRES[mine][:, None]) / size).reshape(int(mine.sum()), -1)
    return answer, counts


def _distance(box: NDArray[np.float32]) -> NDArray[np.float32]:
    """Of each cell's centre from the box's, over the box's size, float32[320]."""
    away = (detector.CENTRES - (box[:2] + box[2:4] / 2)) / np.sqrt(box[2] * box[3])
    distance: NDArray[np.float32] = np.hypot(away[:, 0], away[:, 1]).astype(np.float32)
    return distance


def _batches(source: FrameSource, size: int, seed: int, epoch: int) -> Iterator[Batch]:
    random = np.random.default_rng((seed, epoch))
    while True:
        drawn = [source.draw(random) for _ in range(size)]
        asked = [targets(frame) for frame in drawn]
        yield (
            FACE.tensor(np.stack([frame.image for frame in drawn])),
            torch.from_numpy(np.stack([answer for answer, _ in asked])),
            torch.from_numpy(np.stack([counts for _, counts in asked])),
        )


def loss(output: torch.Tensor, answer: torch.Tensor, counts: torch.Tensor) -> torch.Tensor:
    """Focal loss of the score (Lin et al. 2017), smooth L1 of box and points; both a face's cell."""
    cells = output.reshape(-1, CELLS, OUTPUTS)
    logits, is_face = cells[..., 0] * detector.SCORE_SCALE, answer[..., 0]
    certain = functional.binary_cross_entropy_with_logits(logits, is_face, reduction="none")
    wrong = 1 - torch.exp(-certain)  # how far the probability is from the truth
    balance = torch.where(is_face > 0, 0.4, 0.6)
    faces = is_face.sum().clamp(min=1)
    score = (balance * wrong.square() * certain * counts).sum() / faces
    # Most cells are asked for no place and would say anything: one large number would widen the int8 range of all.
    bound = functional.relu(cells.abs() - _BOUND).square().mean()
    apart = functional.smooth_l1_loss(cells[..., 1:], answer[..., 1:], reduction="none", beta=0.01)
    weights = torch.tensor([1.0] * 4 + [3.0] * 4 + [1.0] * 6)
    places = ((apart * weights).mean(-1) * is_face).sum() / faces
    return 4 * score + 20 * places + 100 * bound


FACE = Place("face", "1.1.0", INPUT, detector.CHANNELS, network, {"face": THRESHOLD})
scaled = FACE.scaled


def fit(data: Path, folder: Path, recipe: Recipe = RECIPE) -> dict[str, float]:
    """Trains into the folder, as `Place.fit` does, and gives what the last epoch's model measured.

    Raises:
        InputError: a set is missing or cannot be read.
    """
    keras.utils.set_random_seed(recipe.seed)
    source = FrameSource(frames.read(data, held_out=False))
    return FACE.fit(partial(_batches, source, recipe.batch, recipe.seed), loss, HeldOut.draw(data), folder, recipe)


def held_out_crops(data: Path) -> HeldOut:
    """What a model is measured on: persons kept out of training."""
    return HeldOut.draw(data)


def representative(data: Path, count: int, seed: int = 0) -> NDArray[np.float32]:
    """Inputs float32[count, 128, 160, 1] that show a converter what the tensors' ranges are: training frames."""
    source = FrameSource(frames.read(data, held_out=False), bank=count)
    random = np.random.default_rng(seed)
    return scaled(np.stack([source.draw(random).image for _ in range(count)]))


def held_out(data: Path) -> NDArray[np.float32]:
    """Inputs float32[n, 128, 160, 1] of persons kept out of training, frames with one face and without."""
    source = FrameSource(frames.read(data, held_out=True), bank=300)
    random = np.random.default_rng(1)
    drawn = [source.draw(random) for _ in range(1200)]
    return scaled(np.stack([frame.image for frame in drawn if len(frame.faces) <= 1 and len(frame.ignored) == 0]))


def placed(output: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Of the surest face of each frame, as the vehicle decodes it: points float32[n, 5, 2], logit, eye distance.

    Where nothing is near being a face, the points are zero.
    """
    points = np.zeros((len(output), 5, 2), np.float32)
    logits = output.reshape(len(output), CELLS, OUTPUTS)[..., 0].max(axis=1) * detector.SCORE_SCALE
    for row, one in enumerate(output):
        for found in detector.decode(one, 0.3)[:1]:
            points[row] = found.points
    distance = np.maximum(1.0, np.linalg.norm(points[:, 0] - points[:, 1], axis=1))
    return points, logits, distance.astype(np.float32)


@dataclass(frozen=True)
class HeldOut:
    """Frames of persons kept out of training, as they are, and places of them without a face.

    `boxes` float32[n, 4] and `points` float32[n, 5, 2] in pixels of the network's input.
    """

    images: NDArray[np.uint8]
    boxes: NDArray[np.float32]
    points: NDArray[np.float32]
    source: NDArray[np.str_]
    empty: NDArray[np.uint8]

    @staticmethod
    def draw(data: Path, empty: int = 3000, seed: int = 1) -> HeldOut:
        """Every held-out picture once, a margin around the small ones so that the face is no larger than 80 %."""
        held_out = frames.read(data, held_out=True)
        usable = np.flatnonzero(np.isfinite(held_out.box).all(axis=1))
        five, images, boxes, points = five_points(held_out), [], [], []
        for row in usable:
            image, margin = with_margin(held_out.images[row], held_out.box[row])
            framed, scale = detector.framed(image)
            images.append(framed)
            corner = (held_out.box[row][:2] + margin + 0.5) * scale - 0.5
            boxes.append(np.concatenate([corner, held_out.box[row][2:] * scale]))
            points.append((five[row] + margin + 0.5) * scale - 0.5)
        random = np.random.default_rng(seed)
        nothing = without_faces(held_out, random, empty)
        return HeldOut(np.stack(images), np.stack(boxes), np.stack(points), held_out.source[usable], np.stack(nothing))

    def measure(self, answer: Answer, least: float = THRESHOLD) -> dict[str, float]:
        """What a network that answers float32[n, 4800] to frames uint8[n, 128, 160] finds.

        `found_SET`: share of frames with a detection of an overlap of at least 0.5 with the box; `eyes_SET`: median of
        its eyes' distance from the true ones, over the eye distance; `false`: detections a frame without a face.
        """
        detections = [detector.decode(output, least) for output in answer(self.images)]
        results = {}
        for name in frames.SETS:
            here = np.flatnonzero(self.source == name)
            off: list[float] = []
            hits = 0
            for row in here:
                best = max(detections[row], key=lambda one, row=row: overlap(one, self.boxes[row]), default=None)
                if best is not None and overlap(best, self.boxes[row]) >= 0.5:
                    hits += 1
                    distance = np.linalg.norm(self.points[row][0] - self.points[row][1])
                    off += list(np.linalg.norm(best.points[:2] - self.points[row][:2], axis=1) / distance)
            results[f"found_{name}"] = hits / len(here)
            results[f"eyes_{name}"] = float(np.median(off)) if off else math.nan
        false = [len(detector.decode(output, least)) for output in answer(self.empty)]
        results["false"] = float(np.mean([count > 0 for count in false]))
        return results


def overlap(detection: detector.Detection, box: NDArray[np.float32]) -> float:
    """Intersection over union of a detection's box with left, top, width, height."""
    ours = detection.box
    wide = min(ours.x + ours.width, box[0] + box[2]) - max(ours.x, box[0])
    high = min(ours.y + ours.height, box[1] + box[3]) - max(ours.y, box[1])
    shared = max(0.0, float(wide)) * max(0.0, float(high))
    return shared / (ours.width * ours.height + float(box[2] * box[3]) - shared)


def with_margin(
    image: NDArray[np.uint8], box: NDArray[np.float32], most: float = 0.7
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """The picture with a grey margin, so that the face is at most that share of its height; and the margin, x and y."""
    short = max(0, math.ceil(float(box[3]) / most - image.shape[0]))
    if short == 0:
        return image, np.zeros(2, np.float32)
    top, left = short // 2, short // 2
    wide = cv2.copyMakeBorder(image, top, short - top, left, short - left, cv2.BORDER_CONSTANT, value=detector.GREY)
    return np.asarray(wide, np.uint8), np.array([left, top], np.float32)


def without_faces(held_out: frames.Faces, random: np.random.Generator, count: int) -> list[NDArray[np.uint8]]:
    """Frames uint8[128, 160] without a face: cabins with the driver's face painted out, places beside faces, patterns;
    a third of them in changed light.
    """
    source = FrameSource(held_out, seed=int(random.integers(2**31)), bank=count)
    drivers = np.flatnonzero((held_out.source == "cabin") & ~held_out.several & np.isfinite(held_out.box).all(axis=1))
    found = []
    for number in range(count):
        kind = number % 4
        if kind == 0:
            row = int(random.choice(drivers))
            image = painted_out(held_out.images[row], held_out.box[row], random)
        elif kind == 3:
            image = light.pattern((120, 160), random)
        else:
            image = source.bank[number]
        if random.random() < 1 / 3:
            image = light.lit(image, random)
        found.append(detector.framed(np.ascontiguousarray(image))[0])
    return found
