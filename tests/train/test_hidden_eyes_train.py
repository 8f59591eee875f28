"""Eyes hidden by made covers: the same from the same seed, and hidden where the pupil is."""

from __future__ import annotations

import numpy as np
import pytest

from train.data import hidden_eyes

OTHER = np.random.default_rng(0).uniform(60, 120, (48, 48)).astype(np.float32)
DARK = np.full((48, 48), 60, np.float32)


@pytest.mark.parametrize("name", hidden_eyes.COVERS)
def test_the_same_seed_makes_the_same_cover(name: str) -> None:
    cover = hidden_eyes.COVERS[name]
    first, again, other = (cover(OTHER, OTHER[::-1], np.random.default_rng(seed)) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("name", hidden_eyes.DISTURBANCES)
def test_every_disturbance_gives_a_patch_of_the_same_size(name: str) -> None:
    patch = hidden_eyes.disturb(OTHER, DARK, np.random.default_rng(0), name)
    assert patch.shape == (48, 48)
    assert np.isfinite(patch).all()


def test_glare_hides_the_middle_of_the_eye() -> None:
    random = np.random.default_rng(3)
    hidden = np.stack([hidden_eyes.glare(DARK, DARK, random)[20:28, 16:32] for _ in range(200)])
    assert np.mean(hidden.mean(axis=(1, 2)) > 170) > 0.95


def test_what_is_held_before_the_eye_is_seen_in_its_stead() -> None:
    random = np.random.default_rng(3)
    bright = np.full((48, 48), 220, np.float32)
    hidden = np.stack([hidden_eyes.held_before(DARK, bright, random)[20:28, 18:30] for _ in range(200)])
    assert np.mean(hidden.mean(axis=(1, 2)) > 180) > 0.95
