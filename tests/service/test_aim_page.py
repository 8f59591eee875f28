"""The aiming page in Chromium, on the shipped recording: what an installer sees in good and in bad light."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import pytest
from command import write_clip
from playwright.sync_api import Browser, Page, expect

from edge.cameras.camera import CameraLost
from edge.cameras.recording import RecordingCamera
from edge.config import VisionConfig
from edge.records import GreyImage
from edge.service.aim import ALL_WELL, show
from edge.service.aim_gate import Gate
from edge.service.aim_server import AimServer, Latest
from edge.vision.pipeline import Pipeline

PATIENCE_MS = 120_000  # a machine may be busy
PHONE = {"width": 390, "height": 844}
WIDE = {"width": 1200, "height": 900}


@pytest.fixture(scope="module")
def frames(synthetic_recording: Path, tmp_path_factory: pytest.TempPathFactory) -> list[GreyImage]:
    """The clip's first second, eyes open."""
    folder = write_clip(synthetic_recording, tmp_path_factory.mktemp("clip"))
    read = [cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) for path in sorted(folder.glob("*.png"))[:14]]
    return [np.asarray(image, np.uint8) for image in read if image is not None]


@dataclass
class Aimed:
    """The page, and what it asked for and complained of."""

    page: Page
    gate: Gate
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def judges(self, name: str, *grades: str) -> None:
        """Waits until a thing's row has one of these classes."""
        row = self.page.locator("#checks li", has=self.page.locator(f"b:text-is('{name}')"))
        expect(row).to_have_class(re.compile(f"^({'|'.join(grades)})$"), timeout=PATIENCE_MS)

    def says(self, text: str) -> None:
        expect(self.page.locator("#verdict h1")).to_contain_text(text, timeout=PATIENCE_MS)


Aim = Callable[..., Aimed]


@pytest.fixture
def aim(browser: Browser, frames: list[GreyImage], tmp_path: Path) -> Iterator[Aim]:
    """Aims at the recording, its frames changed by `light`; or at a `camera`."""
    over = threading.Event()
    ended: list[Callable[[], None]] = []

    def aim(
        light: Callable[[GreyImage], GreyImage] = lambda image: image, *, camera=None, viewport=WIDE, clock=None
    ) -> Aimed:
        for number, image in enumerate(frames):
            cv2.imwrite(str(tmp_path / f"{number:06d}.png"), light(image))
        (tmp_path / "recording.yaml").write_text("frames_per_second: 15\n")
        latest = Latest()
        gate = Gate(clock=clock) if clock else Gate()
        server = AimServer(0, gate, latest)
        server.start()
        shown = camera or RecordingCamera(tmp_path, realtime=True, loop=True)
        arguments = (shown, Pipeline(VisionConfig()), latest, over.is_set, 2.0)
        thread = threading.Thread(target=show, args=arguments)
        thread.start()
        page = browser.new_page(viewport=viewport)
        ended.extend([page.close, over.set, thread.join, server.close])
        aimed = Aimed(page, gate)
        page.on("request", lambda request: aimed.requests.append(request.url))
        page.on("console", lambda message: aimed.complaints.append(message.text))
        page.on("pageerror", lambda error: aimed.complaints.append(str(error)))
        page.goto(server.url)
        page.locator("canvas[data-shown]").wait_for(timeout=PATIENCE_MS)
        return aimed

    yield aim
    for end in ended:
        end()


def dim(image: GreyImage) -> GreyImage:
    return np.asarray(image * 0.15, np.uint8)


def black(image: GreyImage) -> GreyImage:
    return np.zeros_like(image)


def far(image: GreyImage) -> GreyImage:
    """Half as large, in a corner."""
    small = cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    scene = np.full_like(image, 70)
    scene[: small.shape[0], : small.shape[1]] = small
    return scene


def aside(image: GreyImage) -> GreyImage:
    """The driver at the picture's left."""
    by = image.shape[1] * 3 // 10
    return np.pad(image[:, by:], ((0, 0), (0, by)), mode="edge")


def nobody(image: GreyImage) -> GreyImage:
    return np.tile(np.linspace(60, 160, image.shape[1]).astype(np.uint8), (image.shape[0], 1))


def test_a_driver_who_is_seen_well_is_shown_with_box_and_eyes(aim: Aim) -> None:
    aimed = aim()
    aimed.judges("Face", "good")
    aimed.judges("Eyes", "good")
    colours = aimed.page.locator("canvas").evaluate(
        """canvas => { const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
           let coloured = 0;
           for (let at = 0; at < data.length; at += 4) coloured += data[at] !== data[at + 1];
           return coloured; }"""
    )
    assert colours > 500, "the picture is grey, what is drawn on it is not"


def test_the_page_asks_nobody_else_and_has_nothing_to_complain_of(aim: Aim) -> None:
    aimed = aim()
    aimed.judges("Face", "good")
    hosts = {url.split("/")[2].split(":")[0] for url in aimed.requests}
    assert hosts == {"127.0.0.1"}
    assert aimed.complaints == []


def test_the_browser_itself_refuses_what_would_come_from_outside(aim: Aim) -> None:
    aimed = aim()
    with aimed.page.expect_console_message(lambda said: "Content Security Policy" in said.text, timeout=PATIENCE_MS):
        aimed.page.evaluate(
            "() => document.body.append(Object.assign(new Image(), {src: 'https://example.com/a.png'}))"
        )


@pytest.mark.parametrize(
    ("light", "row", "sentence"),
    [
        (dim, "Light", "Give the face more light"),
        (black, "Light", "Take the cover off the lens"),
        (nobody, "Face", "No face is found"),
    ],
)
def test_in_bad_light_or_without_a_driver_it_says_what_to_do(aim: Aim, light, row: str, sentence: str) -> None:
    aimed = aim(light)
    aimed.says(sentence)
    aimed.judges(row, "bad")


def test_a_face_far_away_is_told_as_such(aim: Aim) -> None:
    aim(far).judges("Size", "fair", "bad")


def test_a_face_at_the_edge_is_told_with_the_side_to_turn_to(aim: Aim) -> None:
    aimed = aim(aside)
    aimed.judges("Place", "fair", "bad")
    aimed.says("to the driver's right")


def test_on_a_phone_the_verdict_and_the_whole_picture_are_seen_without_scrolling(aim: Aim) -> None:
    aimed = aim(viewport=PHONE)
    aimed.judges("Face", "good")
    picture = aimed.page.locator("canvas").bounding_box()
    verdict = aimed.page.locator("#verdict").bounding_box()
    assert picture is not None
    assert verdict is not None
    assert verdict["y"] == 0
    assert picture["y"] + picture["height"] < PHONE["height"]
    assert aimed.page.evaluate("() => document.documentElement.scrollWidth") == PHONE["width"]


def test_a_lost_camera_is_said_on_the_page_and_tried_again(aim: Aim, frames: list[GreyImage], tmp_path: Path) -> None:
    class Loose(RecordingCamera):
        openings = 0

        def __enter__(self):
            self.openings += 1
            if self.openings == 1:
                raise CameraLost("/dev/video0: the camera is gone; look at its cable.")
            return super().__enter__()

    aimed = aim(camera=Loose(tmp_path, realtime=True, loop=True))
    aimed.judges("Face", "good")


def test_when_the_time_is_over_the_picture_goes(aim: Aim) -> None:
    class Hand:
        now = 0.0

        def __call__(self) -> float:
            return self.now

    clock = Hand()
    aimed = aim(clock=clock)
    aimed.judges("Face", "good")
    clock.now = 15 * 60
    aimed.says("The time is over; run driver-monitor aim again.")
    pixels = "canvas => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.every(one => !one)"
    assert aimed.page.locator("canvas").evaluate(pixels)


def test_all_is_well_is_a_sentence_of_its_own(aim: Aim, recordings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a real driver who looks into the camera."""
    camera = RecordingCamera(recordings / "desk_glasses_blinks", realtime=True, loop=True)
    aim(camera=camera).says(ALL_WELL)
