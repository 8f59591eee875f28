"""driver-monitor look: what is printed of single pictures, what is drawn, and where a picture may go."""

from __future__ import annotations

import json
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from command import Told, tell, write_config

from edge.config import ClosuresConfig
from edge.errors import InputError
from edge.records import Emotion
from edge.replay import look_drawing, look_files
from edge.replay.drawn import draw_head
from edge.replay.look import eye_state, label_of

Tell = Callable[..., Told]
OPEN_GREEN, CLOSED_RED = look_drawing.STATES["open"], look_drawing.STATES["closed"]


@pytest.fixture
def told(capfd: pytest.CaptureFixture[str]) -> Tell:
    return lambda *arguments: tell(capfd, "look", *arguments)


@pytest.fixture
def picture(tmp_path: Path) -> Callable[..., Path]:
    def picture(image: np.ndarray, name: str = "face.png") -> Path:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        assert cv2.imwrite(str(path), image)
        return path

    return picture


Picture = Callable[..., Path]


def said(told: Told) -> list[dict[str, Any]]:
    assert told.code == 0, told.errors
    assert told.errors == ""
    return [json.loads(line) for line in told.output.splitlines()]


def count_of(image: np.ndarray, colour: tuple[int, int, int]) -> int:
    """Pixels of nearly this colour."""
    return int((np.abs(image.astype(int) - colour).max(axis=2) < 30).sum())


def test_open_and_closed_eyes_are_told_apart(told: Tell, picture: Picture) -> None:
    paths = [picture(draw_head(is_closed=shut), f"{shut}.png") for shut in (False, True)]
    awake, asleep = said(told(*paths))
    assert awake["eyes"]["state"] == "open"
    assert asleep["eyes"]["right"]["state"] == asleep["eyes"]["left"]["state"] == "closed"
    assert asleep["eyes"]["closed"] > 0.9


def test_what_is_printed_lies_in_the_picture_and_adds_up(told: Tell, picture: Picture) -> None:
    (one,) = said(told(picture(draw_head(is_closed=False))))
    left, top, width, height = one["face"]["box"]
    assert (one["width"], one["height"]) == (640, 480)
    assert len(one["face"]["points"]) == 63
    assert all(left <= x <= left + width and top <= y <= top + height for x, y in one["face"]["points"])
    assert one["face"]["right_eye"][0] < one["face"]["left_eye"][0]  # the person's right is at the image's left
    assert sum(one["emotion"]["probabilities"].values()) == pytest.approx(1, abs=1e-3)
    assert one["emotion"]["confidence"] == one["emotion"]["probabilities"][one["emotion"]["label"]]


def test_a_picture_without_a_face_is_no_error(told: Tell, picture: Picture, tmp_path: Path) -> None:
    nobody, dark = picture(np.full((240, 320), 90, np.uint8), "a.png"), picture(np.zeros((240, 320), np.uint8), "b.png")
    seen = said(told(nobody, dark, "-o", tmp_path / "out"))
    assert [(one["face"], one["eyes"], one["emotion"], one["dark"]) for one in seen] == [
        (None, None, None, False),
        (None, None, None, True),
    ]
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == ["a.png", "b.png"]


def test_a_picture_says_the_same_whatever_was_looked_at_before(told: Tell, picture: Picture) -> None:
    paths = [picture(draw_head(is_closed=shut), f"{shut}.png") for shut in (True, False)]
    assert said(told(*paths))[1] == said(told(paths[1]))[0]


def test_of_several_faces_the_one_in_the_seat_is_looked_at(told: Tell, picture: Picture, tmp_path: Path) -> None:
    head = draw_head(is_closed=False)[:, 120:520]
    path = picture(np.hstack([head, head]))
    for left, right in ((0.0, 0.5), (0.5, 1.0)):
        config = write_config(tmp_path, vision={"face": {"seat": {"left": left, "right": right}}})
        (one,) = said(told(path, "--config", config))
        x, _, width, _ = one["face"]["box"]
        assert left * 800 < x + width / 2 < right * 800


def test_eyes_are_drawn_in_the_colour_of_their_state(told: Tell, picture: Picture, tmp_path: Path) -> None:
    for shut, colour, other in ((False, OPEN_GREEN, CLOSED_RED), (True, CLOSED_RED, OPEN_GREEN)):
        file = tmp_path / f"drawn-{shut}.png"
        (one,) = said(told(picture(draw_head(is_closed=shut)), "-o", file))
        x, y = (round(value) for value in one["face"]["right_eye"])
        around = cv2.imread(str(file))[y - 25 : y + 25, x - 40 : x + 40]
        assert count_of(around, colour) > 50
        assert count_of(around, other) == 0


def test_a_small_picture_is_enlarged_so_that_it_can_be_read(told: Tell, picture: Picture, tmp_path: Path) -> None:
    small = cv2.resize(draw_head(is_closed=False), (160, 120), interpolation=cv2.INTER_AREA)
    (one,) = said(told(picture(small), "-o", tmp_path / "drawn.png"))
    assert (one["width"], one["height"]) == (160, 120)
    height, width = cv2.imread(str(tmp_path / "drawn.png")).shape[:2]
    assert width == 480
    assert height > 360  # the picture and its caption


def test_nothing_is_written_without_being_asked_for(
    told: Tell, picture: Picture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said(told(picture(draw_head(is_closed=False))))
    assert [path.name for path in tmp_path.iterdir()] == ["face.png"]


def test_a_phones_picture_is_turned_upright(told: Tell, picture: Picture, tmp_path: Path) -> None:
    """Its rows are stored sideways, and EXIF says so."""
    sideways = cv2.rotate(draw_head(is_closed=False), cv2.ROTATE_90_COUNTERCLOCKWISE)
    content = cv2.imencode(".jpg", sideways)[1].tobytes()
    tag = b"\x12\x01\x03\x00\x01\x00\x00\x00\x06\x00\x00\x00"  # orientation 6: turn clockwise to show
    exif = b"Exif\x00\x00II*\x00\x08\x00\x00\x00\x01\x00" + tag + b"\x00\x00\x00\x00"
    path = tmp_path / "phone.jpg"
    path.write_bytes(content[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2) + exif + content[2:])
    (one,) = said(told(path))
    assert (one["width"], one["height"]) == (640, 480)
    assert one["face"] is not None


def test_a_file_that_is_no_picture_is_one_sentence(told: Tell, tmp_path: Path) -> None:
    path = tmp_path / "notes.png"
    path.write_text("no picture")
    done = told(path)
    assert done.code == 2
    assert done.sentence.startswith(f"{path}: this is no image, or a damaged one; name a picture")


def test_a_picture_too_large_to_be_read_is_one_sentence(told: Tell, tmp_path: Path) -> None:
    """OpenCV raises an error of its own for its size, whatever the file holds."""
    path = tmp_path / "huge.bmp"
    small = cv2.imencode(".bmp", np.zeros((60, 50), np.uint8))[1].tobytes()
    path.write_bytes(small[:18] + 2 * (60_000).to_bytes(4, "little") + small[26:])  # where width and height stand
    done = told(path)
    assert done.code == 2
    assert done.sentence.startswith(f"{path}: this is a damaged image, or one too large to be read; name a picture")


def test_a_missing_picture_is_one_sentence(told: Tell, tmp_path: Path) -> None:
    done = told(tmp_path / "missing.png")
    assert done.code == 2
    assert "missing.png: the image cannot be read (No such file or directory)" in done.sentence


def test_a_picture_too_small_for_a_face_is_one_sentence(told: Tell, picture: Picture) -> None:
    done = told(picture(np.zeros((20, 30), np.uint8)))
    assert done.code == 2
    assert "30x20 pixels, too few to hold a face" in done.sentence


def test_several_pictures_do_not_go_into_one_file(told: Tell, picture: Picture, tmp_path: Path) -> None:
    paths = [picture(draw_head(is_closed=False), name) for name in ("a.png", "b.png")]
    done = told(*paths, "-o", tmp_path / "drawn.png")
    assert done.code == 2
    assert "2 images do not go into one file; name a folder" in done.sentence
    assert done.output == ""


def test_two_pictures_of_one_name_do_not_write_over_each_other(told: Tell, picture: Picture, tmp_path: Path) -> None:
    paths = [picture(draw_head(is_closed=False), name) for name in ("a/1.png", "b/1.png")]
    done = told(*paths, "-o", tmp_path / "out")
    assert done.code == 2
    assert "would be drawn there; look at them one after the other" in done.sentence


def test_a_picture_is_never_drawn_over_itself(told: Tell, picture: Picture, tmp_path: Path) -> None:
    path = picture(draw_head(is_closed=False))
    before = path.read_bytes()
    for output in (path, tmp_path):
        done = told(path, "-o", output)
        assert done.code == 2
        assert "would be drawn over" in done.sentence
    assert path.read_bytes() == before


def test_an_output_that_cannot_be_written_is_one_sentence(told: Tell, picture: Picture, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    done = told(picture(draw_head(is_closed=False)), "-o", tmp_path / "file" / "drawn.png")
    assert done.code == 2
    assert "the picture cannot be written" in done.sentence


@pytest.mark.parametrize(("suffix", "longest"), [(".webp", 16_383), (".jpg", 65_500)])
def test_a_picture_too_large_for_the_outputs_format_is_one_sentence(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, suffix: str, longest: int
) -> None:
    file = tmp_path / f"drawn{suffix}"
    with pytest.raises(InputError, match=rf"drawn{suffix}: a picture of {longest + 1}x8 pixels is too large .* \.png"):
        look_files.write(np.zeros((8, longest + 1, 3), np.uint8), file)
    assert not file.exists()
    look_files.write(np.zeros((8, longest, 3), np.uint8), file)
    assert cv2.imread(str(file)).shape == (8, longest, 3)
    assert "".join(capfd.readouterr()) == ""  # nothing of OpenCV's beside the sentence


@pytest.mark.parametrize("answer", ["raises", "says no"])
def test_however_opencv_refuses_a_format_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    def refuse(*_: object) -> tuple[bool, None]:
        if answer == "raises":
            raise cv2.error("too large")
        return False, None

    monkeypatch.setattr(cv2, "imencode", refuse)
    with pytest.raises(InputError, match="too large for this format"):
        look_files.write(np.zeros((8, 8, 3), np.uint8), tmp_path / "out" / "drawn.jpg")
    assert not (tmp_path / "out").exists()


def test_an_output_of_no_known_format_is_one_sentence(told: Tell, picture: Picture, tmp_path: Path) -> None:
    done = told(picture(draw_head(is_closed=False)), "-o", tmp_path / "drawn.gif")
    assert done.code == 2
    assert "ends in one of .png, .jpg" in done.sentence


@pytest.mark.parametrize(
    ("closed", "state"), [(None, "not_visible"), (0.1, "open"), (0.5, "between"), (0.61, "closed")]
)
def test_the_state_of_an_eye_is_what_the_rules_take_it_for(closed: float | None, state: str) -> None:
    assert eye_state(closed, ClosuresConfig()) == state


def test_an_emotion_that_is_not_known_has_no_confidence() -> None:
    assert label_of(None) == ("unknown", None)
    assert label_of(Emotion(happy=0.1, neutral=0.2, sad=0.6, surprise=0.1)) == ("sad", 0.6)


def test_a_disk_that_takes_no_more_leaves_the_picture_that_was_there(
    told: Tell, picture: Picture, tmp_path: Path
) -> None:
    before = tmp_path / "drawn.png"
    before.write_bytes(b"an earlier picture")
    path, (soft, hard) = picture(draw_head(is_closed=False)), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        done = told(path, "-o", before)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert done.code != 0
    assert before.read_bytes() == b"an earlier picture"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["drawn.png", "face.png"]
