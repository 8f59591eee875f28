"""A driver and a passenger in one frame, put together of real frames of two people: the driver stays himself."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.cameras.recording import RecordingCamera
from edge.config import FaceConfig, SeatRegion, VisionConfig
from edge.records import Frame, GreyImage, Observation
from edge.vision.driver import REMEMBERED_S
from edge.vision.pipeline import Pipeline

WIDTH, HEIGHT = 960, 480
RATE = 15
DRIVER_SEAT = SeatRegion(left=0.0, right=0.5, top=0.0, bottom=1.0)


def _frames(recording: Path, count: int) -> list[GreyImage]:
    """Every second frame: about fifteen a second."""
    with RecordingCamera(recording) as camera:
        return [camera.read(1e9).image for _ in range(2 * count)][::2]


@pytest.fixture(scope="module")
def driver(recordings: Path) -> list[GreyImage]:
    """480x360 pixels, six seconds."""
    return [
        cv2.resize(image, (480, 360), interpolation=cv2.INTER_AREA) for image in _frames(recordings / "car_talking", 90)
    ]


@pytest.fixture(scope="module")
def passenger(recordings: Path) -> list[GreyImage]:
    """The other person, 480x480 pixels: a larger face."""
    return [image[:, 16:496] for image in _frames(recordings / "desk_glasses_blinks", 90)]


def cabin(driver: GreyImage | None, passenger: GreyImage | None, slid: int = 480) -> GreyImage:
    """The driver at the left; the passenger at the right, moved in by `slid` of his 480 pixels."""
    frame = np.full((HEIGHT, WIDTH), 90, np.uint8)
    if driver is not None:
        frame[60:420, :480] = driver
    if passenger is not None and slid > 0:
        frame[:, WIDTH - slid :] = passenger[:, :slid]
    return frame


def see(images: list[GreyImage], seat: SeatRegion | None = None) -> list[Observation]:
    pipeline = Pipeline(VisionConfig(face=FaceConfig(seat=seat or SeatRegion())))
    return [pipeline.see(Frame(image, index / RATE, index / RATE, index)) for index, image in enumerate(images)]


def sides(observations: list[Observation]) -> str:
    """Where the face is, a letter a frame: d the driver's place, p the passenger's, - nobody."""
    return "".join(
        "-" if o.face is None else "d" if o.face.box.x + o.face.box.width / 2 < WIDTH / 2 else "p" for o in observations
    )


def test_a_passenger_who_leans_in_larger_than_the_driver_does_not_become_the_driver(
    driver: list[GreyImage], passenger: list[GreyImage]
) -> None:
    images = [
        cabin(mine, other, min(480, 12 * step))
        for step, (mine, other) in enumerate(zip(driver, passenger, strict=True))
    ]
    assert sides(see(images)) == "d" * len(images)
    larger = see([cabin(None, passenger[-1])])[0].face
    own = see([cabin(driver[-1], None)])[0].face
    assert larger is not None
    assert own is not None
    assert larger.box.width > 1.2 * own.box.width


def test_a_driver_hidden_by_his_hand_is_himself_again_beside_a_larger_passenger(
    driver: list[GreyImage], passenger: list[GreyImage]
) -> None:
    images = [cabin(mine, other) for mine, other in zip(driver, passenger, strict=True)]
    alone = [cabin(mine, None) for mine in driver[:5]]
    hidden = [cabin(None, other) for other in passenger[40:60]]
    seen = sides(see([*alone, *images[5:40], *hidden, *images[60:]]))
    assert seen[:40] == "d" * 40
    assert seen[40:60] == "-" * 20
    assert seen[60:] == "d" * 30


def test_in_his_seat_nobody_takes_the_place_of_a_driver_who_has_left(
    driver: list[GreyImage], passenger: list[GreyImage]
) -> None:
    there = [cabin(mine, other) for mine, other in islice(zip(driver, passenger, strict=True), 20)]
    gone = [cabin(None, other) for other in passenger]
    assert sides(see([*there, *gone], DRIVER_SEAT)) == "d" * 20 + "-" * len(gone)


def test_without_a_seat_region_the_passenger_is_left_alone_until_the_driver_is_gone_for_good(
    driver: list[GreyImage], passenger: list[GreyImage]
) -> None:
    there = [cabin(mine, None) for mine in driver[:5]]
    both = [cabin(mine, other) for mine, other in zip(driver[5:40], passenger[5:40], strict=True)]
    gone = [cabin(None, other) for other in passenger]
    seen = sides(see([*there, *both, *gone]))
    wait = int(REMEMBERED_S * RATE)
    assert seen[:40] == "d" * 40
    assert seen[40 : 40 + wait - 1] == "-" * (wait - 1)
    assert seen[40 + wait + 1 :] == "p" * (len(seen) - 41 - wait)


def test_of_two_at_the_start_the_larger_in_the_seat_is_the_driver(
    driver: list[GreyImage], passenger: list[GreyImage]
) -> None:
    images = [cabin(mine, other) for mine, other in zip(driver[:10], passenger[:10], strict=True)]
    assert sides(see(images)) == "p" * 10
    assert sides(see(images, DRIVER_SEAT)) == "d" * 10


def test_the_detector_runs_to_find_the_driver_and_then_only_now_and_then(
    driver: list[GreyImage], monkeypatch: pytest.MonkeyPatch
) -> None:
    from edge.vision.native import NativeDetector

    times: list[int] = []
    find = NativeDetector.find
    shown = 0

    def counted(self, image, near):
        times.append(shown)
        return find(self, image, near)

    monkeypatch.setattr(NativeDetector, "find", counted)
    pipeline = Pipeline(VisionConfig())
    for shown, image in enumerate(driver):
        pipeline.see(Frame(cabin(image, None), shown / RATE, shown / RATE, shown))
    assert times == [0, 30, 60]
