"""The fake camera: faults on request."""

from __future__ import annotations

import pytest
from made_recordings import (
    TIMEOUT,
    StoppedClock,
    level,
    play,
    times,
    write_images,
)

from edge.cameras.camera import CameraEnded, CameraStalled
from edge.cameras.faults import Fault
from edge.cameras.recording import RecordingCamera


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
