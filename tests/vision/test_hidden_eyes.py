"""An eye that cannot be seen is neither open nor closed: the model's third label, and how it is read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edge.records import Box, Face, GreyImage
from edge.vision.card import ModelCard
from edge.vision.eyes import EyeReader

FACE = Face(Box(20, 20, 120, 140), (50.0, 70.0), (110.0, 70.0), (80.0, 130.0), 1.0)
IMAGE = np.random.default_rng(0).integers(0, 256, (180, 160), np.uint8)


class Answer:
    """A network that always gives the same probabilities."""

    def __init__(self, card: ModelCard, shares: dict[str, float]) -> None:
        self.card = card
        self._shares = shares

    def probabilities(self, _patch: GreyImage, _levels: GreyImage) -> dict[str, float]:
        return self._shares


@pytest.fixture
def reading(with_card: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> Callable[..., float | None]:
    """What is made of the right eye where the network gives these probabilities, the card this threshold."""

    def reading(threshold: float | None = None, **shares: float) -> float | None:
        thresholds = {} if threshold is None else {"not_visible": threshold}
        reader = EyeReader(with_card("eyes", thresholds=thresholds))
        card = reader._model.card.model_copy(update={"labels": tuple(shares)})
        monkeypatch.setattr(reader, "_model", Answer(card, shares))
        return reader.read(IMAGE, FACE).right

    return reading


def test_an_eye_that_is_likely_hidden_is_neither_open_nor_closed(reading: Callable[..., float | None]) -> None:
    assert reading(open=0.1, closed=0.3, not_visible=0.6) is None


def test_a_visible_eye_is_read_by_the_two_labels_that_are_left(reading: Callable[..., float | None]) -> None:
    assert reading(open=0.6, closed=0.2, not_visible=0.2) == pytest.approx(0.25)


def test_the_threshold_of_the_card_decides_what_is_hidden(reading: Callable[..., float | None]) -> None:
    assert reading(0.15, open=0.6, closed=0.2, not_visible=0.2) is None
    assert reading(0.7, open=0.1, closed=0.3, not_visible=0.6) == pytest.approx(0.75)


def test_where_nothing_but_hidden_is_likely_no_eye_is_read(reading: Callable[..., float | None]) -> None:
    assert reading(1.0, open=0.0, closed=0.0, not_visible=1.0) is None


def test_a_model_of_two_labels_is_read_as_before(reading: Callable[..., float | None]) -> None:
    assert reading(open=0.3, closed=0.7) == pytest.approx(0.7)
