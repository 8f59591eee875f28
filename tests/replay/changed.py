"""Recordings with every frame changed, replayed: what is told stays told in another light, size or turn,
and nobody is told asleep behind glasses that mirror.

    PYTHONPATH=tests python tests/replay/changed.py [--recordings DIR] [CHANGE...]

One row of a Markdown table a change; a minute for each with all recordings.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from lenses import LENSES, Glasses

from edge.cameras.camera import CameraEnded
from edge.cameras.recording import RecordingCamera
from edge.config import Config
from edge.records import GreyImage, Signal
from edge.replay.evaluate import Score, score
from edge.replay.truth import read_truth
from edge.rules.policy import Policy
from edge.vision.pipeline import Pipeline

Change = Callable[[GreyImage], GreyImage]


def noise(deviation: float, times: float = 1.0) -> Change:
    """A sensor's, in grey levels, with so many times the light."""
    chance = np.random.default_rng(3)
    return lambda image: _grey(np.rint(image * np.float32(times) + chance.normal(0, deviation, image.shape)))


def last_digit(seed: int) -> Change:
    """Noise of one grey level."""
    chance = np.random.default_rng(seed)
    return lambda image: _grey(image + chance.integers(-1, 2, image.shape, np.int8).astype(np.int16))


def light(times: float, more: float = 0.0) -> Change:
    return lambda image: _grey(np.rint(image * np.float32(times) + more))


def gamma(exponent: float) -> Change:
    table = _grey(np.rint(255 * (np.arange(256) / 255) ** exponent))
    return lambda image: np.asarray(cv2.LUT(image, table), np.uint8)


def lamp(image: GreyImage) -> GreyImage:
    """A lamp beside the camera: flat skin, its light falling off from the middle of the frame."""
    height, width = image.shape
    down, across = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    return _grey(255 * (image / 255.0) ** 0.6 * np.exp(-0.9 * (across * across + down * down)))


def shift(right: float, down: float) -> Change:
    """By pixels or parts of one."""
    return _moved(lambda _width, _height: np.array([[1, 0, right], [0, 1, down]], np.float32))


def turned(degrees: float, nearer: float = 1.0) -> Change:
    """About the frame's middle, by a camera so much nearer."""
    return _moved(lambda width, height: cv2.getRotationMatrix2D((width / 2, height / 2), degrees, nearer))


def scaled(times: float) -> Change:
    """A frame of more pixels, or fewer."""
    how = cv2.INTER_AREA if times < 1 else cv2.INTER_LINEAR
    return lambda image: np.asarray(cv2.resize(image, None, fx=times, fy=times, interpolation=how), np.uint8)


def mirrored(image: GreyImage) -> GreyImage:
    return np.ascontiguousarray(image[:, ::-1])


def blurred(image: GreyImage) -> GreyImage:
    return np.asarray(cv2.GaussianBlur(image, (0, 0), 1.5), np.uint8)


def jpeg(quality: int) -> Change:
    def compressed(image: GreyImage) -> GreyImage:
        data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.uint8)

    return compressed


LITTLE: dict[str, Callable[[], Change]] = {
    "noise": lambda: last_digit(1),
    "darker": lambda: light(0.97),
    "part of a pixel": lambda: shift(-0.4, 0.3),
    "two pixels": lambda: shift(2.0, -1.0),
    "nearer": lambda: turned(0, 1.3),
}
LARGE: dict[str, Callable[[], Change]] = {
    "mirrored": lambda: mirrored,
    "turned by 10 degrees": lambda: turned(10),
    "turned by -15 degrees": lambda: turned(-15),
    "half as many pixels to a side": lambda: scaled(0.5),
    "twice as many": lambda: scaled(2),
    "1.3 times nearer": lambda: turned(0, 1.3),
    "0.7 times as near": lambda: turned(0, 0.7),
    "0.3 of the light, noise of 2 grey levels": lambda: noise(2, 0.3),
    "0.15 of the light, noise of 1.5": lambda: noise(1.5, 0.15),
    "noise of 8": lambda: noise(8),
    "half of the contrast": lambda: light(0.5, 64),
    "gamma 0.5": lambda: gamma(0.5),
    "gamma 2": lambda: gamma(2),
    "a lamp's light": lambda: lamp,
    "blurred, 1.5 pixels": lambda: blurred,
    "JPEG, quality 30": lambda: jpeg(30),
    **{name: partial(Glasses, lens) for name, lens in LENSES.items()},
}


def replayed(recording: Path, change: Change) -> Score:
    """What is told of the recording by the shipped configuration, held against its truth."""
    config = Config()
    pipeline, policy = Pipeline(config.vision), Policy(config.rules)
    signals: list[Signal] = []
    time = 0.0
    with RecordingCamera(recording) as camera:
        while True:
            try:
                frame = camera.read(config.camera.stall_s)
            except CameraEnded:
                break
            time = frame.time
            signals += policy.step(pipeline.see(replace(frame, image=change(frame.image)))).signals
    return score(recording.name, time, [], [*signals, *policy.close(time)], read_truth(recording), config.rules)


def main() -> int:
    import places

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("changes", nargs="*", metavar="CHANGE", help="by its name; by default all")
    parser.add_argument("--recordings", type=Path, default=places.recordings())
    options = parser.parse_args()
    recordings = sorted(truth.parent for truth in options.recordings.glob("*/truth.yaml"))
    if not recordings:
        parser.error(f"{options.recordings}: no recording with a truth.yaml is there; name another folder.")
    if unknown := set(options.changes) - set(LARGE):
        parser.error(f"there is no change {', '.join(sorted(unknown))}; there are {', '.join(LARGE)}.")
    for name in options.changes or LARGE:
        print(_row(name, (replayed(recording, LARGE[name]()) for recording in recordings)), flush=True)
    return 0


def _row(name: str, results: Iterable[Score]) -> str:
    expected, missed, false = 0, [], []
    for result in results:
        expected += result.expected
        missed += [f"`{result.name}`: {one}" for one in result.missed]
        false += [f"`{result.name}`: {one.cause} at {one.time:.1f} s" for one in result.false]
    return f"| {name} | {expected - len(missed)} of {expected} | {'; '.join(missed)} | {'; '.join(false)} |"


def _moved(matrix: Callable[[int, int], np.ndarray]) -> Change:
    def moved(image: GreyImage) -> GreyImage:
        height, width = image.shape
        size = (width, height)
        return _grey(cv2.warpAffine(image, matrix(width, height), size, borderMode=cv2.BORDER_REPLICATE))

    return moved


def _grey(image: np.ndarray) -> GreyImage:
    return np.clip(image, 0, 255).astype(np.uint8)


if __name__ == "__main__":
    sys.exit(main())
