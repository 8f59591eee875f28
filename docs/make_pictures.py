"""Draws the README's two pictures: python docs/make_pictures.py [COMPOSED]

`way.svg` is the way of the data. `timeline.svg` is a replay: frames of the shipped synthetic recording are laid in
another order, so that its one closure becomes many of several lengths, and played through the loop of the vehicle. What
is played is kept in the folder COMPOSED where one is named: `driver-monitor replay COMPOSED --config config/demo.yaml`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
from svg import Drawing, arrow, box, curve, line, rectangle, text

from edge.cameras.recording import RecordingCamera
from edge.config.load import load_config
from edge.monitor import Step
from edge.replay.player import play

ROOT = Path(__file__).resolve().parent.parent
PICTURES = Path(__file__).parent / "pictures"
CONFIG = ROOT / "config" / "demo.yaml"
RECORDING = ROOT / "tests" / "recordings" / "synthetic_closure"
RATE = 15  # frames a second, as recorded

CLOSED = (8.0, 12.0)  # seconds of the recording between which the lids are down
AWAKE = [(12.6, 19.9), (0.0, 7.6)]
STORY: list[tuple[float, float] | float] = [
    *AWAKE,
    *AWAKE,
    *AWAKE,
    *[0.9] * 4,
    2.4,
    *[0.9] * 6,
    (12.6, 19.9),
    4.0,
    *AWAKE,
]
"""A pair: these seconds as recorded. A number: the lids go down, stay down for so long, go up; 4 to 8 s in all."""

LEFT, RIGHT = 140.0, 936.0


@dataclass(frozen=True)
class Lane:
    """A strip of the timeline, between pixels from the top; its lower edge is 0, its upper one `high`."""

    top: float
    bottom: float
    high: float

    def y(self, value: float) -> float:
        return self.bottom - min(value, self.high) / self.high * (self.bottom - self.top)


TOLD, EYES, PERCLOS = Lane(84, 112, 1), Lane(150, 244, 1), Lane(282, 376, 0.25)
Across = Callable[[float], float]
"""Seconds to pixels."""


def way() -> str:
    """The way of the data: camera to broker on the vehicle, training to model file on the workstation."""
    drawing = Drawing(960, 372, "Frames of the camera stay in memory on the vehicle; only events leave it, over MQTT.")
    drawing.add(
        rectangle("region", 16, 16, 802, 250, 10),
        text(32, 40, "on the vehicle", "faint"),
        text(786, 40, "frames stay in memory: none is stored, none is sent", "faint end"),
    )
    for left, name, *below in (
        (32, "camera", "infrared"),
        (194, "vision", "four models"),
        (378, "rules", "over time"),
        (540, "event", "JSON"),
        (694, "outbox", "encrypted"),
    ):
        drawing.add(box(left, 66, 92, 60, name, *below))
    drawing.add(box(852, 66, 92, 60, "broker", "your fleet", kind="gone"))
    drawing.add(
        arrow(124, 96, 194, 96, "Frame"),
        arrow(286, 96, 378, 96, "Observation"),
        arrow(470, 96, 540, 96, "Signal"),
        arrow(632, 96, 694, 96, "Event"),
        arrow(786, 96, 852, 96),
        text(826, 87, "MQTT", "small middle"),
        box(356, 182, 136, 52, "alarms", "buzzer, lamp, CAN"),
        arrow(424, 126, 424, 182, "no network needed"),
        box(540, 182, 92, 52, "GPS", "gpsd"),
        arrow(586, 182, 586, 126, "Position"),
        rectangle("region", 16, 274, 802, 356, 10),
        text(786, 298, "on the workstation", "faint end"),
        box(194, 290, 92, 52, "models", ".tflite, int8"),
        arrow(240, 290, 240, 126),
        box(378, 290, 92, 52, "convert", "and compare"),
        box(540, 290, 92, 52, "train", "also yours"),
        arrow(378, 316, 286, 316, ".tflite"),
        arrow(540, 316, 470, 316, ".keras"),
    )
    return drawing.page()


def composed() -> Iterator[int]:
    """Numbers of the recording's frames, in the order of the story."""
    for part in STORY:
        if isinstance(part, tuple):
            yield from _frames(*part)
        else:
            yield from _frames(6.2, CLOSED[0] + part / 2)
            yield from _frames(CLOSED[1] - part / 2, 13.8)


def _frames(start: float, end: float) -> range:
    return range(round(start * RATE), round(end * RATE))


def compose(folder: Path) -> Path:
    """The story as a recording of numbered images."""
    folder.mkdir(parents=True, exist_ok=True)
    with RecordingCamera(RECORDING) as camera:
        images = [camera.read(2.0).image for _ in range(max(composed()) + 1)]
    for number, frame in enumerate(composed()):
        cv2.imwrite(str(folder / f"{number:05d}.pgm"), images[frame])
    (folder / "recording.yaml").write_text(f"frames_per_second: {RATE}\n", encoding="utf-8")
    return folder


def timeline(steps: Sequence[Step]) -> str:
    """What was told, how surely the eyes are closed, and PERCLOS, over time."""
    end = steps[-1].time
    drawing = Drawing(
        960, 420, f"A replay of {end:.0f} s: the eyes close more and more often; what is told of it, and why."
    )

    def across(seconds: float) -> float:
        return LEFT + seconds / end * (RIGHT - LEFT)

    drawing.add(text(24, 36, "A replay: what is seen, and what is told", "title"))
    for place, level in ((700, "advisory"), (786, "warning"), (866, "critical")):
        drawing.add(rectangle(level, place - 18, 24, place - 5, 37, 2), text(place, 35, level, "small"))
    for lane, *names in ((TOLD, "told: fatigue"), (EYES, "eyes", "P(closed)"), (PERCLOS, "PERCLOS", "share of 60 s")):
        drawing.add(rectangle("lane", LEFT, lane.top, RIGHT, lane.bottom))
        middle = (lane.top + lane.bottom) / 2 + 5 - 8 * (len(names) - 1)
        drawing.add(
            *(text(24, middle + 18 * row, name, "faint" if row else "strong") for row, name in enumerate(names))
        )
    for seconds in range(0, int(end) + 1, 20):
        drawing.add(line("tick", across(seconds), TOLD.top, across(seconds), PERCLOS.bottom))
        drawing.add(text(across(seconds), PERCLOS.bottom + 22, f"{seconds} s", "faint middle"))
    _eyes(drawing, steps, across)
    _perclos(drawing, steps, across)
    _told(drawing, steps, across)
    return drawing.page()


def _eyes(drawing: Drawing, steps: Sequence[Step], across: Across) -> None:
    since = None
    for step in steps:
        if since is not None and not step.decision.eyes_closed:
            drawing.add(rectangle("shut", across(since), EYES.top, across(step.time), EYES.bottom))
            since = None
        elif since is None and step.decision.eyes_closed:
            since = step.time
    thresholds = [(s.time, s.decision.thresholds.closed_above) for s in steps if s.decision.thresholds]
    drawing.add(curve("limit", [(across(time), EYES.y(value)) for time, value in thresholds]))
    said = f"dashed: closed is above {thresholds[0][1]:g} until this driver's own open eyes are known"
    drawing.add(text(LEFT, EYES.top - 7, said, "small"))
    seen = [(s.time, s.observation.eyes.closed) for s in steps if s.observation]
    drawing.add(curve("closed", [(across(time), EYES.y(value)) for time, value in seen if value is not None]))


def _perclos(drawing: Drawing, steps: Sequence[Step], across: Across) -> None:
    rules = load_config(CONFIG).rules.perclos
    for value, name, below in ((rules.advisory, "advisory", 15), (rules.warning_short, "warning", -5)):
        y = PERCLOS.y(value)
        drawing.add(line("limit", LEFT, y, RIGHT, y), text(LEFT + 6, y + below, f"{name} from {value:g}", "small"))
    known = [(s.time, s.decision.perclos_short) for s in steps]
    drawing.add(curve("short", [(across(time), PERCLOS.y(value)) for time, value in known if value is not None]))


def _told(drawing: Drawing, steps: Sequence[Step], across: Across) -> None:
    """A bar an episode, in the colours of its levels, under the causes that were told and when."""
    begun: tuple[float, str] | None = None
    high, told = False, dict[str, str]()
    for step in steps:
        for event in step.events:
            if begun:
                since, level = begun
                drawing.add(rectangle(level, across(since), TOLD.top, across(step.time), TOLD.bottom))
            if event.phase == "start":
                told = {}
            if event.phase == "end":
                begun, high = None, not high
                drawing.add(
                    text(across(step.time), TOLD.top - (26 if high else 8), ", ".join(told.values()), "small end")
                )
            else:
                begun = step.time, event.level
                told.setdefault(event.cause, f"{event.cause} {step.time:.1f} s")


def replayed(folder: Path) -> list[Step]:
    return list(play(compose(folder), load_config(CONFIG)))


if __name__ == "__main__":
    PICTURES.mkdir(exist_ok=True)
    (PICTURES / "way.svg").write_text(way(), encoding="utf-8")
    with TemporaryDirectory() as folder:
        steps = replayed(Path(sys.argv[1] if sys.argv[1:] else folder))
    (PICTURES / "timeline.svg").write_text(timeline(steps), encoding="utf-8")
