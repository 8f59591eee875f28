"""What the numbers of the pages are true of: models and their cards, defaults, and the results that are kept."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from edge.config import SHIPPED_MODELS, Config
from edge.vision.card import read_card

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "docs" / "results"
Value = float | str
NUMBER = r"(-?[\d.,]*\d)"
MOST_BETWEEN = 300
"""Characters that an ellipsis may stand for."""


@dataclass(frozen=True)
class Claim:
    """`page` is a path from the root."""

    page: str
    words: str
    truth: Callable[[], Sequence[Value]]

    def found(self) -> re.Match[str] | None:
        text = " ".join((ROOT / self.page).read_text(encoding="utf-8").split())
        pattern = re.escape(self.words).replace(r"\#", NUMBER).replace("…", f".{{0,{MOST_BETWEEN}}}?")
        return re.search(pattern, text)

    def wrong(self) -> str | None:
        """What is wrong, in a sentence; None: it holds."""
        found, true = self.found(), self.truth()
        if not found or len(found.groups()) != len(true):
            return f"{self.page}: «{self.words}» does not stand there; change docs/claims.py or constants.py with it."
        pairs = zip(found.groups(), true, strict=True)
        wrong = [f"{shown} is {true}" for shown, true in pairs if not agrees(shown, true)]
        return f"{self.page}: «{found[0]}»: {', '.join(wrong)}." if wrong else None


def agrees(shown: str, true: Value) -> bool:
    """The shown number is the true one, rounded to the digits that are shown."""
    if isinstance(true, str):
        return shown == true
    plain = shown.replace(",", "")
    digits = len(plain.partition(".")[2])
    return abs(float(plain) - true) <= 0.5 * 10**-digits + 1e-9


@cache
def results(name: str) -> Any:
    return json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))


@cache
def soak() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / "docs" / "soak.json").read_text(encoding="utf-8"))
    return found


def default(path: str) -> Any:
    """The value of a key of the configuration that says nothing."""
    value: Any = Config.model_validate({"mqtt": {"host": "localhost"}})
    for name in path.split("."):
        value = getattr(value, name)
    return value


def unit(name: str) -> float:
    """A number of the unit that ships."""
    text = (ROOT / "systemd" / "driver-monitor.service").read_text(encoding="utf-8")
    return float(re.findall(rf"^{name}=(\d+)$", text, re.MULTILINE)[0])


def kilobytes(task: str) -> float:
    return (SHIPPED_MODELS / f"{task}.tflite").stat().st_size / 1000


def threshold(task: str, name: str) -> float:
    return read_card(SHIPPED_MODELS / f"{task}.tflite").thresholds[name]


def card(task: str, *path: str) -> Any:
    value: Any = read_card(SHIPPED_MODELS / f"{task}.tflite").results
    for name in path:
        value = value[name]
    return value


def recording(name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in results("recordings")["recordings"] if one["name"] == name)
    return found


def emotion(name: str = "emotion") -> list[float]:
    """Percent: accuracy against FER+, against FER2013, patches without a face and faces called unknown."""
    found = results(name)
    labels, unknown = found["labels"], found["unknown"]
    shares = (labels["ferplus"]["accuracy"], labels["fer2013"]["accuracy"], unknown["no_faces"], unknown["faces"])
    return [100 * share for share in shares]


def faults() -> list[float]:
    return [sum(soak()["faults"].values()), soak()["memory_mb_an_hour"]]


def speed() -> list[float]:
    """Frames of drivers in cars a second, of this project and of the fer package, as the last bench found them."""
    candidates = json.loads((ROOT / "docs" / "performance.json").read_text())["candidates"]
    return [candidates[name]["frames_per_second"] for name in ("own", "fer")]


def eyes_of_landmarks() -> list[float]:
    """Percent of the eye distance by which their centres are off in the median: the best and the worst set."""
    off = [100 * value for name, value in results("landmarks").items() if name.startswith("followed_eyes_")]
    return [min(off), max(off)]


def landmarks(name: str) -> list[float]:
    """Percent of the eye distance, of one set: all points, moved and followed; the centres of the eyes, likewise."""
    kinds = ("moved", "followed", "moved_eyes", "followed_eyes")
    return [100 * results("landmarks")[f"{kind}_{name}"] for kind in kinds]


def labels(name: str) -> dict[str, Any]:
    found: dict[str, Any] = results("emotion")["labels"][name]
    return found


def sad(run: str) -> dict[str, float]:
    found: dict[str, float] = results(run)["labels"]["ferplus"]["classes"]["sad"]
    return found


def int8(task: str, *names: str) -> list[float]:
    """Percent: what conversion found between float and int8."""
    return [100 * card(task, "float_against_int8", name) for name in names]


def said(page: str, words: str) -> list[str]:
    """The numbers that another page has: one of them is enough to be held against what is true."""
    found = Claim(page, words, list).found()
    return list(found.groups()) if found else []


def told(name: str) -> list[Value]:
    one = recording(name)
    return [100 * one["face_visible"], one["reported"], one["expected"]]
