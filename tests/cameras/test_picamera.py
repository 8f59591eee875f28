"""The Raspberry Pi's camera, against a stand-in that is held against the real picamera2."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import time
import types
import zipfile
from pathlib import Path

import numpy as np
import picamera2_standin
import pytest
from picamera2_standin import Bench

from edge.cameras.camera import CameraLost, CameraStalled
from edge.cameras.picamera import PiCamera
from edge.errors import ConfigError

VERSION = "0.3.38"
MS = 1_000_000


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A camera on the bench, with picamera2 installed beside it."""
    bench = Bench()
    module = types.ModuleType("picamera2")
    module.Picamera2 = type("Picamera2", (picamera2_standin.Picamera2,), {"bench": bench})  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "picamera2", module)
    return bench


def picture(width: int = 640, height: int = 480, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width), dtype=np.uint8)


def clocks(monotonic: int, boottime: int = 0, realtime: int = 0):
    """The system's clocks, standing still, in nanoseconds."""
    at = {time.CLOCK_MONOTONIC: monotonic, time.CLOCK_BOOTTIME: boottime, time.CLOCK_REALTIME: realtime}
    return at.__getitem__


@pytest.mark.parametrize(("width", "height"), [(640, 480), (500, 480), (322, 242)])
@pytest.mark.parametrize("alignment", [1, 32, 64])
def test_the_frame_is_the_y_plane_without_the_padding_of_its_rows(bench, width, height, alignment):
    bench.alignment = alignment
    luma = picture(width, height)
    bench.deliver(luma)
    with PiCamera(width=width, height=height) as camera:
        frame = camera.read(1.0)
    assert frame.image.dtype == np.uint8
    assert np.array_equal(frame.image, luma)


def test_an_odd_size_is_made_even_as_picamera2_does_it(bench):
    bench.deliver(picture(640, 480))
    with PiCamera(width=641, height=481) as camera:
        assert camera.read(1.0).image.shape == (480, 640)


def test_grey_levels_span_the_whole_range(bench):
    with PiCamera():
        assert bench.configuration["colour_space"] == "sYCC: Y from 0 to 255"


def test_every_request_is_released(bench):
    with PiCamera() as camera:
        for seed in range(20):
            bench.deliver(picture(seed=seed), SensorTimestamp=(1 + seed) * 66 * MS)
            camera.read(1.0)
            assert bench.held == 0


def test_a_request_that_cannot_be_read_is_released_too(bench):
    bench.unreadable = True
    bench.deliver(picture())
    with PiCamera() as camera, pytest.raises(RuntimeError, match="not defined"):
        camera.read(1.0)
    assert bench.held == 0


def test_a_camera_that_stalls_often_comes_back_with_all_its_buffers(bench):
    with PiCamera() as camera:
        for round_ in range(10):
            for _ in range(3):
                with pytest.raises(CameraStalled, match=r"no frame for 0\.5 s"):
                    camera.read(0.5)
            bench.deliver(picture(seed=round_), SensorTimestamp=(1 + round_) * 66 * MS)
            assert np.array_equal(camera.read(0.5).image, picture(seed=round_))


def test_a_dead_camera_can_be_left(bench):
    with PiCamera() as camera, pytest.raises(CameraStalled):
        camera.read(0.5)
    assert not bench.open


def test_a_frame_that_comes_while_leaving_is_given_back(bench):
    bench.comes_while_leaving = True
    with PiCamera() as camera:
        with pytest.raises(CameraStalled):
            camera.read(0.5)
        bench.deliver(picture())
    assert bench.held == 0
    assert not bench.open


def test_the_frame_rate_is_held_constant(bench):
    with PiCamera(frames_per_second=15):
        assert bench.configuration["controls"] == {"FrameDurationLimits": (66667, 66667)}


def test_exposure_and_gain_are_fixed_where_they_are_configured(bench):
    with PiCamera(frames_per_second=30, exposure_us=8000, gain=2.5):
        assert bench.configuration["controls"] == {
            "FrameDurationLimits": (33333, 33333),
            "ExposureTime": 8000,
            "AnalogueGain": 2.5,
        }


def test_under_a_lamp_nothing_is_automatic(bench):
    with PiCamera(frames_per_second=15, exposure_us=4000, gain=4.0, day_night="night"):
        assert bench.configuration["controls"] == {
            "FrameDurationLimits": (66667, 66667),
            "ExposureTime": 4000,
            "AnalogueGain": 4.0,
            "AeEnable": False,
        }


def test_by_day_short_exposures_are_preferred_unless_one_is_fixed(bench):
    with PiCamera(day_night="day"):
        assert bench.configuration["controls"]["AeExposureMode"] == 1
    with PiCamera(day_night="day", exposure_us=4000):
        assert "AeExposureMode" not in bench.configuration["controls"]


def test_a_tuning_file_is_given_to_the_camera(bench):
    with PiCamera(tuning_file="imx219_noir.json"):
        assert bench.tuning["target"] == "bcm2835"


def test_a_tuning_file_that_is_not_there_is_a_matter_of_the_configuration(bench):
    with pytest.raises(ConfigError, match=r"imx999\.json: this tuning file cannot be used \(Tuning file not found\)"):
        PiCamera(tuning_file="imx999.json").__enter__()
    assert not bench.open


def test_a_frame_is_stamped_with_its_exposure_not_with_its_reading(bench):
    bench.deliver(picture(), SensorTimestamp=5_000 * MS)
    with PiCamera(
        clock_ns=clocks(monotonic=5_040 * MS, boottime=5_040 * MS, realtime=1_800_000_000_000 * MS)
    ) as camera:
        frame = camera.read(1.0)
    assert frame.time == 5.0
    assert frame.wall == pytest.approx(1_800_000_000 - 0.040, abs=1e-6)


def test_a_stamp_of_the_boot_clock_is_brought_to_the_monotonic_clock(bench):
    suspended = 3_600_000 * MS
    bench.deliver(picture(), SensorTimestamp=5_000 * MS + suspended)
    with PiCamera(clock_ns=clocks(monotonic=5_040 * MS, boottime=5_040 * MS + suspended)) as camera:
        assert camera.read(1.0).time == 5.0


def test_dropped_frames_leave_a_hole_in_the_sequence(bench):
    sequence = []
    with PiCamera(frames_per_second=15) as camera:
        for stamp in (1000, 1067, 1267, 1333):  # two frames are missing before the third
            bench.deliver(picture(), SensorTimestamp=stamp * MS)
            sequence.append(camera.read(1.0).sequence)
    assert sequence == [0, 1, 4, 5]


@pytest.mark.parametrize(
    "reason",
    ["No camera number 0 found", "Failed to acquire camera: Device or resource busy"],
)
def test_a_camera_that_cannot_be_opened_is_one_sentence_with_the_reason(bench, reason):
    bench.refusal = RuntimeError(reason)
    with pytest.raises(CameraLost, match=reason) as caught, PiCamera():
        pass
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 1


def test_what_to_do_is_said_once(bench):
    bench.refusal = RuntimeError(
        'No camera number 0 found - use "rpicam-hello --list-cameras" to check connected cameras'
    )
    with pytest.raises(CameraLost) as caught, PiCamera():
        pass
    assert str(caught.value).count("rpicam-hello") == 1


def test_a_control_that_the_camera_has_not_is_a_matter_of_the_configuration(bench):
    bench.controls = frozenset({"FrameDurationLimits"})
    with (
        pytest.raises(ConfigError, match=r"told its AnalogueGain; set camera\.gain to null, or use another camera\."),
        PiCamera(gain=2.0),
    ):
        pass
    assert not bench.open


def test_a_camera_whose_rate_cannot_be_set_is_closed_again(bench):
    bench.controls = frozenset()
    with pytest.raises(CameraLost, match="FrameDurationLimits"), PiCamera():
        pass
    assert not bench.open


def test_without_picamera2_the_configuration_is_wrong(monkeypatch):
    monkeypatch.setitem(sys.modules, "picamera2", None)  # importing it fails
    with pytest.raises(ConfigError, match="apt install python3-picamera2"), PiCamera():
        pass


@pytest.fixture(scope="session")
def real_picamera2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source of the release, unpacked. It cannot be imported here, for want of libcamera, but read."""
    folder = tmp_path_factory.mktemp("picamera2")
    fetched = subprocess.run(
        [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"),
            *("--no-deps", "--only-binary", ":all:", "--dest", str(folder), f"picamera2=={VERSION}"),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    wheels = list(folder.glob("*.whl"))
    if not wheels:
        message = f"picamera2 {VERSION} cannot be fetched: {fetched.stderr.strip()[-300:]}"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    with zipfile.ZipFile(wheels[0]) as wheel:
        wheel.extractall(folder)
    return folder / "picamera2"


def signatures(source: Path, class_name: str) -> dict[str, str]:
    """Names, order, kinds and defaults of the arguments of each method; annotations don't count."""
    tree = ast.parse(source.read_text(encoding="utf-8"))
    (body,) = [node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == class_name]
    found = {}
    for node in body:
        if isinstance(node, ast.FunctionDef):  # of overloads the last is the real one
            for argument in ast.walk(node.args):
                if isinstance(argument, ast.arg):
                    argument.annotation = None
            found[node.name] = ast.unparse(node.args)
    return found


@pytest.mark.parametrize(
    ("module", "class_name", "constructed_by_us"),
    [("picamera2.py", "Picamera2", True), ("request.py", "CompletedRequest", False)],
)
def test_the_stand_in_has_the_signatures_of_the_real_picamera2(real_picamera2, module, class_name, constructed_by_us):
    real = signatures(real_picamera2 / module, class_name)
    standin = {
        name: arguments
        for name, arguments in signatures(Path(picamera2_standin.__file__), class_name).items()
        if not name.startswith("_") or (name == "__init__" and constructed_by_us)
    }
    assert len(standin) >= 3
    assert standin == {name: real.get(name) for name in standin}
