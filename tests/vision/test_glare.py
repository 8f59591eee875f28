"""Glare before an infrared eye, a dark lens, a hand: an eye that cannot be seen is hardly ever called closed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.records import Box, Face, GreyImage
from edge.vision.eyes import EyeReader
from train.data import hidden_eyes

MODEL = Path(__file__).parents[2] / "edge" / "models" / "eyes.tflite"
CUT = hidden_eyes.ZOOM["nir"] * hidden_eyes.SIDE / 0.6
"""Eye distance, in pixels, at which the vehicle's patch is what the network saw of a near-infrared file in training."""


@pytest.fixture(scope="module")
def named(data: Path) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """48 near-infrared files that name subject, glasses and reflections, never trained on; and which are closed."""
    with np.load(data / "eyes.npz") as file:
        return file["nir_named_images"], file["nir_named_closed"]


def closed(reader: EyeReader, image: GreyImage) -> float | None:
    """What is read of an eye in the middle of a picture that holds nothing else."""
    face = Face(Box(0, 0, 48, 48), (23.5, 23.5), (23.5 + CUT, 23.5), (60.0, 90.0), 1.0)
    return reader.read(image, face).right


@pytest.mark.parametrize("cover", [hidden_eyes.glare, hidden_eyes.held_before, hidden_eyes.in_the_dark])
def test_a_hidden_infrared_eye_is_hardly_ever_called_closed(
    cover: Callable[..., NDArray[np.float32]], named: tuple[NDArray[np.uint8], NDArray[np.bool_]]
) -> None:
    reader, random = EyeReader(MODEL), np.random.default_rng(0)
    images = named[0].astype(np.float32)
    skin = images[:, :16].repeat(3, axis=1)  # brows and foreheads, as something held before the eye
    answers = [
        closed(reader, np.clip(cover(image, skin[random.integers(48)], random), 0, 255).astype(np.uint8))
        for image in images
        for _ in range(4)
    ]
    assert np.mean([answer is not None and answer > 0.5 for answer in answers]) <= 0.02


def test_the_same_eyes_uncovered_are_visible_and_read(named: tuple[NDArray[np.uint8], NDArray[np.bool_]]) -> None:
    reader = EyeReader(MODEL)
    answers = [closed(reader, image) for image in named[0]]
    assert None not in answers
    assert np.mean([(answer > 0.5) == shut for answer, shut in zip(answers, named[1], strict=True)]) >= 0.95
