"""A camera in a process of its own: whatever that does, the reader gets whole frames, or hears that there are none."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import psutil
import pytest
from made_recordings import levels, write_images

from edge.cameras import process
from edge.cameras.camera import CameraEnded, CameraLost, CameraStalled
from edge.cameras.factory import open_camera
from edge.cameras.process import ProcessCamera
from edge.config import CameraConfig
from edge.errors import ConfigError, InputError
from edge.records import Frame

WILD = Path(__file__).with_name("wild_child.py")
PATIENCE = 60.0  # seconds; reached only where the test fails
STALL = 0.4

Open = Callable[..., ProcessCamera]


@pytest.fixture
def wild(monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Opens a capture process that behaves as it is told; at the end nothing of it may be left."""
    monkeypatch.setattr(process, "LONGEST_WAIT_S", 0.3)
    before = len(list(Path("/proc/self/fd").iterdir()))

    def open_wild(how: str, *, stall_s: float = STALL, **more: object) -> ProcessCamera:
        return ProcessCamera("wild", {}, stall_s=stall_s, command=(sys.executable, str(WILD), how), **more)

    yield open_wild
    assert [child.cmdline() for child in psutil.Process().children()] == []
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def next_frame(camera: ProcessCamera) -> Frame:
    """The next frame, however many waits it takes."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            return camera.read(STALL)
        except CameraStalled:
            pass
    raise AssertionError("no frame came")


def is_of_one_level(frame: Frame) -> bool:
    return bool((frame.image == frame.image[0, 0]).all())


def test_frames_are_whole_however_fast_they_are_made(wild: Open) -> None:
    with wild("flood") as camera:
        frames = [next_frame(camera) for _ in range(500)]
    assert all(map(is_of_one_level, frames))
    assert {frame.image.shape for frame in frames} == {(480, 640)}
    assert [frame.image[0, 0] for frame in frames] == [frame.sequence % 251 for frame in frames]


def test_a_live_camera_gives_the_latest_frame(wild: Open) -> None:
    with wild("sound") as camera:
        first = next_frame(camera)
        time.sleep(0.2)  # what comes meanwhile is overtaken
        later = next_frame(camera)
    assert later.sequence > first.sequence + 1
    assert later.time - first.time > 0.15


def test_a_frame_is_stamped_on_this_machines_clocks(wild: Open) -> None:
    with wild("sound") as camera:
        frame = next_frame(camera)
        now, wall = time.monotonic(), time.time()
    assert 0 <= now - frame.time < 5
    assert wall - frame.wall == pytest.approx(now - frame.time, abs=0.05)


def test_the_image_belongs_to_the_reader(wild: Open) -> None:
    with wild("sound") as camera:
        frame = next_frame(camera)
        before = frame.image.copy()
        for _ in range(5):
            next_frame(camera)
        frame.image[:] += 1
    assert np.array_equal(frame.image, before + 1)


@pytest.mark.parametrize(
    "how",
    [
        "hang", "hang-with-interpreter", "stop", "die", "crash", "raise", "future", "past", "standing", "nan",
        "speak-half-written", "speak-unasked", "speak-noise", "speak-too-large", "speak-tiny", "speak-cut",
        "speak-error-of-no-kind", "speak-no-json", "speak-opened-twice",
    ],
)  # fmt: skip
def test_a_capture_process_that_goes_wrong_is_replaced(wild: Open, how: str, caplog: pytest.LogCaptureFixture) -> None:
    with wild(how) as camera:
        frames = [next_frame(camera) for _ in range(10)]
    assert all(map(is_of_one_level, frames))
    assert [b.time > a.time and b.sequence > a.sequence for a, b in pairwise(frames)] == [True] * 9
    assert "the capture process is in trouble: it " in caplog.text


def test_a_camera_that_never_opens_is_tried_anew(
    wild: Open, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(process, "OPENING_S", 0.5)
    with wild("always-hang-in-open") as camera:
        pids = set()
        while len(pids) < 3:
            with pytest.raises(CameraStalled):
                camera.read(STALL)
            pids |= {camera.pid} - {None}
    assert [record.getMessage().rpartition(": ")[2] for record in caplog.records] == [
        "it did not open the camera for 0.5 s; it is started anew"
    ]


def test_a_process_that_was_killed_is_replaced(wild: Open, caplog: pytest.LogCaptureFixture) -> None:
    with wild("sound") as camera:
        before = next_frame(camera)
        assert camera.pid
        os.kill(camera.pid, signal.SIGKILL)
        while (after := next_frame(camera)).sequence == before.sequence:
            pass
    assert after.time > before.time
    assert "it was ended by signal 9; it is started anew" in caplog.text


def test_frames_of_another_size_are_left_out_until_they_are_how_it_is(
    wild: Open, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(process, "RESIZED_S", 3 * STALL)
    with wild("always-resize") as camera:
        sizes = [next_frame(camera).image.shape for _ in range(3)]
        while sizes.count((240, 320)) < 3:  # a child that is held up is replaced, and begins with the first size
            sizes.append(next_frame(camera).image.shape)
    assert sizes == [(120, 160)] * (len(sizes) - 3) + [(240, 320)] * 3
    assert len(sizes) >= 6
    assert "it gave a frame of another size than those before, which is left out" in caplog.text
    assert "it gave no frame for 0.4 s; it is started anew" in caplog.text


def test_where_memory_is_short_it_goes_first(wild: Open) -> None:
    with wild("sound") as camera:
        next_frame(camera)
        assert Path(f"/proc/{camera.pid}/oom_score_adj").read_text() == "1000\n"


def test_trouble_that_stays_is_said_once(
    wild: Open, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    for limit in ("OPENING_S", "SOUND_S"):  # a child that a busy machine holds up is neither slow nor sound
        monkeypatch.setattr(process, limit, PATIENCE)
    with wild("always-die", stall_s=PATIENCE) as camera:
        pids = set()
        while len(pids) < 4:
            next_frame(camera)
            pids.add(camera.pid)
    assert len(caplog.records) == 1


def test_a_camera_that_is_prepared_is_the_one_that_is_entered(wild: Open) -> None:
    camera = wild("sound")
    camera.prepare()
    prepared = camera.pid
    with camera:
        assert next_frame(camera)
        assert camera.pid == prepared


def test_a_camera_that_hangs_while_it_is_closed_keeps_nobody(wild: Open) -> None:
    with wild("always-hang-in-stop") as camera:
        next_frame(camera)
        child = psutil.Process(camera.pid)
    assert not child.is_running()


def test_a_camera_that_is_lost_says_so_in_its_own_words_and_is_opened_again(wild: Open) -> None:
    with wild("lost") as camera:
        with pytest.raises(CameraLost, match="gives no more frames; check its cable"):
            [next_frame(camera) for _ in range(1_000_000)]
        assert next_frame(camera)


def test_a_matter_of_the_configuration_comes_through_as_such(wild: Open) -> None:
    with wild("no-consent") as camera, pytest.raises(ConfigError, match=r"consent is missing\.") as refused:
        next_frame(camera)
    assert refused.value.exit_code == 78


def test_a_device_that_is_not_there_is_told_as_by_the_daemon_itself() -> None:
    config = CameraConfig(kind="v4l2", device="/dev/video99")
    consent: object = {}  # who agreed does not matter here
    with open_camera(config, consent) as camera, pytest.raises(CameraLost, match="there is no such camera; plug it in"):  # type: ignore[arg-type]
        camera.read(PATIENCE)


def test_a_recording_loses_no_frame_though_its_process_is_killed(tmp_path: Path) -> None:
    config = CameraConfig(kind="recording", path=write_images(tmp_path, 25), capture="process", realtime=False)
    with open_camera(config, None, wall_start=100.0) as camera:
        assert isinstance(camera, ProcessCamera)
        frames = [camera.read(1.0) for _ in range(10)]
        assert camera.pid
        os.kill(camera.pid, signal.SIGKILL)
        frames += [camera.read(1.0) for _ in range(15)]
        for _ in range(2):
            with pytest.raises(CameraEnded):
                camera.read(1.0)
    assert levels(frames) == list(range(25))
    assert [frame.sequence for frame in frames] == list(range(25))
    assert [round(frame.wall - frame.time, 6) for frame in frames] == [100.0] * 25


def test_a_recording_that_cannot_be_used_is_refused(tmp_path: Path) -> None:
    config = CameraConfig(kind="recording", path=tmp_path / "none", capture="process", realtime=False)
    with open_camera(config, None) as camera, pytest.raises(InputError, match="there is no such recording"):
        camera.read(1.0)


def test_a_recording_in_real_time_stands_in_for_a_device(tmp_path: Path) -> None:
    config = CameraConfig(kind="recording", path=write_images(tmp_path, 5), capture="process", loop=True)
    with open_camera(config, None) as camera:
        assert isinstance(camera, ProcessCamera)
        frames = [next_frame(camera) for _ in range(8)]
    assert abs(time.monotonic() - frames[-1].time) < 5
    assert all(b.time > a.time for a, b in pairwise(frames))


@pytest.mark.parametrize("how", ["sound", "always-hang", "always-hang-with-interpreter", "always-hang-in-open"])
def test_the_process_goes_with_a_reader_that_is_killed(how: str) -> None:
    """Nothing is left but what the system takes back: the memory has no name."""
    reader = f"""
from edge.cameras.camera import CameraStalled
from edge.cameras.process import ProcessCamera
with ProcessCamera("wild", {{}}, stall_s=1000, command=({sys.executable!r}, {str(WILD)!r}, {how!r})) as camera:
    told = frames = 0
    while True:
        try:
            frames += camera.read(1.0) is not None
            waited = False
        except CameraStalled:
            waited = True
        if not told and (frames == 100 or waited):
            told = print(camera.pid, flush=True) is None
"""
    with subprocess.Popen([sys.executable, "-c", reader], stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout
        try:
            child = psutil.Process(int(running.stdout.readline()))
        finally:
            running.kill()
    gone, alive = psutil.wait_procs([child], timeout=PATIENCE)
    assert gone
    assert not alive


def test_of_a_picture_that_stands_still_nothing_more_is_taken(
    wild: Open, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Also not from a new process that gives the same one: the camera's fault is told, not a driver with open eyes."""
    monkeypatch.setattr(process, "STILL_S", 0.5)
    with wild("always-frozen") as camera:
        next_frame(camera)
        end = time.monotonic() + PATIENCE
        with contextlib.suppress(CameraStalled):
            while time.monotonic() < end:
                camera.read(STALL)
        children: set[int] = set()
        while len(children) < 2 and time.monotonic() < end:  # it is tried anew all the while
            with pytest.raises(CameraStalled):
                camera.read(STALL)
            children.update({camera.pid} - {None})
        assert len(children) == 2
    assert caplog.text.count("its picture has not changed for 0.5 s") == 1


def test_a_covered_lens_may_stand_still(
    wild: Open, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(process, "STILL_S", 0.3)
    with wild("always-black") as camera:
        end = time.monotonic() + 1.5
        while time.monotonic() < end:
            next_frame(camera)
    assert "its picture has not changed" not in caplog.text


def test_what_lies_in_the_folder_somebody_stands_in_is_not_run(
    synthetic_recording: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As root stands in /tmp, and types sudo driver-monitor check."""
    (tmp_path / "ctypes.py").write_text("from pathlib import Path\nPath('run').touch()\nraise SystemExit\n")
    monkeypatch.chdir(tmp_path)
    config = CameraConfig(kind="recording", path=synthetic_recording, capture="process", realtime=False)
    with open_camera(config, None) as camera:
        assert camera.read(PATIENCE).sequence == 0
    assert not (tmp_path / "run").exists()


def test_a_camera_of_the_board_needs_no_opencv() -> None:
    """Neither in the process that captures nor for whoever reads it: only what looks at pictures does."""
    modules = "edge.cameras.process, edge.cameras.child, edge.cameras.picamera"
    subprocess.run([sys.executable, "-c", f"import sys; sys.modules['cv2'] = None; import {modules}"], check=True)


def test_what_keeps_a_camera_that_gave_frames_from_opening_anew_may_pass(wild: Open) -> None:
    with wild("always-hang-then-no-consent") as camera:
        for _ in range(3):
            next_frame(camera)
        with pytest.raises(CameraLost, match="The camera is not opened: consent is missing"):
            next_frame(camera)
