"""The fake camera: a recording on its own clock."""

from __future__ import annotations

import contextlib
import itertools
import subprocess
import sys

import cv2
import numpy as np
import pytest
from made_recordings import (
    TIMEOUT,
    StoppedClock,
    ffmpeg,
    levels,
    play,
    times,
    write_images,
    write_video,
)

from edge.cameras.camera import CameraEnded
from edge.cameras.factory import open_camera
from edge.cameras.recording import RecordingCamera
from edge.config import CameraConfig


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
