"""What is left of an emotion model's accuracy where the face is dark, blurred, far, covered, or of another set.

Every change is made on `PrivateTest` with a fixed seed, so that models meet the same images; a model of this project
sees them levelled, as the vehicle does it. The changes are of the kinds that training makes, not its draws: what they
say of real covers and real infrared light is bounded by that.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from edge.errors import InputError
from edge.vision.crops import level
from edge.vision.tflite import TfliteModel
from train import augment
from train.data import ckplus, fer2013
from train.data.examples import Examples

Patch = NDArray[np.uint8]
Change = Callable[[Patch, Generator], Patch]
Answer = Callable[[Patch], NDArray[np.float64]]
"""A raw patch uint8[48, 48] to the probabilities float64[4] of the four classes."""


def _grey(values: NDArray[np.floating]) -> Patch:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def like_infrared(patch: Patch, random: Generator) -> Patch:
    """A lamp beside the camera: flat skin, light falling off from the middle, a dark surrounding, grain."""
    height, width = patch.shape
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    centre = random.uniform(-0.25, 0.25, 2)
    lamp = np.exp(-0.9 * ((x - centre[0]) ** 2 + (y - centre[1]) ** 2))
    flat = 255 * (patch / 255.0) ** 0.6
    return _grey(flat * lamp + random.normal(0, 6, patch.shape))


def darkened(patch: Patch, random: Generator) -> Patch:
    """A seventh of the light, and the sensor's noise."""
    return _grey(patch * 0.15 + random.normal(0, 2, patch.shape))


def of_32_pixels(patch: Patch, _random: Generator) -> Patch:
    """A face of 32 pixels, a little out of focus, enlarged."""
    small = cv2.resize(cv2.GaussianBlur(patch, (0, 0), 0.7), (32, 32), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, patch.shape[::-1], interpolation=cv2.INTER_LINEAR), np.uint8)


CHANGES: dict[str, Change] = {
    "as it is": lambda patch, _random: patch,
    "like infrared": like_infrared,
    "darkened": darkened,
    "blurred, a face of 32 pixels": of_32_pixels,
    "lower face covered": augment.lower_face,
    "glasses drawn": augment.glasses,
}


def own(model: Path) -> Answer:
    """An int8 model of this project, on patches levelled as the vehicle levels them.

    Raises:
        ConfigError: the file is no emotion model with its card.
    """
    reader = TfliteModel(model, "emotion")

    def answer(patch: Patch) -> NDArray[np.float64]:
        shares = reader.probabilities(level(patch))
        return np.array([shares[name] for name in fer2013.CLASSES])

    return answer


FER_LABELS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")


def fer_package(model: Path) -> Answer:
    """The `fer` package's quantised model, `fer/data/emotion_model_quantized.tflite`, fed as the package feeds it.

    Grey 64x64 pixels, scaled to -1..1; of its seven classes the four are told apart among themselves.

    Raises:
        InputError: the file is no such model.
    """
    from ai_edge_litert.interpreter import Interpreter

    try:
        net = Interpreter(str(model), num_threads=1)
        net.allocate_tensors()
        (given,), (told,) = net.get_input_details(), net.get_output_details()
    except (ValueError, RuntimeError) as error:
        raise InputError(f"{model}: this is no TFLite model ({str(error).splitlines()[0]}).") from None
    columns = [FER_LABELS.index(name) for name in fer2013.CLASSES]

    def answer(patch: Patch) -> NDArray[np.float64]:
        scaled = (cv2.resize(patch, (64, 64)) / 255.0 - 0.5) * 2.0
        net.set_tensor(given["index"], scaled[None, :, :, None].astype(np.float32))
        net.invoke()
        shares = net.get_tensor(told["index"])[0][columns].astype(np.float64)
        return np.asarray(shares / max(shares.sum(), 1e-9))

    return answer


@dataclass(frozen=True)
class Row:
    """Accuracy of one model on one kind of image, against two label sets, NaN where there are none; `ms`: median."""

    model: str
    change: str
    images: int
    ferplus: float
    fer2013: float
    ms: float


def _said(answer: Answer, images: NDArray[np.uint8]) -> tuple[NDArray[np.int64], float]:
    """The class of each image, int64[n], and the median time of an image in milliseconds."""
    said, times = np.empty(len(images), np.int64), np.empty(len(images))
    for number, image in enumerate(images):
        began = time.perf_counter()
        said[number] = answer(image).argmax()
        times[number] = time.perf_counter() - began
    return said, float(np.median(times) * 1000)


def _right(said: NDArray[np.int64], labels: NDArray[np.int64]) -> float:
    return float((said == labels)[labels >= 0].mean()) if (labels >= 0).any() else float("nan")


def changed(examples: Examples, change: Change, seed: int = 0) -> NDArray[np.uint8]:
    """Every image through the change, each with a draw of its own that the seed fixes."""
    return np.stack([change(image, np.random.default_rng((seed, k))) for k, image in enumerate(examples.images)])


def measure(name: str, answer: Answer, folder: Path) -> list[Row]:
    """The model on every kind of changed image, and on CK+48 where the folder has it."""
    test = fer2013.read(folder, "PrivateTest")
    rows = []
    for change, function in CHANGES.items():
        said, ms = _said(answer, changed(test, function))
        ferplus, own_label = (_right(said, test.labels[labels]) for labels in ("ferplus", "fer2013"))
        rows.append(Row(name, change, len(test), ferplus, own_label, ms))
    images, truth = ckplus.read(folder)
    said, ms = _said(answer, images)
    rows.append(Row(name, "CK+48, never trained on", len(images), _right(said, truth), np.nan, ms))
    return rows


def table(rows: list[Row]) -> str:
    """The rows as Markdown, a line a kind of image, two columns a model: FER+ majority, FER2013's label."""
    models = list(dict.fromkeys(row.model for row in rows))
    found = {(row.model, row.change): row for row in rows}
    lines = ["| | images | " + " | ".join(f"{m}: FER+ | FER2013" for m in models) + " |"]
    lines.append("|---|---|" + "---|---|" * len(models))
    for change in dict.fromkeys(row.change for row in rows):
        parts = []
        for model in models:
            row = found[model, change]
            parts += [f"{row.ferplus:.1%}", "" if np.isnan(row.fer2013) else f"{row.fer2013:.1%}"]
        lines.append(f"| {change} | {found[models[0], change].images} | " + " | ".join(parts) + " |")
    times = " | ".join(f"{np.median([row.ms for row in rows if row.model == model]):.2f} ms | " for model in models)
    lines.append(f"| time of an image, median | | {times} |")
    return "\n".join(lines)
