"""The reader of the eye patches: what is kept out shares no photo and no moment with what is trained on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge.errors import InputError, UserError
from train import data as sets
from train.data import eyes


def test_both_eyes_of_a_photo_are_on_one_side(data: Path) -> None:
    with np.load(data / "eyes.npz") as file:
        names = [str(name) for name in file["cew_photo"]]
        archive = {"cew_photo": file["cew_photo"]}
    kept_out = eyes._held_out(archive, "cew")
    sides: dict[str, set[bool]] = {}
    for name, out in zip(names, kept_out, strict=True):
        sides.setdefault(eyes.photo_of(name), set()).add(bool(out))
    assert all(len(side) == 1 for side in sides.values())
    assert len(sides) < len(names) / 1.9  # nearly every photo gave two eyes, so the names are paired


def test_right_and_left_eye_of_an_open_photo_are_one_photo() -> None:
    assert eyes.photo_of("Zhang_Ziyi_0001_L") == eyes.photo_of("Zhang_Ziyi_0001_R") == "Zhang_Ziyi_0001"


def test_the_kept_out_part_and_the_rest_make_the_whole(data: Path) -> None:
    kept_out, rest, whole = (eyes.read(data, held_out=part) for part in (True, False, None))
    assert len(kept_out) + len(rest) == len(whole) == 10_000 + 4_846 + 1_452
    assert 0.08 < len(kept_out) / len(whole) < 0.2


def test_every_set_and_class_is_in_the_kept_out_part(data: Path) -> None:
    kept_out = eyes.read(data, held_out=True)
    for name in eyes.SETS:
        states = kept_out.labels["state"][kept_out.source == name]
        assert 0.3 < states.mean() < 0.7


def test_near_infrared_is_kept_out_in_whole_stretches(data: Path) -> None:
    with np.load(data / "eyes.npz") as file:
        archive = {"nir_sequence": file["nir_sequence"]}
    kept_out = eyes._held_out(archive, "nir")
    assert np.abs(np.diff(kept_out.astype(int))).sum() <= 2 * 2 * 2  # two stretches of each of the two classes


def test_a_set_that_is_left_out_is_neither_trained_on_nor_chosen_by(data: Path) -> None:
    assert "nir" not in sets.training("eyes", data, "nir").source
    assert "nir" not in sets.validation("eyes", data, "nir").source
    assert set(sets.unseen("eyes", data, "nir").source) == {"nir", "glare", "covered"}


def test_closed_is_the_second_label(data: Path) -> None:
    with np.load(data / "eyes.npz") as file:
        closed = file["web_closed"]
    np.testing.assert_array_equal(eyes.read(data, ("web",)).targets[:, 1], closed)


def test_a_missing_file_is_told_with_the_mend(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"eyes\.npz: there is no such file; --data must name"):
        eyes.read(tmp_path)


def test_a_file_that_is_no_archive_is_told(tmp_path: Path) -> None:
    (tmp_path / "eyes.npz").write_bytes(b"PK\x03\x04 and then nothing")
    with pytest.raises(InputError, match="cannot be read"):
        eyes.read(tmp_path)


def test_an_unknown_set_to_leave_out_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no set of eyes 'mrl' to leave out; choose one of: nir, cew, web"):
        sets.training("eyes", tmp_path, "mrl")


def test_the_calibration_set_shows_every_set_and_class_evenly(data: Path) -> None:
    inputs = sets.representative("eyes", data, 60)
    assert inputs.shape == (60, 32, 32, 1)
    assert inputs.dtype == np.float32
    np.testing.assert_array_equal(inputs, sets.representative("eyes", data, 60))  # the same seed, the same images
    assert inputs.min() >= -2
    assert inputs.max() <= 2


def test_eyes_behind_lenses_that_mirror_are_what_they_are_hidden_or_in_doubt(data: Path) -> None:
    found = sets.validation("eyes", data)
    mirrored = found.take(found.source == "mirrored")
    state, targets = mirrored.labels["state"], mirrored.targets
    np.testing.assert_array_equal(state, targets.argmax(axis=1))
    np.testing.assert_allclose(targets.sum(axis=1), 1, atol=1e-6)
    assert (targets[:, 0] * targets[:, 1] == 0).all()  # never in doubt between open and closed
    shares = np.bincount(state, minlength=3) / len(state)
    assert (shares > 0.1).all()
    assert 0.02 < np.mean((targets > 0) & (targets < 1)) < 0.2
