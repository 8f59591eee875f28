"""A V4L2 device, as far as it can be had without one: OpenCV's capture is injected."""

from __future__ import annotations

import errno
import itertools
import os
import queue

import cv2
import numpy as np
import pytest

from edge.cameras.camera import CameraLost, CameraStalled
from edge.cameras.v4l2 import V4l2Camera, refusal

PATIENCE = 10.0  # seconds; reached only where the test fails


class Device:
    """A device that offers `formats` (by name, with the frames a second of each) and shows what it is given."""

    def __init__(self, formats: dict[str, float]) -> None:
        self.formats = formats
        self.pictures: queue.Queue[np.ndarray | Exception | None] = queue.Queue()
        self.properties: dict[int, float] = {cv2.CAP_PROP_CONVERT_RGB: 1.0}
        self.format = next(iter(formats))
        self.released = False
        self._grabbed: np.ndarray | Exception | None = None

    def isOpened(self) -> bool:  # noqa: N802
        return True

    def get(self, prop: int) -> float:
        if prop == cv2.CAP_PROP_FOURCC:
            return float(cv2.VideoWriter.fourcc(*self.format))
        if prop == cv2.CAP_PROP_FPS:
            return min(self.properties[prop], self.formats[self.format])
        return self.properties[prop]

    def set(self, prop: int, value: float) -> bool:
        if prop != cv2.CAP_PROP_FOURCC:
            self.properties[prop] = value
            return True
        asked = [name for name in self.formats if cv2.VideoWriter.fourcc(*name) == value]
        self.format = asked[0] if asked else self.format
        return bool(asked)

    def grab(self) -> bool:
        self._grabbed = self.pictures.get(timeout=PATIENCE)
        return self._grabbed is not None

    def retrieve(self) -> tuple[bool, np.ndarray | None]:
        if isinstance(self._grabbed, Exception):
            raise self._grabbed
        return True, self._grabbed

    def release(self) -> None:
        self.released = True

    def unplug(self) -> None:
        self.pictures.put(None)


def test_exposure_and_gain_are_fixed_where_they_are_configured():
    device = Device({"GREY": 30})
    device.unplug()
    with V4l2Camera(exposure_us=4000, gain=12, open_capture=lambda _: device):
        pass
    assert device.properties[cv2.CAP_PROP_AUTO_EXPOSURE] == 1.0  # V4L2_EXPOSURE_MANUAL
    assert device.properties[cv2.CAP_PROP_EXPOSURE] == 40  # in 100 microseconds
    assert device.properties[cv2.CAP_PROP_GAIN] == 12


def test_a_device_that_was_fixed_before_is_automatic_again_where_nothing_is_configured():
    device = Device({"GREY": 30})
    device.properties[cv2.CAP_PROP_AUTO_EXPOSURE] = 1.0
    device.unplug()
    with V4l2Camera(open_capture=lambda _: device):
        pass
    assert device.properties[cv2.CAP_PROP_AUTO_EXPOSURE] == 3.0  # V4L2_EXPOSURE_APERTURE_PRIORITY
    assert cv2.CAP_PROP_EXPOSURE not in device.properties


def picture(channels: int, seed: int = 1) -> np.ndarray:
    shape = (480, 640) if channels == 1 else (480, 640, channels)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


@pytest.mark.parametrize(
    ("formats", "chosen", "converted"),
    [
        ({"YUYV": 30, "GREY": 30}, "GREY", False),
        ({"MJPG": 30, "YUYV": 30}, "YUYV", False),
        ({"YUYV": 10, "MJPG": 30}, "MJPG", True),  # uncompressed does not fit through the cable
        ({"NV12": 30}, "NV12", True),
        ({"YUYV": 10}, "YUYV", True),
    ],
)
def test_luma_is_taken_uncompressed_where_that_is_fast_enough(formats, chosen, converted):
    device = Device(formats)
    with V4l2Camera(frames_per_second=15, open_capture=lambda _: device):
        assert device.format == chosen
        assert device.get(cv2.CAP_PROP_CONVERT_RGB) == converted
        assert device.get(cv2.CAP_PROP_FRAME_WIDTH) == 640
        device.unplug()


@pytest.mark.parametrize("channels", [1, 2])
def test_luma_comes_unchanged_and_of_its_own_memory(channels):
    lent = picture(channels)
    device = Device({"GREY": 30})
    with V4l2Camera(open_capture=lambda _: device) as camera:
        device.pictures.put(lent)
        image = camera.read(PATIENCE).image
        device.unplug()
    assert np.array_equal(image, lent if channels == 1 else lent[:, :, 0])
    assert image.flags.c_contiguous
    assert not np.shares_memory(image, lent)


def test_colour_becomes_grey():
    device = Device({"MJPG": 30})
    with V4l2Camera(open_capture=lambda _: device) as camera:
        device.pictures.put(picture(3))
        image = camera.read(PATIENCE).image
        device.unplug()
    assert np.array_equal(image, cv2.cvtColor(picture(3), cv2.COLOR_BGR2GRAY))


def test_frames_come_with_rising_times():
    device = Device({"GREY": 30})
    frames = []
    with V4l2Camera(open_capture=lambda _: device) as camera:
        for seed in range(5):
            device.pictures.put(picture(1, seed))
            frames.append(camera.read(PATIENCE))
        device.unplug()
    assert [frame.sequence for frame in frames] == [0, 1, 2, 3, 4]
    assert all(np.array_equal(frame.image, picture(1, seed)) for seed, frame in enumerate(frames))
    assert all(a.time < b.time for a, b in itertools.pairwise(frames))


def test_a_late_reader_gets_the_latest_frame_and_sees_the_hole():
    device = Device({"GREY": 30})
    for seed in range(5):
        device.pictures.put(picture(1, seed))
    device.unplug()
    with V4l2Camera(open_capture=lambda _: device) as camera:
        camera._thread.join(PATIENCE)  # all five have come and been overtaken but the last
        frame = camera.read(PATIENCE)
        assert frame.sequence == 4
        assert np.array_equal(frame.image, picture(1, 4))
        with pytest.raises(CameraLost):
            camera.read(PATIENCE)


def test_a_damaged_frame_is_left_out_as_a_hole():
    device = Device({"MJPG": 30})
    device.pictures.put(cv2.error("premature end of JPEG"))
    device.pictures.put(picture(3))
    with V4l2Camera(open_capture=lambda _: device) as camera:
        assert camera.read(PATIENCE).sequence == 1
        device.unplug()


def test_a_stalled_device_comes_back():
    device = Device({"GREY": 30})
    with V4l2Camera("2", open_capture=lambda _: device) as camera:
        with pytest.raises(CameraStalled, match=r"/dev/video2: no frame came for 0\.01 s"):
            camera.read(0.01)
        device.pictures.put(picture(1))
        assert np.array_equal(camera.read(PATIENCE).image, picture(1))
        device.unplug()


def test_an_unplugged_device_is_lost_and_given_back():
    device = Device({"GREY": 30})
    device.unplug()
    with V4l2Camera(open_capture=lambda _: device) as camera, pytest.raises(CameraLost, match="check its cable"):
        camera.read(PATIENCE)
    assert device.released


def test_leaving_gives_the_device_back_when_its_last_frame_has_come():
    device = Device({"GREY": 30})
    with V4l2Camera(open_capture=lambda _: device) as camera:
        device.pictures.put(picture(1))
        camera.read(PATIENCE)
        thread = camera._thread
        device.pictures.put(picture(1))
    thread.join(PATIENCE)
    assert device.released


def test_a_missing_device_is_one_sentence():
    with pytest.raises(CameraLost, match=r"/dev/video97: there is no such camera; .*ls /dev/video"), V4l2Camera("97"):
        pass


def test_a_device_that_is_no_camera_is_one_sentence(tmp_path, capfd):
    path = tmp_path / "no-camera"
    path.write_bytes(b"x")
    with pytest.raises(CameraLost, match="it is no camera"), V4l2Camera(str(path)):
        pass
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("number", "mend"),
    [(errno.EACCES, "group `video`"), (errno.EBUSY, "stop that program"), (errno.EIO, "check its cable")],
)
def test_a_refusal_of_the_system_says_the_mend(number, mend):
    sentence = refusal("/dev/video0", OSError(number, os.strerror(number)))
    assert sentence.startswith("/dev/video0: ")
    assert mend in sentence
