"""What is wrong, the worst first: a word for the fleet and a sentence for a person, from what is known. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from edge.delivery.publisher import DeliveryStats
from edge.gps.gpsd import GpsState
from edge.records import TimeSource
from edge.service.frames import FrameState
from edge.service.health import Board

Name = Literal["stuck", "camera", "dark", "slow", "late", "unseen", "alarms", "board", "disk", "memory", "broker",
               "dropped", "gps", "clock"]  # fmt: skip
NAMES: tuple[Name, ...] = get_args(Name)

STUCK_S = 10.0
"""Even a camera that gives nothing is decided on every `camera.stall_s`, 2 s by default."""
SETTLED = 75
"""Frames, five seconds of them: before, the first ones weigh too much, which wait for what is loaded."""
SLOWEST = 10.0
"""Frames a second; PERCLOS needs 10 (s)."""
LATEST_MS = 100.0
"""Own choice: an alarm is to sound within as much again, and a second and a half of closed eyes is what it is about."""
HOT = 80.0
"""Degrees; the Raspberry Pi slows down from 80, and more from 85 (its documentation on frequency management)."""
DISK_MB = 100
"""The outbox takes up to twice `outbox.megabytes`, 64 by default."""
MEMORY_MB = 50
"""Own choice: about half of what the daemon itself holds."""
_BOARD = {
    "under_voltage": "its supply is too weak; use the supply that the board's maker names",
    "capped": "its processor is held back; look at its supply and its cooling",
    "throttled": "its processor is held back; look at its supply and its cooling",
    "hot": "it is too hot; cool it, or take it out of the sun",
}


@dataclass(frozen=True, slots=True)
class Facts:
    """What the daemon knows of itself. `delivery` and `gps` are None where none is configured; `alarms` tells the state
    of each output by its name: `ok` where it works, `starting` before it was tried. `valid_share` is the rules' own
    bound for a decision.
    """

    frames: FrameState
    delivery: DeliveryStats | None = None
    time_source: TimeSource | None = None
    gps: GpsState | None = None
    board: Board = field(default_factory=Board)
    alarms: Mapping[str, str] = field(default_factory=dict)
    valid_share: float = 0.5


@dataclass(frozen=True, slots=True)
class Problem:
    """`text` is one sentence: what is wrong, and what to do."""

    name: Name
    text: str


def problems(facts: Facts) -> list[Problem]:
    """All of them, the worst first."""
    found = [*_frames(facts), *_outputs(facts), *_machine(facts.board), *_around(facts)]
    return sorted(found, key=lambda one: NAMES.index(one.name))


def _frames(facts: Facts) -> Iterator[Problem]:
    frames = facts.frames
    if frames.last_s is not None and frames.last_s > STUCK_S:
        yield Problem("stuck", f"Nothing was decided for {frames.last_s:.0f} s: the daemon is stuck; restart it.")
        return
    if frames.camera == "fault":
        yield Problem("camera", "The camera gives no frames; look at its cable, it is tried again and again.")
        return
    if frames.camera == "dark":
        yield Problem("dark", "The picture is too dark to see anything; uncover the lens, or give the lamp power.")
        return
    if frames.frames < SETTLED:
        return
    if frames.per_second is not None and frames.per_second < SLOWEST:
        yield Problem(
            "slow",
            f"Only {frames.per_second:.1f} frames a second come, {SLOWEST:g} are needed; shorten the exposure, give "
            "light, or take load off the machine.",
        )
    if frames.latency_ms is not None and frames.latency_ms[1] > LATEST_MS:
        yield Problem(
            "late",
            f"Decisions come {frames.latency_ms[1]:.0f} ms after their frame, {LATEST_MS:g} is the most; take load off "
            "the machine.",
        )
    if frames.seen is not None and frames.seen < facts.valid_share:
        yield Problem(
            "unseen",
            f"Eyes are seen in {100 * frames.seen:.0f} % of the frames only; aim the camera with driver-monitor aim.",
        )


def _outputs(facts: Facts) -> Iterator[Problem]:
    broken = [f"{name} {state}" for name, state in sorted(facts.alarms.items()) if state not in ("ok", "starting")]
    if broken:
        yield Problem("alarms", f"An alarm does not work ({'; '.join(broken)}); look at its wires and at alerts.")


def _machine(board: Board) -> Iterator[Problem]:
    if board.throttling:
        told = "; ".join(dict.fromkeys(_BOARD[name] for name in board.throttling))
        yield Problem("board", f"The board says {', '.join(board.throttling).replace('_', ' ')}: {told}.")
    elif board.temperature is not None and board.temperature >= HOT:
        yield Problem("board", f"The board has {board.temperature:.0f} °C; cool it, or take it out of the sun.")
    if board.disk_free_mb is not None and board.disk_free_mb < DISK_MB:
        yield Problem("disk", f"The state directory's disk has {board.disk_free_mb} MB left; make room there.")
    if board.free_mb is not None and board.free_mb < MEMORY_MB:
        yield Problem("memory", f"The machine has {board.free_mb} MB of memory left; end what else runs there.")


def _around(facts: Facts) -> Iterator[Problem]:
    delivery, gps = facts.delivery, facts.gps
    if delivery is not None and not (delivery.connected and delivery.refused is None):
        reason = delivery.refused if delivery.connected else delivery.last_error or "there was no connection yet."
        yield Problem("broker", f"{delivery.waiting} events wait for the broker: {reason}")
    if delivery is not None and delivery.dropped:
        yield Problem("dropped", f"{delivery.dropped} events went undelivered, for want of room or by age.")
    if gps is not None and not gps.connected:
        yield Problem("gps", "gpsd does not answer, so events have no place; start it, or correct gps.host.")
    elif gps is not None and gps.fix == "none":
        yield Problem("gps", "The receiver has no fix, so events have no place; give its antenna the sky.")
    if delivery is not None and facts.time_source == "unsynchronised":
        late = "events wait for it or go unsynchronised"
        yield Problem("clock", f"Nothing tells the time, so {late}; give the machine a network or GPS.")
