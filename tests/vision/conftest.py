from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from edge.config import SHIPPED_MODELS
from edge.vision.card import ModelCard, append_card, read_model


@pytest.fixture
def shipped() -> Callable[[str], Path]:
    """The shipped model of a task; a missing one is a fault of the project, so nothing is skipped."""

    def shipped(task: str) -> Path:
        path = SHIPPED_MODELS / f"{task}.tflite"
        assert path.is_file(), f"the model {path} does not ship"
        return path

    return shipped


@pytest.fixture
def with_card(shipped: Callable[[str], Path], tmp_path: Path) -> Callable[..., Path]:
    """A shipped network with changes on its card."""

    def with_card(task: str, **changes: object) -> Path:
        network, card = read_model(shipped(task))
        changed = ModelCard.model_validate({**card.model_dump(), **changes})
        path = tmp_path / f"{task}.tflite"
        path.write_bytes(append_card(network, changed))
        return path

    return with_card
