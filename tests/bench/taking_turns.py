"""The run: what is measured in which order, so that all candidates meet the same machine."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from bench import pictures
from bench.children import Child, children, environment
from bench.pictures import Clip
from bench.summary import Turn, growth, summary

from edge.replay.progress import progress

GROWN = Path(__file__).with_name("grown.py")
COST_MS = {"own": 2, "limit": 4, "yunet": 8, "haar": 12, "fer": 75}
"""About, a frame of 640x480: how far the work is, is told by it."""
START_S = {"own": 1.5, "yunet": 1.0, "haar": 1.0, "fer": 7.0}
GROWN_S = 40


@dataclass(frozen=True)
class Plan:
    names: list[str]
    recordings: list[Path]
    yunet: Path
    core: int
    quick: bool
    folder: Path

    @property
    def most(self) -> int:
        """Frames of a recording."""
        return 60 if self.quick else 1000

    @property
    def turn(self) -> int:
        """Frames that a candidate sees in its turn."""
        return 20 if self.quick else 100

    @property
    def starts(self) -> int:
        return 1 if self.quick else 3


@dataclass(frozen=True)
class Kept:
    """A clip's frames as a file that each candidate reads its part of, before it is timed."""

    path: Path
    times: list[float]

    def part(self, begin: int, end: int) -> dict[str, Any]:
        """What a child is asked for these frames; the first ones begin a recording."""
        times = self.times[begin:end]
        return {"frames": self.path, "from": begin, "to": end, "times": times, "fresh": begin == 0}


class Measure:
    """One run of the plan."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._tick: Callable[[int], None] = lambda _milliseconds: None

    def everything(self) -> dict[str, Any]:
        plan = self._plan
        clips = [pictures.read(recording, plan.most) for recording in plan.recordings]
        others = [pictures.read(path, 60) for path in self._other_people()]
        first = self._kept(Clip("first", clips[0].images[:60], clips[0].times[:60]))
        with progress("bench", lambda: self._cost(clips)) as self._tick:
            candidates = self._starts(first)
            with children(plan.names, first.path, plan.yunet, plan.core) as asked:
                turns = [turn for clip in clips for turn in self._turns(asked, clip)]
                result = summary(turns, candidates)
                frames, people = self._frames, [*clips, *others]
                result["sizes"] = self._grow(asked, (pictures.scaled(clips[0], size, frames) for size in self._sizes))
                result["faces"] = self._grow(asked, (pictures.crowd(people, n, frames) for n in pictures.FACES))
                if "limit" in asked:
                    bare = asked["limit"].ask(bare=True)
                    result["limit"]["bare_ms"] = {name: round(1000 * seconds, 4) for name, seconds in bare.items()}
            result |= self._grown()
        return result

    @property
    def _frames(self) -> int:
        return 10 if self._plan.quick else 40

    @property
    def _sizes(self) -> tuple[tuple[int, int], ...]:
        return pictures.SIZES[:3] if self._plan.quick else pictures.SIZES

    def _other_people(self) -> list[Path]:
        """So that more than the drivers stand beside each other, where there are such recordings."""
        folder = self._plan.recordings[0].parent
        return [path for name in ("desk_glasses_blinks", "sad_sustained") if (path := folder / name).is_dir()]

    def _cost(self, clips: list[Clip]) -> int:
        """Milliseconds, about."""
        names, frames = self._plan.names, sum(len(clip.images) for clip in clips)
        starting = sum(START_S.get(name, 0) for name in names) * (self._plan.starts + 1) * 1000
        grown = sum(COST_MS[name] for name in names) * self._few("own") * (len(self._sizes) + len(pictures.FACES)) * 2
        return int(starting + frames * sum(COST_MS[name] for name in names) + grown + GROWN_S * 1000)

    def _starts(self, first: Kept) -> dict[str, dict[str, Any]]:
        """Seconds from nothing to a first result, and the memory after a minute of frames, each held alone."""
        names = [name for name in self._plan.names if name != "limit"]
        ready: dict[str, list[float]] = {name: [] for name in names}
        memory: dict[str, float] = {}
        for _ in range(self._plan.starts):
            for name in names:
                with children([name], first.path, self._plan.yunet, self._plan.core) as started:
                    ready[name].append(started[name].ready_s)
                    memory[name] = started[name].ask(**first.part(0, len(first.times)), one_by_one=True)["rss_mb"]
                self._tick(int(START_S[name] * 1000))
        return {
            name: {"ready_s": round(float(np.median(ready[name])), 2), "rss_mb": round(memory[name])} for name in names
        }

    def _turns(self, asked: dict[str, Child], clip: Clip) -> Iterator[Turn]:
        """The clip in parts, each seen by every candidate in turn."""
        kept = self._kept(clip)
        for begin in range(0, len(clip.images), self._plan.turn):
            end = min(begin + self._plan.turn, len(clip.images))
            answers = {}
            for name, child in asked.items():
                answers[name] = child.ask(**kept.part(begin, end))
                self._tick((end - begin) * COST_MS[name])
            yield Turn(clip.name, answers)
        kept.path.unlink()

    def _few(self, name: str) -> int:
        return max(4, self._frames // 4) if name == "fer" else self._frames

    def _grow(self, asked: dict[str, Child], clips: Iterable[Clip]) -> dict[str, list[dict[str, Any]]]:
        """Each candidate's time of a frame, as it follows, in clips of rising size or number of faces."""
        found: dict[str, list[dict[str, Any]]] = {name: [] for name in asked if name != "limit"}
        for clip in clips:
            kept = self._kept(clip)
            for name in found:
                few = self._few(name)
                found[name].append({"label": clip.name, **growth(asked[name].ask(**kept.part(0, few)))})
                self._tick(2 * few * COST_MS[name])
            kept.path.unlink()
        return found

    def _grown(self) -> dict[str, Any]:
        """Rules and outbox, in a process of their own."""
        program = [sys.executable, str(GROWN), str(self._plan.folder), *(["--quick"] if self._plan.quick else [])]
        pinned = ["taskset", "-c", str(self._plan.core), *program]
        done = subprocess.run(pinned, check=True, stdout=subprocess.PIPE, text=True, env=environment())
        self._tick(GROWN_S * 1000)
        told: dict[str, Any] = json.loads(done.stdout)
        return told

    def _kept(self, clip: Clip) -> Kept:
        path = self._plan.folder / f"{clip.name}.npy"
        np.save(path, clip.images)
        return Kept(path, clip.times)
