"""The fake camera: what it says of recordings that cannot be played."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from made_recordings import (
    TIMEOUT,
    cut_short,
    ffmpeg,
    picture,
    play,
    write_images,
    write_video,
)

from edge.cameras.recording import RecordingCamera
from edge.errors import InputError


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


def noted(name: str, text: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        write_images(folder, 2)
        (folder / name).write_text(text)
        return folder

    return make


def name_that_is_no_text(folder: Path) -> Path:
    """OpenCV would end the process."""
    plain = folder / "plain"
    plain.mkdir()
    write_video(plain / "video.mp4", 5)
    return plain.rename(folder / os.fsdecode(b"nu\xff"))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (noted("recording.yaml", "date: 2026-31-12"), ["recording.yaml", "YAML"]),
        (noted("recording.yaml", "frames_per_second: true"), ["recording.yaml", "frames_per_second", "True"]),
        (name_that_is_no_text, ["not UTF-8", "rename"]),
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
        (noted("truth.yaml", "expect: ["), ["truth.yaml", "YAML"]),
        (noted("recording.yaml", "frames_per_second: fast"), ["recording.yaml", "frames_per_second", "'fast'"]),
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
