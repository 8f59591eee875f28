"""What a model of the eyes makes of eyes that cannot be seen, and of such as can hardly be.

A hidden eye called closed is a false alarm to come, a visible one called hidden a closure that is missed. All is made
over eyes that were kept out of training, with what was kept out of training before them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.vision.crops import level
from edge.vision.eyes import NOT_VISIBLE
from edge.vision.tflite import TfliteModel
from train.data import eyes, face_eyes, hidden_eyes, lens_reflections

EACH = 400
"""Patches made of each kind and set."""


@dataclass(frozen=True)
class Group:
    """Patches uint8[n, 48, 48] of one kind; `closed` bool[n], or None where no eye can be seen."""

    name: str
    images: NDArray[np.uint8]
    closed: NDArray[np.bool_] | None


def groups(data: Path, leave_out: str | None = None, seed: int = 0) -> list[Group]:
    """What is asked: of every set, or of the whole of the one set that the model was trained without.

    Raises:
        InputError: a set is missing or cannot be read.
    """
    random = np.random.default_rng(seed)
    others = hidden_eyes.beside(data, held_out=True, seed=seed)
    found = [Group("beside the eyes", others, None)]
    for name in (leave_out,) if leave_out else eyes.SETS:
        seen = eyes.read(data, (name,), held_out=None if leave_out else True)
        found += _made(name, seen.images, seen.labels["state"] == 1, others, random)
    images, states = face_eyes.read(data, held_out=True)
    cut = np.stack([_pixels(hidden_eyes.framed(image, "face")) for image in images])
    found += [
        Group("whole pictures, visible", cut[states != 2], states[states != 2] == 1),
        Group("whole pictures, sunglasses or out of sight", cut[states == 2], None),
    ]
    with np.load(data / "eyes.npz") as file:
        named, closed = file["nir_named_images"], file["nir_named_closed"]
    return found + _made("nir, named files", named, closed, others, random, "nir")


def _pixels(patch: NDArray[np.floating]) -> NDArray[np.uint8]:
    return np.clip(np.rint(patch), 0, 255).astype(np.uint8)


def _made(
    title: str,
    images: NDArray[np.uint8],
    closed: NDArray[np.bool_],
    others: NDArray[np.uint8],
    random: np.random.Generator,
    framing: str | None = None,
) -> list[Group]:
    framed = [hidden_eyes.framed(image, framing or title) for image in images]

    def other() -> NDArray[np.float32]:
        return others[random.integers(len(others))].astype(np.float32)

    found = [Group(f"{title}, as they are", np.stack([_pixels(patch) for patch in framed]), closed)]
    for name, cover in hidden_eyes.COVERS.items():
        chosen = random.choice(len(framed), EACH)
        patches = [_pixels(cover(framed[number], other(), random)) for number in chosen]
        found.append(Group(f"{title}, {name}", np.stack(patches), None))
    for name in hidden_eyes.DISTURBANCES:
        chosen = random.choice(len(framed), EACH)
        patches = [_pixels(hidden_eyes.disturb(framed[number], other(), random, name)) for number in chosen]
        found.append(Group(f"{title}, {name}", np.stack(patches), closed[chosen]))
    return found + _mirrored(title, framed, closed, other, random)


def _mirrored(
    title: str,
    framed: list[NDArray[np.float32]],
    closed: NDArray[np.bool_],
    other: Callable[[], NDArray[np.float32]],
    random: np.random.Generator,
) -> list[Group]:
    """Behind lenses that mirror in part: hidden by it, and still to be read; those in doubt are left out."""
    chosen = random.choice(len(framed), 3 * EACH)
    made = [lens_reflections.mirrored(framed[number], other(), random) for number in chosen]
    patches = np.stack([_pixels(patch) for patch, _ in made])
    share = np.array([lens_reflections.readable(through) for _, through in made])
    return [
        Group(f"{title}, a mirroring lens, hidden", patches[share == 0], None),
        Group(f"{title}, a mirroring lens", patches[share == 1], closed[chosen][share == 1]),
    ]


def audit(model: Path, data: Path, leave_out: str | None = None) -> str:
    """Two tables in Markdown: hidden eyes, and visible ones.

    Raises:
        ConfigError: the model cannot be used.
        InputError: a set is missing or cannot be read.
    """
    reader = TfliteModel(model, "eyes")
    threshold = reader.card.thresholds.get(NOT_VISIBLE, 0.5)
    hidden = ["| hidden | patches | called closed | called hidden |", "|---|---|---|---|"]
    visible = [
        "| visible | patches | open called closed | closed called open | called hidden |",
        "|---|---|---|---|---|",
    ]
    for group in groups(data, leave_out):
        unseen, shut = _said(reader, threshold, group.images)
        row = f"| {group.name} | {len(group.images)} |"
        if group.closed is None:
            hidden.append(f"{row} {shut.mean():.1%} | {unseen.mean():.1%} |")
        else:
            false, missed = shut[~group.closed].mean(), (~shut & ~unseen)[group.closed].mean()
            visible.append(f"{row} {false:.1%} | {missed:.1%} | {unseen.mean():.1%} |")
    return "\n".join([*hidden, "", *visible])


def _said(
    reader: TfliteModel, threshold: float, images: NDArray[np.uint8]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Of each patch, whether it is called hidden, and whether closed, as `edge.vision.eyes` decides it."""
    size = (reader.card.input.width, reader.card.input.height)
    small = [level(np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)) for image in images]
    shares = [reader.probabilities(image) for image in small]
    unseen = np.array([share.get(NOT_VISIBLE, 0.0) > threshold for share in shares])
    shut = np.array([share["closed"] > share["open"] for share in shares])
    return unseen, shut & ~unseen
