"""From frame to observation: a driver is found, followed, lost and found again, on real and on synthetic frames."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.cameras.camera import CameraEnded
from edge.cameras.recording import RecordingCamera
from edge.config import VisionConfig
from edge.errors import ConfigError
from edge.records import Box, Face, Frame, GreyImage, Observation
from edge.vision import pipeline
from edge.vision.crops import Square
from edge.vision.haar import HaarDetector
from edge.vision.landmarks import Contours, LandmarkReader
from edge.vision.pipeline import Pipeline

STEP = 1 / 15


def frames(recording: Path) -> Iterator[Frame]:
    with RecordingCamera(recording) as camera:
        while True:
            try:
                yield camera.read(1e9)
            except CameraEnded:
                return


def film(*images: GreyImage) -> list[Frame]:
    return [Frame(image, index * STEP, index * STEP, index) for index, image in enumerate(images)]


def see(shots: Iterable[Frame], config: VisionConfig | None = None) -> list[Observation]:
    eyes = Pipeline(config or VisionConfig())
    return [eyes.see(frame) for frame in shots]


@pytest.fixture(scope="module")
def synthetic(synthetic_recording: Path) -> list[GreyImage]:
    return [frame.image for frame in frames(synthetic_recording)]


@pytest.fixture(scope="module")
def portrait(synthetic: list[GreyImage]) -> GreyImage:
    return synthetic[0]


@pytest.fixture(scope="module")
def seen(synthetic: list[GreyImage]) -> list[Observation]:
    return see(film(*synthetic))


def test_the_driver_of_the_synthetic_recording_is_seen_in_every_frame(seen: list[Observation]) -> None:
    assert [observation.time for observation in seen if observation.face is None] == []


def test_both_eyes_are_read_wherever_the_face_is_seen(seen: list[Observation]) -> None:
    assert [o.time for o in seen if o.face and (o.eyes.right is None or o.eyes.left is None)] == []


def test_the_closure_is_seen_and_nothing_like_it_before(seen: list[Observation]) -> None:
    closed = {round(o.time, 3): o.eyes.closed or 0.0 for o in seen}
    during = [value for time, value in closed.items() if 8.4 <= time <= 11.6]
    before = [value for time, value in closed.items() if 6.0 <= time <= 7.6]
    assert np.mean(np.array(during) > 0.6) > 0.95
    assert np.mean(np.array(before) < 0.4) > 0.95


@pytest.mark.parametrize(("name", "share"), [("car_talking", 0.99), ("desk_glasses_blinks", 0.99)])
def test_a_real_driver_is_followed(recordings: Path, name: str, share: float) -> None:
    observations = see(islice(frames(recordings / name), 150))
    assert np.mean([observation.face is not None for observation in observations]) >= share
    assert np.mean([observation.eyes.closed is not None for observation in observations]) >= share


def test_a_followed_face_does_not_jump(recordings: Path) -> None:
    observations = see(islice(frames(recordings / "car_talking"), 150))
    places = np.array([(o.face.right_eye + o.face.left_eye) for o in observations if o.face])
    distance = np.median(np.hypot(*(places[:, 2:] - places[:, :2]).T))
    assert np.abs(np.diff(places, axis=0)).max() < 0.5 * distance


def test_a_lost_face_has_no_eyes_and_no_emotion(portrait: GreyImage) -> None:
    empty = np.full_like(portrait, 127)
    before, after = see(film(portrait, empty))
    assert before.face is not None
    assert (after.face, after.eyes.closed, after.emotion, after.mouth_open) == (None, None, None, None)
    assert not after.dark


def test_a_covered_lens_is_dark_and_not_asleep(portrait: GreyImage) -> None:
    after = see(film(portrait, np.zeros_like(portrait)))[1]
    assert after.dark
    assert (after.face, after.eyes.closed) == (None, None)


def test_a_dim_frame_is_not_dark(portrait: GreyImage) -> None:
    (observation,) = see(film((portrait * 0.25).astype(np.uint8)))
    assert not observation.dark
    assert observation.face is not None


def test_dark_is_what_the_configuration_says(portrait: GreyImage) -> None:
    (observation,) = see(film(portrait), VisionConfig(dark_below=250.0))
    assert observation.dark


def test_a_lit_face_in_a_dark_cab_is_seen(portrait: GreyImage) -> None:
    (before,) = see(film(portrait))
    assert before.face is not None
    box = before.face.box
    down, across = np.mgrid[: portrait.shape[0], : portrait.shape[1]]
    from_it = np.hypot((across - box.x) / box.width - 0.5, (down - box.y) / box.height - 0.5)
    lit = 0.35 * portrait * np.clip(1.6 - 1.4 * from_it, 0, 1) * (from_it < 0.9)  # by a lamp beside the camera
    cab = np.pad(lit.astype(np.uint8), (np.array(portrait.shape) // 4).repeat(2).reshape(2, 2), constant_values=1)
    assert cab.mean() < VisionConfig().dark_below
    (observation,) = see(film(cab))
    assert not observation.dark
    assert observation.face is not None


def test_in_a_face_as_dark_as_the_cab_nothing_is_read(portrait: GreyImage) -> None:
    (observation,) = see(film((portrait * 0.05).astype(np.uint8)))
    assert observation.dark
    assert (observation.face, observation.eyes.closed) == (None, None)


def test_a_driver_is_found_again_after_the_dark(portrait: GreyImage) -> None:
    assert see(film(portrait, np.zeros_like(portrait), portrait))[2].face is not None


def test_a_driver_who_sits_down_beside_a_smaller_face_is_followed_within_12_s(portrait: GreyImage) -> None:
    small = cv2.resize(portrait, None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA)[:, 50:-50]
    middle = small.shape[1]
    alone = np.full((portrait.shape[0], middle + portrait.shape[1] - 60), 90, np.uint8)
    alone[: small.shape[0], :middle] = small
    both = alone.copy()
    both[:, middle:] = portrait[:, 60:]
    images = [alone, *[both] * 7]
    eyes = Pipeline(VisionConfig())
    faces = [eyes.see(Frame(image, 2.01 * number, 0.0, number)).face for number, image in enumerate(images)]
    beside = [face is not None and face.box.x > middle for face in faces]
    assert beside == [False] * 5 + [True] * 3
    glance = [alone, both, both, both, alone, both, both, both]
    eyes = Pipeline(VisionConfig())
    seen = [eyes.see(Frame(image, 2.01 * number, 0.0, number)).face for number, image in enumerate(glance)]
    assert not any(face is not None and face.box.x > middle for face in seen)


def test_a_driver_who_changes_his_place_is_found_there(portrait: GreyImage) -> None:
    """A jump of half the frame between two frames: what follows him has lost him."""
    height, width = portrait.shape
    right, left = (np.full((height, 2 * width), 90, np.uint8) for _ in range(2))
    right[:, width:], left[:, :width] = portrait, portrait
    first, *_, last = see(film(right, left, left))
    assert first.face is not None
    assert last.face is not None
    assert last.face.box.x == pytest.approx(first.face.box.x - width, abs=15)


def test_what_looks_like_a_face_at_the_last_place_does_not_hide_the_driver(
    portrait: GreyImage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a headrest may, from which the driver has moved away."""

    class Fooled(HaarDetector):
        def find(self, image: GreyImage, near: Box | None) -> list[Face]:
            if near is None:
                return super().find(image, None)
            x, y = near.x + near.width / 2, near.y + near.height / 2
            return [Face(near, (x - 20, y), (x + 20, y), (x, y + 40), 1.0)]

    monkeypatch.setattr(pipeline, "face_detector", lambda config, threads: Fooled(config))
    height, width = portrait.shape
    right, left = (np.full((height, 2 * width), 90, np.uint8) for _ in range(2))
    right[:, width:], left[:, :width] = portrait, portrait
    assert [observation.face is not None for observation in see(film(right, left, left))] == [True, False, True]


def test_contours_that_follow_what_is_no_face_are_given_up_for_the_driver(
    portrait: GreyImage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A headrest, say: the driver has moved to the left, and they go on to see him at the right for ever."""
    read, kept = LandmarkReader.read, []

    def fooled(self: LandmarkReader, image: GreyImage, square: Square) -> Contours:
        contours = read(self, image, square)
        if square.x < width:  # the driver's new place
            return contours
        kept.append(contours)
        return kept[min(2, len(kept) - 1)]

    monkeypatch.setattr(LandmarkReader, "read", fooled)
    height, width = portrait.shape
    right, left = (np.full((height, 2 * width), 90, np.uint8) for _ in range(2))
    right[:, width:], left[:, :width] = portrait, portrait
    observations = see(film(*[right] * 4, *[left] * 60))
    at_the_right = [o.face is not None and o.face.box.x > width for o in observations]
    given_up = at_the_right.index(False)
    assert pipeline.CHECK_S < given_up * STEP < pipeline.CHECK_S + 2 * pipeline.DOUBTS * pipeline.RECHECK_S
    assert all(o.face is not None and o.face.box.x < width for o in observations[given_up:])


def test_a_mirrored_portrait_has_its_right_eye_at_the_images_left_too(portrait: GreyImage) -> None:
    (observation,) = see(film(np.ascontiguousarray(portrait[:, ::-1])))
    assert observation.face is not None
    assert observation.face.right_eye[0] < observation.face.left_eye[0]


def test_a_larger_frame_gives_the_same_face_in_its_own_pixels(portrait: GreyImage) -> None:
    (small,), (large,) = see(film(portrait)), see(film(cv2.resize(portrait, None, fx=2, fy=2)))
    assert small.face is not None
    assert large.face is not None
    assert large.face.eye_distance == pytest.approx(2 * small.face.eye_distance, rel=0.08)


@pytest.mark.parametrize("size", [(48, 64), (49, 65), (64, 48), (481, 641), (48, 2000), (1080, 64)])
def test_a_frame_of_any_size_is_taken(size: tuple[int, int]) -> None:
    noise = np.random.default_rng(1).integers(0, 256, size, np.uint8)
    assert see(film(noise, np.full(size, 200, np.uint8)))[1].face is None


@settings(max_examples=12, deadline=None)
@given(st.integers(160, 1920), st.floats(1.2, 1.8), st.integers(0, 70))
def test_a_driver_is_seen_at_every_size_and_whatever_the_rows_are_padded_to(
    portrait: GreyImage, width: int, ratio: float, padding: int
) -> None:
    height = min(1080, round(width / ratio))
    scale = min(width / portrait.shape[1], height / portrait.shape[0])
    small = cv2.resize(portrait, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    padded = np.full((height, width + padding), 60, np.uint8)
    padded[: min(height, small.shape[0]), : min(width, small.shape[1])] = small[:height, :width]
    view = padded[:, :width]
    whole = see(film(*[view.copy()] * 2))
    assert see(film(*[view] * 2)) == whole
    assert all(observation.face is not None for observation in whole)


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((480, 640, 3), np.uint8),
        np.zeros((480, 640, 1), np.uint8),
        np.zeros((480, 640), np.uint16),
        np.zeros((480, 640), np.float32),
        np.zeros((0, 640), np.uint8),
    ],
)
def test_a_frame_that_is_not_grey_is_refused_with_what_it_is(image: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"a frame is grey, uint8 \(height, width\), and not") as refused:
        see(film(image))
    assert f"{image.dtype} {image.shape}" in str(refused.value)


def test_a_frame_of_another_size_amid_the_others_does_no_harm(portrait: GreyImage) -> None:
    half = np.ascontiguousarray(portrait[: portrait.shape[0] // 2, : portrait.shape[1] // 2])
    assert see(film(portrait, half, portrait, portrait))[3].face is not None


def test_a_driver_half_out_of_the_frame_does_no_harm(portrait: GreyImage) -> None:
    """He leaves to the left, ten pixels a frame; the eye that left first is not visible."""
    shots = [np.roll(portrait, -10 * step, axis=1) for step in range(1, 30)]
    for step, shot in enumerate(shots, 1):
        shot[:, -10 * step :] = 90
    for observation in see(film(portrait, *shots)):
        if observation.face and observation.face.right_eye[0] < 0:
            assert observation.eyes.right is None


def test_emotion_is_read_at_most_once_an_interval(portrait: GreyImage) -> None:
    config = VisionConfig(emotion_interval_s=0.5)
    emotions = [observation.emotion for observation in see(film(*[portrait] * 16), config)]
    changes = [index for index in range(1, 16) if emotions[index] is not emotions[index - 1]]
    assert changes == [8]
    assert None not in emotions


def test_an_emotion_is_not_carried_over_a_loss(portrait: GreyImage) -> None:
    config = VisionConfig(emotion_interval_s=2.0)
    first, _, again = see(film(portrait, np.zeros_like(portrait), portrait), config)
    assert again.emotion is not None
    assert again.emotion is not first.emotion


def test_the_same_frames_give_the_same_observations(synthetic: list[GreyImage]) -> None:
    assert see(film(*synthetic[110:140])) == see(film(*synthetic[110:140]))


def test_more_threads_see_the_same_and_opencv_keeps_to_one_beside_the_models(synthetic: list[GreyImage]) -> None:
    with_two = see(film(*synthetic[:20]), VisionConfig(threads=2))
    assert cv2.getNumThreads() == 1
    assert with_two == see(film(*synthetic[:20]))


@pytest.mark.parametrize("model", ["landmarks_model", "eyes_model", "emotion_model"])
def test_a_missing_model_is_told_before_the_first_frame(tmp_path: Path, model: str) -> None:
    with pytest.raises(ConfigError, match="the model cannot be read"):
        Pipeline(VisionConfig.model_validate({model: tmp_path / "none.tflite"}))
