"""Augmentation: everything about light varies, what is an eye stays one."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from train.augment import augment, blur, place
from train.data import eyes
from train.recipes import EMOTION, EYES, Recipe

STILL = dataclasses.replace(EYES.augmentation, shift=0.0, rotation=0.0)


def _random(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("recipe", [EMOTION, EYES], ids=lambda recipe: recipe.task)
def test_a_batch_has_the_size_of_the_input_and_follows_from_the_seed(recipe: Recipe) -> None:
    images = _random().integers(0, 256, (8, 48, 48)).astype(np.uint8)
    sources = np.full(8, next(iter(recipe.augmentation.zoom)))
    size = (recipe.input.width, recipe.input.height)
    first, again = (augment(images, sources, size, recipe.augmentation, _random(3)) for _ in range(2))
    assert first.shape == (8, size[1], size[0])
    assert first.dtype == np.uint8
    np.testing.assert_array_equal(first, again)


def test_brightness_does_not_tell_closed_infrared_eyes_from_open_ones(data: Path) -> None:
    nir = eyes.read(data, ("nir",)).take(np.arange(0, 10_000, 10))
    closed = nir.labels["state"]
    before = roc_auc_score(closed, -nir.images.mean(axis=(1, 2)))
    patches = augment(nir.images, nir.source, (32, 32), EYES.augmentation, _random())
    after = roc_auc_score(closed, -patches.mean(axis=(1, 2)))
    assert before > 0.7  # the trap is there
    assert abs(after - 0.5) < 0.05


def test_a_patch_that_is_not_moved_is_itself_or_its_mirror_image() -> None:
    image = _random().integers(0, 256, (32, 32)).astype(np.uint8)
    patch = place(image, (32, 32), 1.0, STILL, _random())
    assert any(np.array_equal(patch, seen) for seen in (image, image[:, ::-1]))


def test_both_mirror_images_occur() -> None:
    image = np.tile(np.arange(32, dtype=np.uint8), (32, 1))
    random = _random()
    directions = {
        int(np.sign(np.diff(place(image, (32, 32), 1.0, STILL, random)[16].astype(int))[10])) for _ in range(20)
    }
    assert directions == {-1, 1}


def test_a_narrow_cut_enlarges_the_middle() -> None:
    image = np.zeros((48, 48), np.uint8)
    image[12:36, 12:36] = 255
    assert place(image, (32, 32), 0.5, STILL, _random()).mean() > 240


def test_a_lamp_beside_the_camera_leaves_the_corners_darker_than_the_middle() -> None:
    grey = np.full((64, 48, 48), 120, np.uint8) + _random().integers(0, 20, (64, 48, 48)).astype(np.uint8)
    lit = dataclasses.replace(STILL, lamp=(1.0, 1.3), falloff=0.0, noise=(0.0, 0.0), highlight=0.0, erase=0.0, blur=0.0)
    patches = augment(grey, np.full(64, "nir"), (32, 32), lit, _random())
    corners = np.mean([patches[:, y, x].mean() for y in (0, -1) for x in (0, -1)])
    assert corners < 0.8 * patches[:, 14:18, 14:18].mean()


def test_blur_takes_fine_texture_away() -> None:
    texture = (_random().random((32, 32)) * 255).astype(np.uint8)
    random = _random()
    assert np.mean([blur(texture, random).std() for _ in range(30)]) < 0.75 * texture.std()


def test_a_patch_without_contrast_gives_numbers_all_the_same() -> None:
    flat = np.full((4, 48, 48), 40, np.uint8)
    patches = augment(flat, np.full(4, "nir"), (32, 32), EYES.augmentation, _random())
    assert patches.shape == (4, 32, 32)
