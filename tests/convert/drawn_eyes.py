"""A small data folder of drawn eyes, models with their card, and the command, for the tests of the conversion."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from click.testing import CliRunner, Result
from numpy.typing import NDArray

from convert.cli import main

CARD: dict[str, Any] = {
    "task": "eyes",
    "version": "0.0.1",
    "labels": ["open", "closed", "not_visible"],
    "input": {"width": 32, "height": 32, "channels": 1, "mean": 128.0, "std": 64.0},
    "temperature": 1.25,
    "datasets": [{"name": "drawn eyes", "terms": "none"}],
    "results": {"validation": {"accuracy": 0.99}},
    "source": {"seed": 7},
}

HELD_OUT = slice(300, 370)
"""The infrared patches whose number lies in a block that training keeps out."""


@dataclass(frozen=True)
class Examples:
    """Inputs as the network takes them, float32[n, 32, 32, 1], and the held-out ones' labels."""

    calibration: NDArray[np.float32]
    inputs: NDArray[np.float32]
    truth: NDArray[np.int64]


def draw_eyes(random: np.random.Generator, closed: NDArray[np.bool_], side: int) -> NDArray[np.uint8]:
    """Eyes uint8[n, side, side]: a dark disc between the lids where open, a dark line where closed; noise on both."""
    down, right = np.mgrid[:side, :side] / side - 0.5
    images = []
    for shut in closed:
        x, y = random.uniform(-0.1, 0.1, 2)
        disc = (right - x) ** 2 + (down - y) ** 2 < random.uniform(0.15, 0.22) ** 2
        line = (np.abs(down - y) < 0.05) & (np.abs(right - x) < 0.4)
        image = random.uniform(120, 190) - random.uniform(50, 90) * (line if shut else disc)
        images.append(image + random.normal(0, 8, (side, side)))
    return np.clip(images, 0, 255).astype(np.uint8)


def write_eyes(folder: Path, *, overexposed_training: bool = False) -> Path:
    """A folder with `eyes.npz` as training reads it; overexposed, all patches but the held-out infrared are white."""
    random = np.random.default_rng(1)
    arrays: dict[str, NDArray[Any]] = {}
    for name, count, side in (("nir", 400, 48), ("cew", 200, 24), ("web", 200, 48)):
        closed = np.arange(count) % 2 == 1
        arrays[f"{name}_closed"] = closed
        arrays[f"{name}_images"] = images = draw_eyes(random, closed, side)
        if overexposed_training:
            kept = images[HELD_OUT].copy() if name == "nir" else images[:0]
            images[:] = 255
            images[HELD_OUT][: len(kept)] = kept
    arrays["nir_sequence"] = np.arange(400) * 5
    arrays["cew_photo"] = np.array([f"photo_{number // 2}" for number in range(200)])
    arrays["web_file"] = np.array([f"page_{number}" for number in range(200)])
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(folder / "eyes.npz", **arrays)
    for name in ("cabin", "youtube_faces", "fairface_train"):
        _write_faces(folder, name, random, light=400 if overexposed_training else 150)
    return folder


def _write_faces(folder: Path, name: str, random: np.random.Generator, light: float, count: int = 40) -> None:
    """A set of pictures, each with two eyes on plain skin; a quarter of those of `cabin` is kept out of training."""
    five = np.array([[60, 60], [100, 60], [80, 80], [65, 100], [95, 100]], np.float32)
    face = np.concatenate([[40, 30, 80, 100], five.ravel(), [1]]).astype(np.float32)
    source = [f"yawn/{(500 if number % 4 else 530) + number}.jpg" for number in range(count)]
    if name != "cabin":
        source = [f"face/{number}.jpg" for number in range(count)]
    with zipfile.ZipFile(folder / f"{name}.zip", "w") as archive:
        for number in range(count):
            picture = np.clip(random.normal(light, 6, (160, 160)), 0, 255).astype(np.uint8)
            archive.writestr(f"{number:05d}.jpg", cv2.imencode(".jpg", picture)[1].tobytes())
    np.savez(
        folder / f"{name}.npz",
        source=np.array(source),
        face=np.tile(face, (count, 1)),
        mesh=np.zeros((count, 107, 2), np.float32),
        mesh_presence=np.ones(count, np.float32),
        faces_found=np.ones(count, np.int64),
    )


def save(model: Any, folder: Path, **changes: Any) -> Path:
    """The model with its card beside it; `changes` go into the card."""
    model.save(folder / "model.keras")
    (folder / "card.json").write_text(json.dumps({**CARD, **changes}))
    return folder / "model.keras"


def convert_tflite(*arguments: object) -> Result:
    """The command with these arguments, in this process."""
    return CliRunner().invoke(main, [str(argument) for argument in arguments])
