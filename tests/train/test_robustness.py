"""The same images in bad light, blurred and covered, for every model that is to be measured."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.errors import InputError
from train import robustness
from train.data import ckplus, fer2013
from train.data.examples import Examples


@pytest.fixture(scope="module")
def some(data: Path) -> Examples:
    return fer2013.read(data, "PrivateTest").take(np.arange(0, 300, 3))


@pytest.mark.parametrize("change", robustness.CHANGES)
def test_every_model_meets_the_same_changed_images(some: Examples, change: str) -> None:
    function = robustness.CHANGES[change]
    np.testing.assert_array_equal(robustness.changed(some, function), robustness.changed(some, function))


def test_a_covered_lower_face_leaves_the_eyes(some: Examples) -> None:
    covered = robustness.changed(some, robustness.CHANGES["lower face covered"])
    assert (covered[:, :22] == some.images[:, :22]).all()
    assert (covered[:, 40:] != some.images[:, 40:]).mean() > 0.9


def test_glasses_leave_the_mouth(some: Examples) -> None:
    worn = robustness.changed(some, robustness.CHANGES["glasses drawn"])
    assert (worn[:, 34:] == some.images[:, 34:]).mean() > 0.99
    assert (worn[:, 10:26] != some.images[:, 10:26]).mean() > 0.1


def test_a_dark_face_keeps_few_grey_values(some: Examples) -> None:
    assert robustness.changed(some, robustness.CHANGES["darkened"]).max() < 50


def test_the_shipped_model_is_better_than_chance_in_every_light(some: Examples) -> None:
    answer = robustness.own(Path("edge/models/emotion.tflite"))
    labels = some.labels["ferplus"]
    for change in ("like infrared", "darkened"):
        said = np.array([answer(image).argmax() for image in robustness.changed(some, robustness.CHANGES[change])])
        assert (said == labels)[labels >= 0].mean() > 0.65


def test_the_table_has_a_line_for_each_kind_and_two_columns_a_model() -> None:
    rows = [
        robustness.Row(model, change, 7, 0.8, figure, 0.5)
        for model in ("ours", "theirs")
        for change, figure in (("as it is", 0.75), ("CK+48, never trained on", np.nan))
    ]
    lines = robustness.table(rows).splitlines()
    assert lines[2] == "| as it is | 7 | 80.0% | 75.0% | 80.0% | 75.0% |"
    assert lines[3] == "| CK+48, never trained on | 7 | 80.0% |  | 80.0% |  |"
    assert {line.count("|") for line in lines} == {7}


def test_posed_faces_have_no_neutral_class(data: Path) -> None:
    images, labels = ckplus.read(data)
    assert images.shape == (540, 48, 48)
    assert set(labels) == {0, 2, 3}


def test_without_the_posed_faces_their_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"ckplus48\.npz: there is no such file; --data must name"):
        ckplus.read(tmp_path)


def test_a_picture_is_no_model_of_the_fer_package(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "face.png"), np.zeros((8, 8), np.uint8))
    with pytest.raises(InputError, match=r"face\.png: this is no TFLite model"):
        robustness.fer_package(tmp_path / "face.png")
