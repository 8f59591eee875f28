"""Makes the synthetic recording `synthetic_closure`: a still portrait made to move its head, blink, and sleep for 4 s.

The portrait is `skimage.data.astronaut()`: NASA's picture of Eileen Collins, in the public domain. Nothing in the
recording ever happened: she looks into the camera and smiles with her eyes open. What is synthetic:

- the head: a slow sum of sines moves, turns and scales it by a few pixels and degrees; the background stays;
- the lids: column by column, the skin between brow and lashes is stretched down over the eye onto a line just above the
  lower lid, whose skin is drawn up to meet it; a dark line of lashes runs along the upper lid's edge;
- the sensor's noise: Gaussian, from a fixed seed.

    python tests/recordings/make_synthetic_closure.py [FOLDER]

writes `video.mp4` (needs the program `ffmpeg` with x264) and `truth.yaml`, by default beside this file.
"""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Field = NDArray[np.float32]

RATE = 15  # frames a second
SECONDS = 20
WIDTH, HEIGHT = 384, 288
SCALE = 1.3  # output pixels a portrait pixel: the face, hairline to chin, becomes half of the frame's height
CENTRE = (226.0, 122.0)  # portrait pixel in the middle of the frame
HEAD = (224.0, 120.0)  # portrait pixel that the head turns about
NOISE = 1.2  # standard deviation, grey levels
SEED = 20

BLINKS = [(2.0, 2.2), (5.2, 5.4), (14.0, 14.2), (16.8, 17.0), (18.6, 18.8)]  # seconds, [start, end)
CLOSURE = (8.0, 12.0)


@dataclass(frozen=True)
class Eye:
    """Contours in portrait pixels (x to the right, y down), placed by hand on the portrait enlarged 32 times.

    `brow`: lower edge of the eyebrow. `upper`: where the upper lid's skin ends and the lashes begin. `lower`: the edge
    of the lower lid. Upper and lower meet in the corners.
    """

    brow: list[tuple[float, float]]
    upper: list[tuple[float, float]]
    lower: list[tuple[float, float]]


# fmt: off
RIGHT = Eye(
    brow=[(188, 91.5), (194, 90.5), (200, 90.5), (206, 91.5), (212, 93.0), (219, 96.0)],
    upper=[(190.0, 101.6), (191, 100.2), (192.5, 98.3), (194, 96.9), (196, 95.7), (198, 95.0), (202, 94.4), (206, 94.7),
           (208, 95.0), (210, 95.7), (212, 97.0), (214, 98.8), (216, 100.6), (218, 102.3)],
    lower=[(190.0, 101.6), (192.5, 102.3), (194, 102.6), (196, 103.3), (198, 104.1), (200, 104.7), (202, 105.1),
           (204, 105.3), (206, 105.2), (208, 104.9), (210, 104.7), (212, 104.5), (214, 104.2), (218, 102.3)],
)
LEFT = Eye(
    brow=[(231, 96.0), (236, 94.8), (240, 94.2), (246, 93.8), (252, 93.8), (256, 94.8), (261, 98.0)],
    upper=[(233.0, 104.4), (234, 102.6), (236, 100.6), (238, 99.2), (240, 98.0), (242, 97.2), (244, 96.9), (248, 97.3),
           (252, 97.7), (254, 98.2), (256, 99.4), (258, 101.3), (259.8, 104.2)],
    lower=[(233.0, 104.4), (236, 106.2), (238, 106.6), (240, 106.7), (242, 106.8), (244, 107.0), (246, 107.3),
           (248, 107.3), (250, 107.0), (252, 106.4), (254, 105.8), (256, 105.2), (258, 104.8), (259.8, 104.2)],
)
# fmt: on
EYES = (RIGHT, LEFT)

FINE = 4  # the lids are drawn at this many times the portrait's resolution
RISE = 0.22  # share of the way that the lower lid does
BELOW = 6.0  # pixels of skin below the lower lid that give way


def portrait() -> Image:
    """uint8[512, 512], grey."""
    from skimage import data  # here: only making the recording needs it

    return np.asarray(cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2GRAY), dtype=np.uint8)


def curve(points: list[tuple[float, float]], xs: Field) -> Field:
    """y of a contour at xs, rounded off between its points."""
    px, py = np.array(points, dtype=np.float64).T
    fine = np.interp(np.linspace(xs[0], xs[-1], 8 * len(xs)), px, py).astype(np.float32)
    smooth = cv2.GaussianBlur(fine[None, :], (0, 0), 8 * FINE * 0.6, borderType=cv2.BORDER_REPLICATE)[0]
    return np.interp(xs, np.linspace(xs[0], xs[-1], len(fine)), smooth).astype(np.float32)


def close_eye(picture: Image, eye: Eye, closed: float) -> None:
    """Draws one eye's lids into the portrait; closed: 0 as in the portrait, 1 shut."""
    left, right = int(eye.upper[0][0]) - 6, int(eye.upper[-1][0]) + 7
    top, bottom = int(min(y for _, y in eye.brow)) - 4, int(max(y for _, y in eye.lower)) + int(BELOW) + 5
    patch = picture[top:bottom, left:right]
    fine = cv2.resize(patch, None, fx=FINE, fy=FINE, interpolation=cv2.INTER_CUBIC).astype(np.float32)
    height, width = fine.shape
    xs = (left + (np.arange(width, dtype=np.float32) + 0.5) / FINE - 0.5).astype(np.float32)
    y = (top + (np.arange(height, dtype=np.float32) + 0.5) / FINE - 0.5)[:, None]

    brow, upper, lower = (curve(points, xs)[None, :] for points in (eye.brow, eye.upper, eye.lower))
    inside = np.clip((xs - eye.upper[0][0]) / 5, 0, 1) * np.clip((eye.upper[-1][0] - xs) / 5, 0, 1)
    gap = np.maximum(lower - upper, 0) * (inside > 0)
    edge = upper + closed * (1 - RISE) * gap  # of the upper lid
    rim = upper + gap - closed * RISE * gap  # of the lower lid
    floor = upper + gap + BELOW

    skin_above = brow + (y - brow) * (upper - brow) / np.maximum(edge - brow, 1e-3)
    skin_below = floor - (floor - y) * BELOW / (floor - rim)
    source = np.where((y >= brow) & (y < edge), skin_above, y)
    source = np.where((y >= rim) & (y < floor), skin_below, source).astype(np.float32)
    columns = np.broadcast_to(np.arange(width, dtype=np.float32), source.shape).copy()
    rows = ((source - top + 0.5) * FINE - 0.5).astype(np.float32)
    moved = cv2.remap(fine, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)

    lash = np.exp(-0.5 * ((y - edge) / 0.75) ** 2) * inside
    crease = np.exp(-0.5 * ((y - upper - 0.12 * gap) / 0.8) ** 2) * inside
    drawn = moved * (1 - closed * (0.62 * lash + 0.14 * crease))
    small = cv2.resize(drawn, (patch.shape[1], patch.shape[0]), interpolation=cv2.INTER_AREA)
    picture[top:bottom, left:right] = np.clip(np.rint(small), 0, 255).astype(np.uint8)


def smooth_step(x: float) -> float:
    x = min(max(x, 0.0), 1.0)
    return x * x * (3 - 2 * x)


def closedness(seconds: float) -> float:
    """0 open to 1 shut: lids fall in 0.12 s and rise in 0.2 s; in a frame of the truth's intervals at least 0.8."""
    return max(
        smooth_step(0.8 + (seconds - start) / 0.12) * smooth_step(0.6 + (end - seconds) / 0.2)
        for start, end in [*BLINKS, CLOSURE]
    )


def head_warp(seconds: float) -> tuple[Field, Field]:
    """For every output pixel, the portrait's x and y: float32[288, 384] each."""
    wave = [
        math.sin(2 * math.pi * seconds / period + phase)
        for period, phase in [(7.3, 0.0), (5.1, 1.0), (9.7, 0.5), (11.9, 2.0), (2.9, 0.3), (3.7, 1.7)]
    ]
    shift_x, shift_y = 3.0 * wave[0] + 0.6 * wave[4], 1.8 * wave[1] + 0.5 * wave[5]
    angle, scale = math.radians(1.8 * wave[2]), 1 + 0.015 * wave[3]

    x = (np.arange(WIDTH, dtype=np.float32) + 0.5 - WIDTH / 2)[None, :] / SCALE + CENTRE[0]
    y = (np.arange(HEIGHT, dtype=np.float32) + 0.5 - HEIGHT / 2)[:, None] / SCALE + CENTRE[1]
    away_x, away_y = x - HEAD[0], y - HEAD[1]
    share = np.exp(-((np.hypot(away_x, away_y) / 115) ** 4))  # 1 on the head, 0 on the background
    back_x = (math.cos(angle) * (away_x - shift_x) + math.sin(angle) * (away_y - shift_y)) / scale + HEAD[0]
    back_y = (-math.sin(angle) * (away_x - shift_x) + math.cos(angle) * (away_y - shift_y)) / scale + HEAD[1]
    return (x + share * (back_x - x)).astype(np.float32), (y + share * (back_y - y)).astype(np.float32)


def frames() -> Iterator[Image]:
    """The 300 frames, uint8[288, 384], before the video codec."""
    still = portrait()
    noise = np.random.default_rng(SEED)
    for number in range(RATE * SECONDS):
        picture = still.copy()
        closed = closedness(number / RATE)
        if closed > 0:
            for eye in EYES:
                close_eye(picture, eye, closed)
        frame = cv2.remap(picture, *head_warp(number / RATE), cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
        grains = noise.normal(0, NOISE, frame.shape)
        yield np.clip(np.rint(frame + grains), 0, 255).astype(np.uint8)


def truth() -> str:
    closures = "\n".join(f"  - [{start:.3f}, {end:.3f}]" for start, end in sorted([*BLINKS, CLOSURE]))
    return f"""\
# Synthetic: a still public-domain portrait (NASA, Eileen Collins), moved and its lids warped by
# make_synthetic_closure.py. Nobody fell asleep. The portrait smiles: guarded against laughter, only sleep is told.
kind: synthetic
subject: astronaut
eyes_closed_s:            # [start, end): lids at least 80 % down; five blinks and the closure
{closures}
expect:
  - {{signal: fatigue, cause: sleep, closure_start_s: {CLOSURE[0]:.1f}}}
forbid: [sad]
"""


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    raw = ["-f", "rawvideo", "-pix_fmt", "gray", "-s", f"{WIDTH}x{HEIGHT}", "-r", str(RATE), "-i", "-"]
    h264 = ["-c:v", "libx264", "-preset", "veryslow", "-crf", "20", "-pix_fmt", "yuv420p", "-threads", "1"]
    plain = ["-fflags", "+bitexact", "-flags:v", "+bitexact", "-map_metadata", "-1"]  # no date, no version: same bytes
    command = ["ffmpeg", "-y", "-loglevel", "error", *raw, *h264, *plain, str(folder / "video.mp4")]
    subprocess.run(command, input=b"".join(frame.tobytes() for frame in frames()), check=True)
    (folder / "truth.yaml").write_text(truth(), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent / "synthetic_closure")
