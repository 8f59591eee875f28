"""What a data set holds, told before anything is trained on it."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from edge.errors import InputError
from train import cli, explore, explore_report
from train.data import fer2013

HEADER = "index,split,label,duplicate_group," + ",".join(f"ferplus_{name}" for name in fer2013.VOTES)
ROWS = [
    "Training,happy,0,0,10,0,0,0,0,0,0,0,0",
    "Training,sad,1,6,0,0,4,0,0,0,0,0,0",
    "PublicTest,neutral,1,6,0,0,4,0,0,0,0,0,0",  # the same image as the one before, with another label
    "PrivateTest,sad,2,0,0,0,10,0,0,0,0,0,0",
    "PrivateTest,sad,2,0,0,0,10,0,0,0,0,0,0",
    "Training,angry,3,,,,,,,,,,",
]
"""Images 1 and 2, and 3 and 4, are equal."""


def _made(folder: Path) -> Path:
    (folder / "fer2013").mkdir(parents=True)
    lines = [HEADER, *(f"{number},{row}" for number, row in enumerate(ROWS))]
    (folder / "fer2013" / "labels.csv").write_text("\n".join(lines) + "\n")
    mosaic = np.zeros((48, 1536), np.uint8)
    for tile, grey in enumerate((240, 60, 60, 40, 40, 120)):
        mosaic[:, 48 * tile : 48 * tile + 48] = grey
    cv2.imwrite(str(folder / "fer2013" / "00.webp"), mosaic, [cv2.IMWRITE_WEBP_QUALITY, 101])
    return folder


@pytest.fixture
def found(tmp_path: Path) -> explore.Found:
    return explore.read("emotion", _made(tmp_path))


def test_classes_are_counted_by_split_and_by_label_set(found: explore.Found) -> None:
    counts = explore.classes(found)
    assert counts["fer2013"]["PrivateTest"]["sad"] == 2
    assert counts["ferplus"]["Training"]["neutral"] == 1  # which its own label calls sad
    assert counts["ferplus"]["Training"][""] == 1  # no votes


def test_identical_images_are_found_within_and_across_splits(found: explore.Found) -> None:
    double = explore.duplicates(found)
    assert double["members"] == [[1, 2], [3, 4]]
    assert double["across"] == 1
    assert double["leaks"]["Training in PublicTest"] == 1
    assert double["leaking"] == {"Training": 1, "PublicTest": 1, "PrivateTest": 0}
    assert double["within"] == {"Training": 0, "PublicTest": 0, "PrivateTest": 1}


def test_identical_images_with_two_labels_are_named(found: explore.Found) -> None:
    contradicting = explore.duplicates(found)["contradicting"]
    assert contradicting == {"fer2013": [[1, 2]], "ferplus": []}


def test_labels_are_held_against_votes(found: explore.Found) -> None:
    against = explore.disagreement(found)
    assert against["table"]["sad"]["neutral"] == 1
    assert against["agreed"]["sad"] == pytest.approx(2 / 3)
    assert against["agreed"]["happy"] == 1
    assert against["entropy"]["happy"] == {"mean": 0.0, "p90": 0.0, "unanimous": 1.0}


def test_votes_of_one_mind_have_no_entropy_and_halves_have_one_bit() -> None:
    np.testing.assert_allclose(explore.entropy(np.array([[10, 0], [5, 5], [0, 0]])), [0, 1, np.nan])


def test_grey_levels_are_told_by_class(found: explore.Found) -> None:
    levels = explore.intensity(found, "fer2013")
    assert levels["happy"]["mean"] == pytest.approx(240, abs=1)
    assert levels["sad"]["p50"] == pytest.approx(40, abs=1)
    assert levels["sad"]["deviation_of_means"] > 5


def test_eyes_of_each_set_are_looked_at_alone(tmp_path: Path) -> None:
    names = {"images": 2, "closed": 2}
    archive = {
        f"{name}_images": np.full((names["images"], 48, 48), grey, np.uint8)
        for name, grey in (("nir", 50), ("cew", 100), ("web", 150))
    }
    archive |= {f"{name}_closed": np.array([0, 1]) for name in ("nir", "cew", "web")}
    np.savez(tmp_path / "eyes.npz", **archive)
    counted = explore_report.write("eyes", tmp_path, tmp_path / "out")
    assert counted["intensity"]["state-cew"]["open"]["mean"] == 100
    assert counted["duplicates"]["contradicting"]["state"] == [[0, 1], [2, 3], [4, 5]]
    assert counted["disagreement"] == {}


def test_the_command_writes_a_page_its_pictures_and_the_figures(tmp_path: Path) -> None:
    output = tmp_path / "out"
    done = CliRunner().invoke(cli.group, ["explore", "--data", str(_made(tmp_path / "in")), "--output", str(output)])
    assert done.exit_code == 0, done.output
    assert "2 groups of identical ones, 1 across splits" in done.output
    page = (output / "report.md").read_text()
    for name in ("classes", "intensity-ferplus", "samples-fer2013", "entropy"):
        assert f"({name}.png)" in page
        assert cv2.imread(str(output / f"{name}.png")) is not None
    assert json.loads((output / "explore.json").read_text())["images"] == len(ROWS)


def test_a_folder_without_the_set_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"labels\.csv: there is no such file"):
        explore_report.write("emotion", tmp_path, tmp_path / "out")


def test_an_output_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(InputError, match="the report cannot be written"):
        explore_report.write("emotion", _made(tmp_path / "in"), tmp_path / "out")


def test_seven_hundred_and_four_training_images_of_fer2013_stand_in_a_test_split(data: Path) -> None:
    double = explore.duplicates(explore.read("emotion", data))
    assert double["groups"] == 1514
    assert double["leaking"]["Training"] == 704
    assert double["leaks"]["PublicTest in PrivateTest"] == 46
    assert len(double["contradicting"]["fer2013"]) == 56
