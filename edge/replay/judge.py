"""Recordings replayed and scored, and the scores as a table for a person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Executor
from pathlib import Path

from edge.config import Config
from edge.monitor import Step
from edge.records import Signal
from edge.replay.evaluate import Moment, Score, score
from edge.replay.observations import observe, read_observations, size_of, vision_part
from edge.replay.player import play, play_seen
from edge.replay.truth import Truth, refuse_beyond
from edge.replay.workers import run_all

CONFIGS_AT_ONCE = 16
"""Tried by one task on observations that are read once; few enough that every core has something to do."""

Judged = tuple[Path, Truth]
"""A recording, and what is known of it."""


def judge_all(recordings: Sequence[Judged], config: Config, executor: Executor | None = None) -> list[Score]:
    """Replay recordings and hold each against its truth, on the processes of `executor` (None: on this one).

    Raises:
        InputError: a recording cannot be used, or its truth has labels after its end.
        ConfigError: a model cannot be used.
    """
    tasks = [(recording, truth, config) for recording, truth in recordings]
    return run_all(executor, judge, tasks, [size_of(recording) for recording, _ in recordings], "replaying")


def judge_each(
    recordings: Sequence[Judged], configs: Sequence[Config], folder: Path, executor: Executor | None = None
) -> list[list[Score]]:
    """What `judge_all` would give for each configuration, with each recording looked at only once.

    What is seen is kept in `folder`, and taken from there where it is there already. Raises as `judge_all` does, and
    InputError where the observations of `folder` cannot be used.
    """
    alike: dict[str, list[int]] = {}
    for number, config in enumerate(configs):
        alike.setdefault(vision_part(config), []).append(number)
    scores: dict[int, list[Score]] = {}
    for numbers in alike.values():
        judged = _judge_alike(recordings, [configs[number] for number in numbers], folder, executor)
        scores.update(zip(numbers, judged, strict=True))
    return [scores[number] for number in range(len(configs))]


def _judge_alike(
    recordings: Sequence[Judged], configs: Sequence[Config], folder: Path, executor: Executor | None
) -> list[list[Score]]:
    """`judge_each` for configurations that look at frames alike."""
    sizes = [size_of(recording) for recording, _ in recordings]
    sights = [(recording, configs[0], folder) for recording, _ in recordings]
    kept = run_all(executor, observe, sights, sizes, "looking")
    parts = [configs[start : start + CONFIGS_AT_ONCE] for start in range(0, len(configs), CONFIGS_AT_ONCE)]
    tasks = [(path, *judged, part) for part in parts for path, judged in zip(kept, recordings, strict=True)]
    works = [size * len(part) for part in parts for size in sizes]
    scores = run_all(executor, judge_kept, tasks, works, "judging")
    count = len(recordings)
    return [
        list(of_config)
        for start in range(0, len(scores), count)
        for of_config in zip(*scores[start : start + count], strict=True)
    ]


def judge(recording: Path, truth: Truth, config: Config) -> Score:
    """One recording, replayed."""
    return _judge(play(recording, config), recording, truth, config)


def judge_kept(kept: Path, recording: Path, truth: Truth, configs: Sequence[Config]) -> list[Score]:
    """One recording under several configurations that look at frames alike, from what was seen."""
    seen = read_observations(kept)
    return [_judge(play_seen(seen, recording, config), recording, truth, config) for config in configs]


def _judge(steps: Iterable[Step], recording: Path, truth: Truth, config: Config) -> Score:
    moments: list[Moment] = []
    signals: list[Signal] = []
    seconds = 0.0
    for step in steps:
        signals += step.decision.signals
        seconds = max(seconds, step.time)
        if step.observation is not None:
            decision = step.decision
            closed = None if step.observation.eyes.closed is None else decision.eyes_closed
            face = step.observation.face is not None
            moments.append(Moment(step.time, face, closed, decision.perclos_short))
    refuse_beyond(truth, recording, seconds)
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
