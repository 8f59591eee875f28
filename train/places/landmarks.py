"""Training and measuring of the network that gives the face's contour points."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import keras
import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from edge.vision import points as contour
from edge.vision.card import InputSpec
from edge.vision.crops import Square
from train.architectures import landmarks as architecture
from train.data import faces as frames
from train.places.landmark_crops import SIXTY_EIGHT, CropSource, To68, eye_distances, labels, moved
from train.places.loop import Batch, Schedule
from train.places.run import Answer, Place, Recipe

INPUT = InputSpec(width=contour.CROP_SIZE, height=contour.CROP_SIZE, channels=1, mean=128.0, std=64.0)
OUTPUTS = 1 + 2 * contour.COUNT
_OUTER_CORNERS = 36, 45
"""Of the eyes, among the usual 68 points."""

RECIPE = Recipe(Schedule(epochs=40, steps=150, rate=4e-3, averaging=0.999), batch=128)
"""How the shipped model was begun; how it was finished stands in docs/vision.md."""


def network() -> keras.Model:
    """The untrained network."""
    return architecture.build((INPUT.height, INPUT.width, INPUT.channels), OUTPUTS)


def _batches(source: CropSource, size: int, seed: int, epoch: int) -> Iterator[Batch]:
    random = np.random.default_rng((seed, epoch))
    while True:
        crops = [source.draw(random) for _ in range(size)]
        yield (
            LANDMARKS.tensor(np.stack([crop.image for crop in crops])),
            torch.from_numpy(np.stack([crop.points for crop in crops])),
            torch.tensor([float(crop.present) for crop in crops]),
            torch.from_numpy(np.stack([crop.points68 for crop in crops])),
            torch.tensor([crop.mirrored for crop in crops]),
        )


def _weights() -> torch.Tensor:
    """How much each point counts: eyes twice, since eye patches are cut by them; the oval is a rough thing."""
    weights = torch.ones(contour.COUNT, 1)
    weights[contour.RIGHT_EYE] = weights[contour.LEFT_EYE] = 2.0
    weights[contour.OVAL] = 0.5
    return weights / weights.mean()


def loss(
    output: torch.Tensor,
    points: torch.Tensor,
    present: torch.Tensor,
    points68: torch.Tensor,
    mirrored: torch.Tensor,
    *,
    to68: torch.Tensor,
) -> torch.Tensor:
    """Smooth L1 of the points (in crop sides, square below half a pixel) and cross-entropy of presence.

    The wrong labels among the right ones are many, so large errors count no more than their size. Where a picture has
    the usual 68 points, too, those that follow from the network's by the map `to68` float32[63, 51] are to be theirs.
    """
    presence = functional.binary_cross_entropy_with_logits(
        output[:, 0] * contour.PRESENCE_SCALE,
        present * 0.98 + 0.01,  # a bounded logit keeps the int8 range small
    )
    given = output[:, 1:].reshape(-1, contour.COUNT, 2)
    apart = functional.smooth_l1_loss(given, points, reduction="none", beta=0.005) * _weights()
    centres = [given[:, eye].mean(1) - points[:, eye].mean(1) for eye in (contour.RIGHT_EYE, contour.LEFT_EYE)]
    eyes = sum(centre.abs().mean(1) for centre in centres)
    per_crop = apart.mean((1, 2)) + 0.5 * eyes + _apart68(given, points68, mirrored, to68)
    return 20 * (per_crop * present).sum() / present.sum().clamp(min=1) + 0.3 * presence


def _apart68(given: torch.Tensor, points68: torch.Tensor, mirrored: torch.Tensor, to68: torch.Tensor) -> torch.Tensor:
    """Of each crop, float32[n]; 0 where it has no such points."""
    as_was = given[:, contour.MIRRORED] * torch.tensor([-1.0, 1.0])
    given = torch.where(mirrored[:, None, None], as_was, given)
    origin = given.mean(1, keepdim=True)
    mapped = torch.einsum("nkc,kj->njc", given - origin, to68) + origin
    known = points68.isfinite()
    apart = functional.smooth_l1_loss(mapped, points68.where(known, mapped.detach()), reduction="none", beta=0.005)
    return apart.mean((1, 2))


LANDMARKS = Place("landmarks", "1.1.0", INPUT, ("presence", *contour.LABELS), network)
scaled = LANDMARKS.scaled


def fit(data: Path, folder: Path, recipe: Recipe = RECIPE) -> dict[str, float]:
    """Trains into the folder, as `Place.fit` does, and gives what the last epoch's model measured.

    Raises:
        InputError: a set is missing or cannot be read.
    """
    keras.utils.set_random_seed(recipe.seed)
    training = frames.read(data, held_out=False)
    to68 = To68.fit(training)
    source = CropSource(training, labels(training, to68))
    batches = partial(_batches, source, recipe.batch, recipe.seed)
    asked = partial(loss, to68=torch.from_numpy(to68.map))
    return LANDMARKS.fit(batches, asked, HeldOut.draw(data, to68), folder, recipe)


def held_out_crops(data: Path) -> HeldOut:
    """What a model is measured on: persons kept out of training."""
    return HeldOut.draw(data, To68.fit(frames.read(data, ("youtube_faces",), held_out=False)))


def representative(data: Path, count: int, seed: int = 0) -> NDArray[np.float32]:
    """Inputs float32[count, 96, 96, 1] that show a converter what the tensors' ranges are: training crops."""
    source = CropSource(training := frames.read(data, held_out=False), training.mesh[:, list(contour.MESH)])
    random = np.random.default_rng(seed)
    return scaled(np.stack([source.draw(random).image for _ in range(count)]))


def held_out(data: Path) -> NDArray[np.float32]:
    """Inputs float32[n, 96, 96, 1] of persons kept out of training, faces first, then crops without."""
    drawn = HeldOut.draw(data, To68(np.zeros((contour.COUNT, 51), np.float32)))
    return scaled(np.concatenate([drawn.crops(drawn.squares), drawn.empty[: len(drawn.frames) // 2]]))


def placed(output: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Points float32[n, 63, 2], logit of presence float32[n] and eye distance float32[n] of outputs float32[n, 127]."""
    points = output[:, 1:].reshape(-1, contour.COUNT, 2)
    return points, output[:, 0] * contour.PRESENCE_SCALE, eye_distances(points)


@dataclass(frozen=True)
class HeldOut:
    """Faces of persons that were kept out of training, and crops without a face.

    `frames`: the pictures; `squares`: where a detector or following might look for the face in each; `points`
    float32[n, 63, 2], `points68` float32[n, 51, 2] in pixels, NaN where the set has none; `outer` float32[n] the
    distance of the outer corners of the eyes among the latter.
    """

    frames: list[NDArray[np.uint8]]
    squares: list[Square]
    points: NDArray[np.float32]
    points68: NDArray[np.float32]
    outer: NDArray[np.float32]
    source: NDArray[np.str_]
    empty: NDArray[np.uint8]
    to68: To68

    @staticmethod
    def draw(data: Path, to68: To68, seed: int = 1) -> HeldOut:
        """Each held-out face once, its square moved as in training, in its own light; and 3,000 crops without."""
        held_out = frames.read(data, held_out=True)
        random = np.random.default_rng(seed)
        points = held_out.mesh[:, list(contour.MESH)]  # the mesh's own, not moved by the 68 points
        usable = np.flatnonzero((held_out.presence > frames.LEAST_PRESENCE) & np.isfinite(points).all(axis=(1, 2)))
        squares = [moved(contour.face_square(points[row]), random) for row in usable]
        source = CropSource(held_out, points)
        corners = held_out.points68[usable][:, list(_OUTER_CORNERS)]
        return HeldOut(
            [held_out.images[row] for row in usable],
            squares,
            points[usable],
            held_out.points68[usable][:, SIXTY_EIGHT],
            np.linalg.norm(corners[:, 0] - corners[:, 1], axis=1),
            held_out.source[usable],
            np.stack([source.without_face(random) for _ in range(3000)]),
            to68,
        )

    def crops(self, squares: Sequence[Square]) -> NDArray[np.uint8]:
        """One uint8[n, 96, 96] of each frame."""
        return np.stack([contour.crop(image, square) for image, square in zip(self.frames, squares, strict=True)])

    def measure(self, answer: Answer) -> dict[str, float]:
        """What a network that answers float32[n, 127] to crops uint8[n, 96, 96] gets wrong.

        `moved_...` where the crop is shifted, scaled and turned; `followed_...` where it is cut by the points of that
        first answer, as in a video. `SET`: mean distance of all points over the eye distance; `eyes_SET`: median of the
        eye centres' distance, over the eye distance; `68`: mean distance of the 51 inner points of the usual 68, over
        the distance of the eye centres; `68_outer`: the same over that of the eyes' outer corners, the usual measure;
        `missed`: share of faces called none; `false`: share of crops without a face called one.
        """
        results, squares = dict[str, float](), self.squares
        for name in ("moved", "followed"):
            output = answer(self.crops(squares))
            given = output[:, 1:].reshape(-1, contour.COUNT, 2) + np.float32(0.5)
            given = np.stack([square.to_frame(points) for square, points in zip(squares, given, strict=True)])
            results |= {f"{name}_{key}": value for key, value in self._errors(given).items()}
            results[f"{name}_missed"] = float((output[:, 0] <= 0).mean())
            squares = [contour.face_square(points) for points in given]
        results["false"] = float((answer(self.empty)[:, 0] > 0).mean())
        return results

    def _errors(self, given: NDArray[np.float32]) -> dict[str, float]:
        distance = eye_distances(self.points)
        apart = np.linalg.norm(given - self.points, axis=2).mean(axis=1) / distance
        eyes = [
            np.linalg.norm(given[:, eye].mean(axis=1) - self.points[:, eye].mean(axis=1), axis=1) / distance
            for eye in (contour.RIGHT_EYE, contour.LEFT_EYE)
        ]
        results = {}
        for name in frames.SETS:
            here = self.source == name
            results[name] = float(apart[here].mean())
            results[f"eyes_{name}"] = float(np.median(np.stack(eyes)[:, here]))
        known = np.isfinite(self.points68).all(axis=(1, 2))
        apart68 = np.linalg.norm(self.to68(given[known]) - self.points68[known], axis=2).mean(axis=1)
        results["68"] = float((apart68 / distance[known]).mean())
        results["68_outer"] = float((apart68 / self.outer[known]).mean())
        return results
