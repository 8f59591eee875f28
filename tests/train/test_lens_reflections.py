"""Lenses that mirror in part: what they cover is known, and an eye counts as hidden only where its lids are."""

from __future__ import annotations

import numpy as np
import pytest

from train.data import lens_reflections
from train.data.lens_reflections import EYE, SIDE

EYES = np.random.default_rng(0).uniform(60, 120, (SIDE, SIDE)).astype(np.float32)
OTHER = np.full((SIDE, SIDE), 200, np.float32)


def _only(monkeypatch: pytest.MonkeyPatch, mask: np.ndarray) -> None:
    monkeypatch.setattr(lens_reflections, "SHAPES", ((lambda _random: mask.astype(np.float32), 1.0),))


def test_the_same_seed_draws_the_same_lens() -> None:
    first, again, other = (lens_reflections.mirrored(EYES, OTHER, np.random.default_rng(seed)) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first[0], again[0])
    assert first[1] == again[1]
    assert not np.array_equal(first[0], other[0])


@pytest.mark.parametrize("shape", [shape for shape, _ in lens_reflections.SHAPES])
def test_every_shape_is_a_share_of_each_pixel(shape: object) -> None:
    for seed in range(50):
        mask = shape(np.random.default_rng(seed))  # type: ignore[operator]
        assert mask.shape == (SIDE, SIDE)
        assert mask.min() >= 0
        assert mask.max() <= 1.001


def test_a_lens_that_mirrors_nothing_hides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    _only(monkeypatch, np.zeros((SIDE, SIDE)))
    for seed in range(20):
        assert lens_reflections.mirrored(EYES, OTHER, np.random.default_rng(seed))[1] == pytest.approx(1)


def test_a_reflection_beside_the_lids_leaves_the_eye_readable(monkeypatch: pytest.MonkeyPatch) -> None:
    mask = np.zeros((SIDE, SIDE))
    mask[:12] = 1  # above the upper lid
    _only(monkeypatch, mask)
    for seed in range(50):
        through = lens_reflections.mirrored(EYES, OTHER, np.random.default_rng(seed))[1]
        assert lens_reflections.readable(through) == 1


def test_one_that_takes_all_light_over_the_lids_hides_the_eye(monkeypatch: pytest.MonkeyPatch) -> None:
    _only(monkeypatch, np.ones((SIDE, SIDE)))
    lids = np.s_[20:28, 12:36]
    drawn = [lens_reflections.mirrored(EYES, OTHER, np.random.default_rng(seed)) for seed in range(200)]
    gone = [through for patch, through in drawn if patch[lids].std() < 0.03 * EYES[lids].std()]
    assert len(gone) > 10
    assert max(map(lens_reflections.readable, gone)) == 0


def test_the_lids_lie_about_the_middle() -> None:
    middle = EYE[SIDE // 2, SIDE // 2]
    assert middle > 0.99
    assert EYE[4].max() < 0.01
    assert EYE[SIDE // 2, 12] > EYE[12, SIDE // 2]  # wider than high
