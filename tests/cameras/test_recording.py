"""The fake camera: a recording on its own clock, with faults on request, and what it says of bad input."""

from __future__ import annotations

import contextlib
import itertools
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.cameras.camera import CameraEnded, CameraStalled
from edge.cameras.factory import open_camera
from edge.cameras.faults import Fault
from edge.cameras.recording import RecordingCamera
from edge.config import CameraConfig
from edge.errors import InputError
from edge.records import Frame

TIMEOUT = 0.5


class StoppedClock:
    """Real time, as far as the camera can tell: it moves on only by being slept in, and notes each sleep."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float, /) -> None:
        self.slept.append(seconds)
        self.now += seconds


def level(index: int) -> int:
    """The grey level of the frame with this number: far enough apart to survive a lossy codec."""
    return 10 + 8 * (index % 30)


def picture(index: int, width: int = 160, height: int = 120) -> np.ndarray:
    return np.full((height, width), level(index), np.uint8)


def write_images(folder: Path, count: int, *, suffix: str = ".png", digits: int = 6) -> Path:
    folder.mkdir(exist_ok=True)
    for index in range(count):
        assert cv2.imwrite(str(folder / f"{index + 1:0{digits}d}{suffix}"), picture(index))
    return folder


def write_video(path: Path, count: int, rate: float = 20.0, width: int = 160, height: int = 120) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), rate, (width, height))
    for index in range(count):
        writer.write(cv2.cvtColor(picture(index, width, height), cv2.COLOR_GRAY2BGR))
    writer.release()
    return path


def ffmpeg(*arguments: str | Path) -> None:
    subprocess.run(["ffmpeg", "-v", "error", "-y", *map(str, arguments)], check=True)


def cut_short(path: Path) -> Path:
    """Turns the video into one whose index stands first, then takes its second half away."""
    whole = path.with_name("whole.mp4")
    path.rename(whole)
    ffmpeg("-i", whole, "-c", "copy", "-movflags", "faststart", path)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    whole.unlink()
    return path


def play(camera: RecordingCamera, limit: int = 10_000) -> list[Frame]:
    frames: list[Frame] = []
    with camera:
        try:
            while len(frames) < limit:
                frames.append(camera.read(TIMEOUT))
        except CameraEnded:
            pass
    return frames


def times(frames: list[Frame]) -> list[float]:
    return [frame.time for frame in frames]


def levels(frames: list[Frame]) -> list[int]:
    """The number in the cycle of 30 that each frame shows."""
    return [round((float(frame.image.mean()) - 10) / 8) for frame in frames]


# What can be played


def test_a_video_gives_every_frame_at_its_presentation_time(tmp_path):
    frames = play(RecordingCamera(write_video(tmp_path / "drive.mp4", 25, rate=20)))
    assert levels(frames) == list(range(25))
    assert times(frames) == pytest.approx([index / 20 for index in range(25)], abs=1e-6)
    assert [frame.sequence for frame in frames] == list(range(25))


def test_a_folder_is_played_by_its_video(tmp_path):
    write_video(tmp_path / "video.mp4", 5)
    write_images(tmp_path, 9)
    assert len(play(RecordingCamera(tmp_path))) == 5


def test_frames_are_contiguous_grey_bytes_of_the_videos_size(tmp_path):
    (frame, *_) = play(RecordingCamera(write_video(tmp_path / "drive.mp4", 3, width=162, height=122)))
    assert frame.image.dtype == np.uint8
    assert frame.image.shape == (122, 162)
    assert frame.image.flags.c_contiguous


def test_a_video_of_an_odd_size_keeps_its_pixels(tmp_path):
    write_images(tmp_path, 4)
    ffmpeg("-i", tmp_path / "%06d.png", "-vf", "crop=157:113", "-c:v", "ffv1", tmp_path / "odd.mkv")
    frames = play(RecordingCamera(tmp_path / "odd.mkv"))
    assert [frame.image.shape for frame in frames] == [(113, 157)] * 4
    assert levels(frames) == [0, 1, 2, 3]


def test_a_video_whose_rate_varies_keeps_its_times(tmp_path):
    write_video(tmp_path / "steady.mp4", 20, rate=20)
    kept = "select='not(between(n,5,9))'"
    ffmpeg("-i", tmp_path / "steady.mp4", "-vf", kept, "-fps_mode", "vfr", tmp_path / "gap.mp4")
    found = times(play(RecordingCamera(tmp_path / "gap.mp4")))
    assert found == pytest.approx([index / 20 for index in [*range(5), *range(10, 20)]], abs=1e-3)


@pytest.mark.skipif(not hasattr(cv2, "CAP_PROP_PTS"), reason="OpenCV 4.10 does not tell where a video begins")
def test_a_video_that_begins_late_begins_at_zero(tmp_path):
    write_video(tmp_path / "drive.mp4", 10, rate=20)
    ffmpeg("-itsoffset", "5", "-i", tmp_path / "drive.mp4", "-c", "copy", tmp_path / "late.mkv")
    assert times(play(RecordingCamera(tmp_path / "late.mkv")))[:2] == pytest.approx([0.0, 0.05], abs=2e-3)


def test_a_video_of_varying_rate_is_not_taken_for_one_cut_short(tmp_path):
    write_video(tmp_path / "steady.mp4", 60, rate=20)
    kept = "select='not(mod(n,3))+lt(n,20)'"
    ffmpeg("-i", tmp_path / "steady.mp4", "-vf", kept, "-fps_mode", "vfr", tmp_path / "varying.mkv")
    assert times(play(RecordingCamera(tmp_path / "varying.mkv")))[-1] == pytest.approx(57 / 20, abs=2e-3)


def test_numbered_images_come_in_the_order_of_their_numbers(tmp_path):
    frames = play(RecordingCamera(write_images(tmp_path, 12, digits=1)))  # 1.png ... 12.png, with 2 before 10
    assert levels(frames) == list(range(12))


def test_other_files_beside_the_images_are_left_alone(tmp_path):
    write_images(tmp_path, 3, suffix=".jpg")
    (tmp_path / "._000001.jpg").write_bytes(b"what macOS leaves on a stick")
    (tmp_path / "poster.png").write_bytes(b"not a frame")
    (tmp_path / "track.nmea").write_text("$GPRMC")
    assert len(play(RecordingCamera(tmp_path))) == 3


def test_images_come_fifteen_a_second_unless_told_otherwise(tmp_path):
    write_images(tmp_path, 3)
    assert times(play(RecordingCamera(tmp_path))) == pytest.approx([0, 1 / 15, 2 / 15], abs=1e-6)
    assert times(play(RecordingCamera(tmp_path, frames_per_second=10))) == pytest.approx([0, 0.1, 0.2])


@pytest.mark.parametrize("notes", ["recording.yaml", "truth.yaml"])
def test_a_recordings_own_rate_goes_before_the_configured_one(tmp_path, notes):
    write_images(tmp_path, 3)
    (tmp_path / notes).write_text("kind: real\nframes_per_second: 25\n")
    assert times(play(RecordingCamera(tmp_path, frames_per_second=10))) == pytest.approx([0, 0.04, 0.08])


def test_wall_time_runs_from_the_start_that_is_given(tmp_path):
    frames = play(RecordingCamera(write_images(tmp_path, 3), frames_per_second=10, wall_start=1_800_000_000.0))
    assert [frame.wall for frame in frames] == pytest.approx([1_800_000_000.0, 1_800_000_000.1, 1_800_000_000.2])


def test_the_same_recording_gives_the_same_frames_twice(tmp_path):
    camera = RecordingCamera(write_video(tmp_path / "drive.mp4", 10))
    first, second = play(camera), play(camera)
    assert times(first) == times(second)
    assert all(np.array_equal(a.image, b.image) for a, b in zip(first, second, strict=True))


def test_the_configuration_opens_a_recording(tmp_path):
    write_images(tmp_path, 3)
    config = CameraConfig(kind="recording", path=tmp_path, frames_per_second=10, realtime=False)
    with open_camera(config, None, wall_start=7.0) as camera:
        assert camera.read(TIMEOUT).wall == 7.0
        assert camera.read(TIMEOUT).time == 0.1


def test_a_recording_needs_no_picamera2(tmp_path):
    code = "import sys; sys.modules['picamera2'] = None; import edge.cameras.factory"
    subprocess.run([sys.executable, "-c", code], check=True)


# Pace, loop, end


def test_the_end_is_told_and_stays(tmp_path):
    with RecordingCamera(write_images(tmp_path, 1)) as camera:
        camera.read(TIMEOUT)
        for _ in range(3):
            with pytest.raises(CameraEnded):
                camera.read(TIMEOUT)


def test_in_real_time_each_frame_comes_when_it_is_due(tmp_path):
    clock = StoppedClock()
    camera = RecordingCamera(write_images(tmp_path, 4), frames_per_second=10, realtime=True, clock=clock)
    play(camera)
    assert clock.slept == pytest.approx([0.1] * 4)  # the last is the duration of the last frame


def test_a_slow_reader_is_not_held_back_further(tmp_path):
    clock = StoppedClock()
    with RecordingCamera(write_images(tmp_path, 4), frames_per_second=10, realtime=True, clock=clock) as camera:
        camera.read(TIMEOUT)
        clock.now += 0.25  # the reader was busy
        camera.read(TIMEOUT)
        camera.read(TIMEOUT)
        assert clock.slept == []
        camera.read(TIMEOUT)
        assert clock.slept == pytest.approx([0.05])


def test_the_clock_of_a_recording_starts_with_the_first_reading_not_with_the_opening(tmp_path):
    clock = StoppedClock()
    with RecordingCamera(write_images(tmp_path, 4), frames_per_second=10, realtime=True, clock=clock) as camera:
        clock.now += 30.0  # models are loaded
        camera.read(TIMEOUT)
        camera.read(TIMEOUT)
    assert clock.slept == pytest.approx([0.1])


def test_a_loop_goes_on_with_rising_times_and_sequence(tmp_path):
    frames = play(RecordingCamera(write_images(tmp_path, 3), frames_per_second=10, loop=True), limit=10)
    assert levels(frames) == [0, 1, 2, 0, 1, 2, 0, 1, 2, 0]
    assert times(frames) == pytest.approx([index / 10 for index in range(10)])
    assert [frame.sequence for frame in frames] == list(range(10))


def test_a_video_loops_too(tmp_path):
    frames = play(RecordingCamera(write_video(tmp_path / "drive.mp4", 4, rate=20), loop=True), limit=9)
    assert levels(frames) == [0, 1, 2, 3, 0, 1, 2, 3, 0]
    assert times(frames) == pytest.approx([index / 20 for index in range(9)], abs=1e-4)


# Faults


def test_a_stall_is_noticed_in_recorded_time_without_waiting(tmp_path):
    stall = Fault("stall", start_s=1.0, duration_s=2.0)
    stalled, frames = [], []
    with RecordingCamera(write_images(tmp_path, 40), frames_per_second=10, wall_start=100.0, faults=[stall]) as camera:
        while True:
            try:
                frames.append(camera.read(TIMEOUT))
            except CameraStalled as error:
                stalled.append((error.time, error.wall))
            except CameraEnded:
                break
    assert [time for time, _ in stalled] == pytest.approx([1.4, 1.9, 2.4, 2.9])
    assert [wall for _, wall in stalled] == pytest.approx([101.4, 101.9, 102.4, 102.9])
    assert [frame.sequence for frame in frames] == [*range(10), *range(30, 40)]
    assert times(frames)[9:11] == pytest.approx([0.9, 3.0])


def test_a_stall_in_real_time_waits_no_longer_than_it_is_asked_to(tmp_path):
    clock = StoppedClock()
    camera = RecordingCamera(
        write_images(tmp_path, 40),
        frames_per_second=10,
        realtime=True,
        faults=[Fault("stall", 0.1, 2.0)],
        clock=clock,
    )
    with camera:
        camera.read(TIMEOUT)
        with pytest.raises(CameraStalled):
            camera.read(TIMEOUT)
    assert clock.slept == [TIMEOUT]


def test_a_stall_up_to_the_end_lasts_until_the_end(tmp_path):
    with RecordingCamera(write_images(tmp_path, 20), frames_per_second=10, faults=[Fault("stall", 1.0)]) as camera:
        for _ in range(10):
            camera.read(TIMEOUT)
        for _ in range(2):
            with pytest.raises(CameraStalled):
                camera.read(TIMEOUT)
        with pytest.raises(CameraEnded):
            camera.read(TIMEOUT)


def test_a_covered_lens_gives_black_frames_for_its_time(tmp_path):
    frames = play(RecordingCamera(write_images(tmp_path, 10), frames_per_second=10, faults=[Fault("black", 0.3, 0.4)]))
    assert [not frame.image.any() for frame in frames] == [False] * 3 + [True] * 4 + [False] * 3
    assert times(frames) == pytest.approx([index / 10 for index in range(10)])


def test_a_torn_frame_has_the_lower_half_of_the_one_before(tmp_path):
    frames = play(RecordingCamera(write_images(tmp_path, 6), frames_per_second=10, faults=[Fault("torn", 0.3, 0.2)]))
    halves = [(int(frame.image[0, 0]), int(frame.image[-1, 0])) for frame in frames]
    expected = [(0, 0), (1, 1), (2, 2), (3, 2), (4, 3), (5, 5)]
    assert halves == [(level(upper), level(lower)) for upper, lower in expected]


def test_a_wrongly_sized_frame_is_delivered_as_it_is(tmp_path):
    fault = Fault("wrong_size", 0.1, 0.1)
    frames = play(RecordingCamera(write_images(tmp_path, 3), frames_per_second=10, faults=[fault]))
    assert [frame.image.shape for frame in frames] == [(120, 160), (60, 80), (120, 160)]
    assert all(frame.image.flags.c_contiguous for frame in frames)


def test_an_end_on_request_ends_a_loop_too(tmp_path):
    camera = RecordingCamera(write_images(tmp_path, 3), frames_per_second=10, loop=True, faults=[Fault("end", 0.75)])
    assert len(play(camera)) == 8


@pytest.mark.parametrize(("start", "duration"), [(-1.0, 1.0), (0.0, 0.0), (float("nan"), 1.0)])
def test_a_fault_that_could_never_happen_is_refused(start, duration):
    with pytest.raises(ValueError, match="a fault needs"):
        Fault("black", start, duration)


# Bad input: one sentence each


def nothing(folder: Path) -> Path:
    return folder / "missing"


def empty_folder(folder: Path) -> Path:
    return folder


def empty_file(folder: Path) -> Path:
    (folder / "video.mp4").touch()
    return folder


def text_as_video(folder: Path) -> Path:
    path = folder / "notes.mp4"
    path.write_text("no video at all\n" * 200)
    return path


def video_without_its_index(folder: Path) -> Path:
    path = write_video(folder / "video.mp4", 100)
    path.write_bytes(path.read_bytes()[:-2000])  # OpenCV writes the index last
    return folder


def truncated_video(folder: Path) -> Path:
    cut_short(write_video(folder / "video.mp4", 200))
    return folder


def truncated_matroska(folder: Path) -> Path:
    ffmpeg("-i", write_video(folder / "whole.mp4", 200), "-c", "copy", folder / "cut.mkv")
    data = (folder / "cut.mkv").read_bytes()
    (folder / "cut.mkv").write_bytes(data[: len(data) // 2])
    return folder / "cut.mkv"


def tiny_image(folder: Path) -> Path:
    cv2.imwrite(str(folder / "000001.png"), np.zeros((1, 1), np.uint8))
    return folder


def tiny_video(folder: Path) -> Path:
    return write_video(folder / "tiny.mp4", 5, width=48, height=32)


def truncated_image(suffix: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        write_images(folder, 3, suffix=suffix)
        path = folder / f"000002{suffix}"
        noise = np.random.default_rng(0).integers(0, 256, (120, 160), dtype=np.uint8)
        path.write_bytes(cv2.imencode(suffix, noise)[1].tobytes()[:3000])
        return folder

    return make


def damaged_png(folder: Path) -> Path:
    write_images(folder, 3)
    data = bytearray((folder / "000002.png").read_bytes())
    data[len(data) // 2] ^= 0x55
    (folder / "000002.png").write_bytes(data)
    return folder


def image_of_another_size(folder: Path) -> Path:
    write_images(folder, 4)
    cv2.imwrite(str(folder / "000003.png"), picture(2, width=320, height=240))
    return folder


def folder_as_image(folder: Path) -> Path:
    write_images(folder, 2)
    (folder / "000003.png").mkdir()
    return folder


def broken_notes(folder: Path) -> Path:
    write_images(folder, 2)
    (folder / "truth.yaml").write_text("expect: [")
    return folder


def absurd_rate(folder: Path) -> Path:
    write_images(folder, 2)
    (folder / "recording.yaml").write_text("frames_per_second: fast")
    return folder


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (nothing, ["missing", "there is no such recording"]),
        (empty_folder, ["the recording is empty", "video.mp4 or numbered images"]),
        (empty_file, ["video.mp4", "the file is empty"]),
        (text_as_video, ["notes.mp4", "no frame can be decoded"]),
        (video_without_its_index, ["video.mp4", "no frame can be decoded"]),
        (truncated_video, ["video.mp4", " of 200 frames", "cut short or damaged"]),
        (truncated_matroska, ["cut.mkv", " of 200 frames", "cut short or damaged"]),
        (tiny_image, ["1x1 pixels", "too small to hold a face"]),
        (tiny_video, ["48x32 pixels", "too small to hold a face"]),
        (truncated_image(".png"), ["000002.png", "a damaged one"]),
        (truncated_image(".jpg"), ["000002.jpg", "a damaged one"]),
        (truncated_image(".bmp"), ["000002.bmp", "a damaged one"]),
        (truncated_image(".webp"), ["000002.webp", "a damaged one"]),
        (damaged_png, ["000002.png", "a damaged one"]),
        (image_of_another_size, ["000003.png", "320x240", "000001.png", "160x120"]),
        (folder_as_image, ["000003.png", "directory"]),
        (broken_notes, ["truth.yaml", "YAML"]),
        (absurd_rate, ["recording.yaml", "frames_per_second", "'fast'"]),
    ],
)
def test_bad_input_is_one_sentence_and_nothing_else(tmp_path, capfd, make, words):
    path = make(tmp_path)
    capfd.readouterr()
    with pytest.raises(InputError) as caught:
        play(RecordingCamera(path))
    sentence = str(caught.value)
    assert all(word in sentence for word in words)
    assert str(tmp_path) in sentence
    assert "\n" not in sentence
    assert caught.value.exit_code == 2
    assert capfd.readouterr() == ("", "")


def test_a_damaged_recording_is_played_up_to_the_damage(tmp_path):
    with RecordingCamera(image_of_another_size(tmp_path)) as camera:
        assert [camera.read(TIMEOUT).sequence for _ in range(2)] == [0, 1]
        with pytest.raises(InputError):
            camera.read(TIMEOUT)


# Real recordings


def test_real_recordings_are_read_whole_and_with_strictly_rising_times(recordings):
    for video in (recordings / "car_talking" / "video.mp4", recordings / "desk_glasses_blinks" / "video.mp4"):
        probe = cv2.VideoCapture(str(video))
        declared, rate = probe.get(cv2.CAP_PROP_FRAME_COUNT), probe.get(cv2.CAP_PROP_FPS)
        probe.release()
        found = []
        with RecordingCamera(video.parent) as camera, contextlib.suppress(CameraEnded):
            while True:
                found.append(camera.read(TIMEOUT).time)  # the images of all frames would be 350 MB
        assert len(found) == declared
        assert all(a < b for a, b in itertools.pairwise(found))
        assert found[-1] == pytest.approx((declared - 1) / rate, abs=1e-3)
