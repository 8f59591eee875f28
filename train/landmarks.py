"""Training and measuring of the network that gives the face's contour points."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import keras
import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from edge.vision import points as contour
from edge.vision.card import Dataset, InputSpec, ModelCard
from train.architectures import landmarks as architecture
from train.data import faces as frames
from train.landmark_crops import SIXTY_EIGHT, CropSource, To68, eye_distances, labels, moved
from train.loop import Batch, Schedule
from train.loop import fit as fit_loop
from train.twin import Twin

INPUT = InputSpec(width=contour.CROP_SIZE, height=contour.CROP_SIZE, channels=1, mean=128.0, std=64.0)
TASK = "landmarks"
OUTPUTS = 1 + 2 * contour.COUNT

DATASETS = (
    Dataset(name="cabin", terms="frames of the YawDD kind, research use; labels by MediaPipe face mesh, Apache-2.0"),
    Dataset(name="YouTube Faces stills with 68 points", terms="research use; labels as cabin"),
    Dataset(name="FairFace (train)", terms="CC BY 4.0; labels as cabin"),
)


@dataclass(frozen=True)
class Recipe:
    """How the shipped model was made."""

    schedule: Schedule = field(default_factory=lambda: Schedule(epochs=40, steps=150, rate=4e-3, averaging=0.999))
    batch: int = 128
    seed: int = 0
    start: Path | None = None
    """A model to go on from, instead of random weights."""


def network() -> keras.Model:
    """The untrained network."""
    return architecture.build((INPUT.height, INPUT.width, INPUT.channels), OUTPUTS)


def scaled(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Crops uint8[n, 96, 96] as the network's input float32[n, 96, 96, 1]."""
    return ((images[..., None].astype(np.float32) - INPUT.mean) / INPUT.std).astype(np.float32)


def _batches(source: CropSource, size: int, seed: int) -> Iterator[Batch]:
    random = np.random.default_rng(seed)
    while True:
        crops = [source.draw(random) for _ in range(size)]
        yield (
            torch.from_numpy(scaled(np.stack([crop.image for crop in crops]))).permute(0, 3, 1, 2),
            torch.from_numpy(np.stack([crop.points for crop in crops])),
            torch.tensor([float(crop.present) for crop in crops]),
        )


def _weights() -> torch.Tensor:
    """How much each point counts: eyes twice, since eye patches are cut by them; the oval is a rough thing."""
    weights = torch.ones(contour.COUNT, 1)
    weights[contour.RIGHT_EYE] = weights[contour.LEFT_EYE] = 2.0
    weights[contour.OVAL] = 0.5
    return weights / weights.mean()


def loss(output: torch.Tensor, points: torch.Tensor, present: torch.Tensor) -> torch.Tensor:
    """Smooth L1 of the points (in crop sides, square below a quarter of a pixel) and cross-entropy of presence.

    The wrong labels among the right ones are many, so large errors count no more than their size.
    """
    presence = functional.binary_cross_entropy_with_logits(
        output[:, 0] * contour.PRESENCE_SCALE,
        present * 0.98 + 0.01,  # a bounded logit keeps the int8 range small
    )
    given = output[:, 1:].reshape(-1, contour.COUNT, 2)
    apart = functional.smooth_l1_loss(given, points, reduction="none", beta=0.005) * _weights()
    centres = [given[:, eye].mean(1) - points[:, eye].mean(1) for eye in (contour.RIGHT_EYE, contour.LEFT_EYE)]
    eyes = sum(centre.abs().mean(1) for centre in centres)
    per_crop = apart.mean((1, 2)) + 0.5 * eyes
    return 20 * (per_crop * present).sum() / present.sum().clamp(min=1) + 0.3 * presence


def fit(data: Path, folder: Path, recipe: Recipe | None = None) -> dict[str, float]:
    """Trains and writes `model.keras`, `card.json` and `results.json` into the folder; goes on where a run broke off.

    Gives what the last epoch's model measured.

    Raises:
        InputError: a set is missing or cannot be read.
    """
    recipe = recipe or Recipe()
    folder.mkdir(parents=True, exist_ok=True)
    keras.utils.set_random_seed(recipe.seed)
    training = frames.read(data, held_out=False)
    to68 = To68.fit(training)
    source = CropSource(training, labels(training, to68))
    held_out, results = HeldOut.draw(data, to68), dict[str, float]()

    def measured(average: Twin, epoch: int) -> None:
        results.update(held_out.measure(_answers(average)))
        print("  " + "  ".join(f"{name} {value:.4f}" for name, value in results.items()), flush=True)
        average.give_back().save(folder / "model.keras")
        (folder / "results.json").write_text(json.dumps({"epoch": epoch, **results}, indent=1))
        (folder / "card.json").write_text(_card(results, recipe).model_dump_json(indent=1))

    twin = Twin(keras.saving.load_model(recipe.start) if recipe.start else network())
    fit_loop(twin, _batches(source, recipe.batch, recipe.seed), loss, recipe.schedule, folder, measured)
    return results


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
    return scaled(np.concatenate([drawn.images, drawn.empty[: len(drawn.images) // 2]]))


def placed(output: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Points float32[n, 63, 2], logit of presence float32[n] and eye distance float32[n] of outputs float32[n, 127]."""
    points = output[:, 1:].reshape(-1, contour.COUNT, 2)
    return points, output[:, 0] * contour.PRESENCE_SCALE, eye_distances(points)


def _answers(twin: Twin) -> Callable[[NDArray[np.uint8]], NDArray[np.float32]]:
    @torch.no_grad()
    def answer(images: NDArray[np.uint8]) -> NDArray[np.float32]:
        parts = [
            twin(torch.from_numpy(scaled(images[start : start + 256])).permute(0, 3, 1, 2))
            for start in range(0, len(images), 256)
        ]
        return torch.cat(parts).numpy()

    return answer


def _card(results: dict[str, float], recipe: Recipe) -> ModelCard:
    return ModelCard(
        task="landmarks",
        version="1.0.0",
        labels=("presence", *contour.LABELS),
        input=INPUT,
        datasets=DATASETS,
        results={"float32": results},
        source={
            "command": "train-model fit landmarks",
            "recipe": json.loads(json.dumps(asdict(recipe), default=str)),
            "keras": keras.__version__,
        },
    )


@dataclass(frozen=True)
class HeldOut:
    """Crops of persons that were kept out of training, as following cuts them, and crops without a face.

    `present`: crops of faces; `points` float32[n, 63, 2] in sides from the centre; `points68` the same for the 51
    inner points, NaN where the set has none.
    """

    images: NDArray[np.uint8]
    points: NDArray[np.float32]
    points68: NDArray[np.float32]
    source: NDArray[np.str_]
    empty: NDArray[np.uint8]
    to68: To68

    @staticmethod
    def draw(data: Path, to68: To68, seed: int = 1) -> HeldOut:
        """Each held-out face once, its crop moved as in training, in its own light; and as many crops without."""
        held_out = frames.read(data, held_out=True)
        random = np.random.default_rng(seed)
        points = held_out.mesh[:, list(contour.MESH)]  # the mesh's own, not moved by the 68 points
        usable = np.flatnonzero((held_out.presence > frames.LEAST_PRESENCE) & np.isfinite(points).all(axis=(1, 2)))
        images, here, here68 = [], [], []
        for row in usable:
            square = moved(contour.face_square(points[row]), random)
            images.append(contour.crop(held_out.images[row], square))
            here.append(square.from_frame(points[row]) - 0.5)
            here68.append(square.from_frame(held_out.points68[row][SIXTY_EIGHT]) - 0.5)
        source = CropSource(held_out, points)
        empty = [source.without_face(random) for _ in range(3000)]
        return HeldOut(
            np.stack(images), np.stack(here), np.stack(here68), held_out.source[usable], np.stack(empty), to68
        )

    def measure(self, answer: Callable[[NDArray[np.uint8]], NDArray[np.float32]]) -> dict[str, float]:
        """What a network that answers float32[n, 127] to crops uint8[n, 96, 96] gets wrong.

        `error_SET`: mean distance of all points over the eye distance; `eyes_SET`: median of the eye centres' distance,
        over the eye distance; `error_68`: mean distance of the 51 inner points of the usual 68, over the eye distance;
        `missed`: share of faces called none; `false`: share of crops without a face called one.
        """
        output = answer(self.images)
        given = output[:, 1:].reshape(-1, contour.COUNT, 2)
        distance = eye_distances(self.points)
        apart = np.linalg.norm(given - self.points, axis=2).mean(axis=1) / distance
        eyes = np.concatenate(
            [
                np.linalg.norm(given[:, eye].mean(axis=1) - self.points[:, eye].mean(axis=1), axis=1) / distance
                for eye in (contour.RIGHT_EYE, contour.LEFT_EYE)
            ]
        )
        results = {}
        for name in frames.SETS:
            here = self.source == name
            results[f"error_{name}"] = float(apart[here].mean())
            results[f"eyes_{name}"] = float(np.median(eyes[np.tile(here, 2)]))
        known = np.isfinite(self.points68).all(axis=(1, 2))
        apart68 = np.linalg.norm(self.to68(given[known]) - self.points68[known], axis=2)
        results["error_68"] = float((apart68.mean(axis=1) / distance[known]).mean())
        results["missed"] = float((output[:, 0] <= 0).mean())
        results["false"] = float((answer(self.empty)[:, 0] > 0).mean())
        return results
