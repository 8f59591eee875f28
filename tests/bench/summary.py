"""From the seconds of every turn to the numbers that are told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from bench.found import found


@dataclass(frozen=True)
class Turn:
    """The same frames of one recording, seen by every candidate: what each answered."""

    recording: str
    answers: dict[str, dict[str, Any]]


def summary(turns: list[Turn], candidates: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """`recordings`, `candidates` (what is known of each, added to) and `limit`."""
    recordings = list(dict.fromkeys(turn.recording for turn in turns))
    for name, known in candidates.items():
        known |= _speed([turn.answers[name] for turn in turns])
        known["times_slower"] = _ratios(turns, name)
        known |= _found(turns, name, recordings)
    frames = {name: sum(len(t.answers["own"]["wall"]) for t in turns if t.recording == name) for name in recordings}
    result: dict[str, Any] = {"recordings": frames, "candidates": candidates}
    if "limit" in turns[0].answers:
        result["limit"] = _limit(turns, sum(frames.values()))
    return result


def _speed(answers: list[dict[str, Any]]) -> dict[str, Any]:
    wall = np.concatenate([answer["wall"] for answer in answers])
    processor = np.concatenate([answer["processor"] for answer in answers])
    return {
        **spread(processor),
        "frames_per_second": round(float(1 / processor.mean()), 1),
        "by_the_clock": {**spread(wall), "frames_per_second": round(float(1 / wall.mean()), 1)},
    }


def spread(seconds: np.ndarray) -> dict[str, float]:
    """Milliseconds."""
    median, p95, p99 = (round(float(value) * 1000, 3) for value in np.percentile(seconds, (50, 95, 99)))
    return {"median_ms": median, "p95_ms": p95, "p99_ms": p99}


def _ratios(turns: list[Turn], name: str) -> dict[str, float]:
    """How many times this project's time the candidate took for the same frames, turn by turn, by the processor."""
    each = [sum(turn.answers[name]["processor"]) / sum(turn.answers["own"]["processor"]) for turn in turns]
    wall = [sum(turn.answers[name]["wall"]) / sum(turn.answers["own"]["wall"]) for turn in turns]
    least, median, most = (round(float(value), 2) for value in np.percentile(each, (0, 50, 100)))
    return {"median": median, "least": least, "most": most, "by_the_clock": round(float(np.median(wall)), 2)}


def _found(turns: list[Turn], name: str, recordings: list[str]) -> dict[str, Any]:
    """Shares of frames; the reference is YuNet, for YuNet this project."""
    by = "yunet" if name != "yunet" and "yunet" in turns[0].answers else "own"
    shares, right, frames, wrong = {}, 0, 0, 0
    for recording in recordings:
        own = [turn for turn in turns if turn.recording == recording]
        boxes = [here for turn in own for here in turn.answers[name]["boxes"]]
        reference = [here for turn in own for here in turn.answers[by]["boxes"]]
        here, others = found(boxes, reference)
        shares[recording] = round(here / len(boxes), 4)
        right, frames, wrong = right + here, frames + len(boxes), wrong + others
    return {"driver_found": round(right / frames, 4), "found_in": shares, "wrong_boxes": wrong}


def _limit(turns: list[Turn], frames: int) -> dict[str, Any]:
    """The models alone: a frame's time, their share of this project's frame, and how often each is called."""
    limits, own = [turn.answers["limit"] for turn in turns], [turn.answers["own"] for turn in turns]
    calls = {name: sum(one["calls"][name] for one in limits) for name in limits[0]["calls"]}

    def share(clock: str) -> float:
        each = [sum(limit[clock]) / sum(whole[clock]) for limit, whole in zip(limits, own, strict=True)]
        return round(float(np.median(each)), 3)

    inside = sum(sum(one["inside"]) for one in limits) / sum(sum(one["whole"]) for one in limits)
    return {
        **_speed(limits),
        "mean_ms": round(1000 * float(np.mean(np.concatenate([one["processor"] for one in limits]))), 4),
        "share_of_frame": share("processor"),
        "share_by_the_clock": share("wall"),
        "inside_models": round(inside, 3),
        "calls_a_frame": {name: round(number / frames, 3) for name, number in calls.items()},
    }


def growth(answer: dict[str, Any]) -> dict[str, Any]:
    """Median of a frame, by the processor, after the first ones, which find the face; and faces found in a frame."""
    settled = slice(min(2, len(answer["wall"]) - 1), None)
    return {
        "median_ms": round(1000 * float(np.median(answer["processor"][settled])), 3),
        "faces_found": round(float(np.mean([len(here) for here in answer["boxes"]])), 2),
    }
