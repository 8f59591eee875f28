"""What training `face` and training `landmarks` have in common: recipe, run, and what a run leaves in its folder."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Protocol

import keras
import numpy as np
import torch
from numpy.typing import NDArray

from edge.vision.card import Dataset, InputSpec, ModelCard
from edge.vision.card import Task as TaskName
from train.answers import with_theirs
from train.files import replace
from train.fit import save_model
from train.places.loop import Batch, Schedule
from train.places.loop import fit as fit_loop
from train.places.rounding import RoundedTwin
from train.places.twin import Twin

Answer = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
"""A network: its outputs float32[n, outputs] to images uint8[n, height, width]."""

DATASETS = (
    Dataset(name="cabin", terms="frames of the YawDD kind, research use; labels by MediaPipe face mesh, Apache-2.0"),
    Dataset(name="YouTube Faces stills with 68 points", terms="research use; labels as cabin"),
    Dataset(name="FairFace (train)", terms="CC BY 4.0; labels as cabin"),
)


class HeldOut(Protocol):
    """What a network is measured on."""

    def measure(self, answer: Answer) -> dict[str, float]:
        """Figures by name."""
        ...


@dataclass(frozen=True)
class Recipe:
    """How a model is made.

    `batch`: images a step; `start`: a model to go on from, instead of random weights; `quantized`: all is
    rounded as in int8 (`train.places.rounding`), for the last epochs of a model that was trained without.
    """

    schedule: Schedule
    batch: int
    seed: int = 0
    start: Path | None = None
    quantized: bool = False


@dataclass(frozen=True)
class Place:
    """A task that tells places: its name, network and what its card says."""

    name: TaskName
    version: str
    input: InputSpec
    labels: tuple[str, ...]
    network: Callable[[], keras.Model]
    thresholds: Mapping[str, float] = field(default_factory=dict)

    def scaled(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Images uint8[n, height, width] as the network's input float32[n, height, width, 1]."""
        pixels = (images[..., None].astype(np.float32) - self.input.mean) / self.input.std
        return pixels.astype(np.float32)

    def tensor(self, images: NDArray[np.uint8]) -> torch.Tensor:
        """The same as the twin takes it, float32[n, 1, height, width]."""
        return torch.from_numpy(self.scaled(images)).permute(0, 3, 1, 2)

    def fit(
        self,
        batches: Callable[[int], Iterator[Batch]],
        loss: Callable[..., torch.Tensor],
        held_out: HeldOut,
        folder: Path,
        recipe: Recipe,
    ) -> dict[str, float]:
        """Trains; writes `model.keras`, `card.json` and `results.json` into the folder; goes on where a run broke off.

        Gives what the last epoch's model measured. `batches` are those from an epoch on; `loss` is of the network's
        output and the rest of a batch.
        """
        folder.mkdir(parents=True, exist_ok=True)
        results = dict[str, float]()

        def measured(average: Twin, epoch: int) -> None:
            results.update(held_out.measure(self._answers(average)))
            print("  " + "  ".join(f"{name} {value:.4f}" for name, value in results.items()), flush=True)
            save_model(average.give_back(), folder / "model.keras")
            replace(folder / "results.json", json.dumps({"epoch": epoch, **results}, indent=1))
            replace(folder / "card.json", self._card(results, recipe, datasets).model_dump_json(indent=1))

        datasets = with_theirs(DATASETS, [recipe.start])
        kind = RoundedTwin if recipe.quantized else Twin
        twin = kind(keras.saving.load_model(recipe.start) if recipe.start else self.network())
        fit_loop(twin, batches, loss, recipe.schedule, folder, measured)
        return results

    def _answers(self, twin: Twin, size: int = 128) -> Answer:
        @torch.no_grad()
        def answer(images: NDArray[np.uint8]) -> NDArray[np.float32]:
            parts = [twin(self.tensor(images[start : start + size])) for start in range(0, len(images), size)]
            return np.asarray(torch.cat(parts).numpy(), np.float32)

        return answer

    def _card(self, results: dict[str, float], recipe: Recipe, datasets: tuple[Dataset, ...]) -> ModelCard:
        started = recipe.start and recipe.start.name
        return ModelCard(
            task=self.name,
            version=self.version,
            labels=self.labels,
            input=self.input,
            thresholds=dict(self.thresholds),
            datasets=datasets,
            results={"float32": results},
            source={
                "command": f"train-model fit {self.name}",
                "recipe": json.loads(json.dumps({**asdict(recipe), "start": started}, default=str)),
                "keras": keras.__version__,
            },
        )
