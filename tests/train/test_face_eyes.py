"""Eyes of whole pictures, of known state: held out with the person, and known of no other pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from train.data import face_eyes


def test_the_kept_out_part_and_the_rest_make_the_whole(data: Path) -> None:
    kept_out, rest, whole = (len(face_eyes.read(data, ("cabin",), held_out=part)[1]) for part in (True, False, None))
    assert kept_out + rest == whole > 1000
    assert kept_out > 50


def test_all_three_states_are_known_in_the_cabin(data: Path) -> None:
    assert np.bincount(face_eyes.read(data, ("cabin",))[1]).min() > 50


def test_of_other_pictures_nothing_is_known(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(face_eyes, "_letters", lambda: {"cabin": np.full((3, 2), "o")})
    assert len(face_eyes.read(data, ("cabin",))[1]) == 0
