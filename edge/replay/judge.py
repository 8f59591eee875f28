"""Recordings replayed and scored, and the scores as a table for a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from edge.config import Config
from edge.records import Signal
from edge.replay.evaluate import Moment, Score, score
from edge.replay.player import play
from edge.replay.truth import read_truth


def judge(recording: Path, config: Config) -> Score:
    """Replay one recording and hold it against its truth.

    Raises:
        InputError: the recording or its truth cannot be used.
        ConfigError: a model cannot be used.
    """
    truth = read_truth(recording)
    moments: list[Moment] = []
    signals: list[Signal] = []
    seconds = 0.0
    for step in play(recording, config):
        signals += step.decision.signals
        seconds = max(seconds, step.time)
        if step.observation is not None:
            decision = step.decision
            closed = None if step.observation.eyes.closed is None else decision.eyes_closed
            face = step.observation.face is not None
            moments.append(Moment(step.time, face, closed, decision.perclos_short))
    return score(recording.resolve().name, seconds, moments, signals, truth, config.rules)


def table(scores: Sequence[Score], result: Mapping[str, object]) -> str:
    """One line a recording, what was missed and false below it, and one line for all."""
    width = max(len(score.name) for score in scores)
    lines = [f"{'recording':{width}} {'seconds':>8} {'face':>6} {'eyes':>6} {'reported':>9} {'false':>6} {'delay':>6}"]
    for one in scores:
        delay = f"{max(one.delay_s):.2f}" if one.delay_s else "-"
        lines.append(
            f"{one.name:{width}} {one.seconds:8.1f} {one.face_visible:6.1%} {one.eyes_visible:6.1%} "
            f"{one.reported:4d} of {one.expected:<2d} {len(one.false):5d} {delay:>6}"
        )
        if one.closures is not None:
            c = one.closures
            lines.append(
                f"{'':{width}} closures: {c.found} of {c.truth} found, {c.spurious} spurious, "
                f"start error {_seconds(c.start_error_s)}, end error {_seconds(c.end_error_s)}"
            )
        lines += [f"{'':{width}} missed: {what}" for what in one.missed]
        lines += [f"{'':{width}} false: {f.signal} {f.cause} at {f.time:.2f} s" for f in one.false]
    lines.append(
        f"together: {result['false_alarms']} false in {result['hours']} h, precision {result['precision']}, "
        f"recall {result['recall']}"
    )
    return "\n".join(lines)


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f} s"
