"""By which score a model tells best what is no face."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from train import cli, unknown
from train.data import fer2013


@pytest.fixture
def fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thirtieth of the images."""
    read, kinds = fer2013.read, unknown.kinds
    monkeypatch.setattr(fer2013, "read", lambda *asked: read(*asked).take(np.arange(0, 3000, 30)))
    monkeypatch.setattr(unknown, "kinds", lambda data: {name: images[::10] for name, images in kinds(data).items()})


@pytest.mark.usefixtures("fewer")
def test_the_answer_that_the_vehicle_asks_tells_places_without_a_face_best(data: Path) -> None:
    rows = unknown.table(Path("edge/models/emotion.tflite"), data)
    assert {row.score for row in rows} == {"answer", "confidence", "energy"}  # a .tflite does not tell its features
    best = max(rows, key=lambda row: row.auc)
    assert (best.score, best.auc > 0.99) == ("answer", True)
    assert best.called["places without a face"] > 0.95
    assert best.called["faces"] < 0.06


@pytest.mark.usefixtures("fewer")
def test_every_score_has_a_line(data: Path) -> None:
    done = CliRunner().invoke(
        cli.group, ["unknown", "emotion", "edge/models/emotion.tflite", "--data", str(data)], catch_exceptions=False
    )
    assert [line.split("|")[1].strip() for line in done.output.splitlines()][2:] == ["answer", "confidence", "energy"]
