"""The reader of FER2013: no image in two places, targets as people voted."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.errors import InputError
from train.data import Examples, fer2013


@pytest.fixture(scope="module")
def splits(data: Path) -> dict[str, Examples]:
    return {split: fer2013.read(data, split) for split in fer2013.SPLITS}


def _bytes(examples: Examples) -> list[bytes]:
    return [image.tobytes() for image in examples.images]


def test_no_training_image_stands_in_a_test_split(splits: dict[str, Examples]) -> None:
    tested = set(_bytes(splits["PublicTest"])) | set(_bytes(splits["PrivateTest"]))
    assert tested.isdisjoint(_bytes(splits["Training"]))


def test_no_image_of_the_public_test_stands_in_the_private_test(splits: dict[str, Examples]) -> None:
    assert set(_bytes(splits["PublicTest"])).isdisjoint(_bytes(splits["PrivateTest"]))


@pytest.mark.parametrize("split", fer2013.SPLITS)
def test_no_image_stands_twice_in_a_split(splits: dict[str, Examples], split: str) -> None:
    images = _bytes(splits[split])
    assert len(set(images)) == len(images)


def test_only_duplicates_are_dropped(data: Path) -> None:
    index = fer2013.read_index(data / "fer2013")
    keep = fer2013.keep_first_of_latest_split(index)
    assert keep.sum() == len(np.unique(index.group))


def test_both_label_sets_say_that_a_smile_is_happy(splits: dict[str, Examples]) -> None:
    test = splits["PrivateTest"]
    both = (test.labels["ferplus"] >= 0) & (test.labels["fer2013"] == 0)
    assert (test.labels["ferplus"][both] == 0).mean() > 0.9  # 92 % of happy agree, so the columns are read right


HEADER = "index,split,label,duplicate_group," + ",".join(f"ferplus_{name}" for name in fer2013.VOTES)


def _made(folder: Path, rows: list[str], mosaic: np.ndarray | None = None) -> Path:
    (folder / "fer2013").mkdir()
    (folder / "fer2013" / "labels.csv").write_text("\n".join([HEADER, *rows]) + "\n")
    if mosaic is None:
        mosaic = np.arange(48 * 1536, dtype=np.uint32).reshape(48, 1536).astype(np.uint8)
    cv2.imwrite(str(folder / "fer2013" / "00.webp"), mosaic, [cv2.IMWRITE_WEBP_QUALITY, 101])
    return folder


def test_the_target_is_the_mean_of_label_and_votes(tmp_path: Path) -> None:
    rows = ["0,Training,sad,0,5,0,0,5,0,0,0,0,0,0"]  # sad, says the label; neutral five votes, sadness five
    examples = fer2013.read(_made(tmp_path, rows), "Training")
    np.testing.assert_allclose(examples.targets[0], [0, 0.25, 0.75, 0, 0, 0, 0, 0, 0])
    assert examples.weights[0] == 1


def test_votes_for_other_emotions_are_learned_too_and_count_less(tmp_path: Path) -> None:
    rows = ["0,Training,fear,0,0,0,5,0,0,0,5,0,0,0"]  # five of ten saw surprise in what is labelled fear
    examples = fer2013.read(_made(tmp_path, rows), "Training")
    np.testing.assert_allclose(examples.targets[0], [0, 0, 0, 0.25, 0, 0, 0, 0.75, 0])
    assert examples.weights[0] == pytest.approx(0.4 + 0.6 * 0.25)


def test_what_most_people_saw_counts_for_more_than_its_share(tmp_path: Path) -> None:
    rows = ["0,Training,sad,0,4,0,0,6,0,0,0,0,0,0"]  # six of ten saw sadness, four neutral
    examples = fer2013.read(_made(tmp_path, rows), "Training", votes=1)
    np.testing.assert_allclose(examples.targets[0, 1:3], [16 / 52, 36 / 52], rtol=1e-5)


def test_an_image_without_votes_has_its_label_alone(tmp_path: Path) -> None:
    examples = fer2013.read(_made(tmp_path, ["0,Training,happy,0,,,,,,,,,,"]), "Training")
    np.testing.assert_allclose(examples.targets[0], [1, 0, 0, 0, 0, 0, 0, 0, 0])
    assert examples.labels["ferplus"][0] == -1


def test_an_angry_face_is_learned_as_such_and_left_out_of_tests(tmp_path: Path) -> None:
    rows = ["0,Training,angry,0,0,0,0,0,10,0,0,0,0,0", "1,PublicTest,angry,1,0,0,0,0,10,0,0,0,0,0"]
    folder = _made(tmp_path, rows)
    assert fer2013.read(folder, "Training").targets[0, fer2013.ANSWERS.index("anger")] == 1
    assert len(fer2013.read(folder, "PublicTest")) == 0


def test_a_tile_is_found_by_row_and_column(tmp_path: Path) -> None:
    mosaic = np.zeros((96, 1536), np.uint8)
    mosaic[48:, 48:96] = 200  # tile 33: second row, second column
    rows = [f"{i},Training,happy,{i},0,10,0,0,0,0,0,0,0,0" for i in range(34)]
    examples = fer2013.read(_made(tmp_path, rows, mosaic), "Training")
    assert (examples.images[33] == 200).all()
    assert (examples.images[:33] == 0).all()


def test_a_missing_set_is_told_with_the_mend(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"labels\.csv: there is no such file; --data must name the folder"):
        fer2013.read(tmp_path, "Training")


def test_a_missing_column_is_told(tmp_path: Path) -> None:
    folder = _made(tmp_path, [])
    (folder / "fer2013" / "labels.csv").write_text("index,split\n0,Training\n")
    with pytest.raises(InputError, match="ferplus_neutral"):
        fer2013.read(folder, "Training")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("0,Training,bored,0,0,10,0,0,0,0,0,0,0,0", "line 2: label 'bored' is none of angry, disgust"),
        ("0,Train,happy,0,0,10,0,0,0,0,0,0,0,0", "line 2: split 'Train' is none of Training, PublicTest"),
        ("0,Training,happy,0,0,many,0,0,0,0,0,0,0,0", "'many' does not fit"),
    ],
)
def test_a_row_that_does_not_fit_is_told(tmp_path: Path, row: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        fer2013.read(_made(tmp_path, [row]), "Training")


def test_a_mosaic_that_is_too_short_is_told(tmp_path: Path) -> None:
    rows = [f"{i},Training,happy,{i},0,10,0,0,0,0,0,0,0,0" for i in range(33)]
    with pytest.raises(InputError, match=r"00\.webp: the mosaic has 32 tiles, not 33"):
        fer2013.read(_made(tmp_path, rows), "Training")


def test_a_mosaic_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    folder = _made(tmp_path, ["0,Training,happy,0,0,10,0,0,0,0,0,0,0,0"])
    mosaic = folder / "fer2013" / "00.webp"
    mosaic.write_bytes(mosaic.read_bytes()[: mosaic.stat().st_size // 2])
    with pytest.raises(InputError, match=r"00\.webp: this mosaic cannot be read; fetch the data set again"):
        fer2013.read(folder, "Training")
    mosaic.unlink()
    with pytest.raises(InputError, match=r"00\.webp: this mosaic cannot be read; fetch the data set again"):
        fer2013.read(folder, "Training")
