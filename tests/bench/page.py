"""docs/performance.md, made of the numbers alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.plots import draw

TITLES = {
    "own": "this project",
    "yunet": "YuNet on every frame, this project's eyes, emotion, rules",
    "haar": "Haar on every frame, this project's eyes, emotion, rules",
    "fer": "the `fer` package 25.10.3",
    "limit": "the models alone, in the order and number that a frame calls them",
}
SIZES = "One driver, scaled; ms a frame."
FACES = """So many people beside each other in 1280x720, composed of recordings; ms a frame. This project follows one
driver, whoever else is there; `fer` reads every face that it finds."""
FASTER, FOUND, SHARE = 10.0, 0.99, 0.60
"""What is asked for: against the `fer` package; of all frames; models' time of a frame's."""


def verdicts(result: dict[str, Any]) -> list[str]:
    """What is asked for, and what was measured."""
    own = result["candidates"]["own"]
    lines = [
        _verdict(own["driver_found"] >= FOUND, f"driver found in {own['driver_found']:.1%} of frames", "at least 99 %")
    ]
    if "fer" in result["candidates"]:
        fer = result["candidates"]["fer"]
        times = fer["times_slower"]["median"]
        told = f"{times:.0f} times the frames a second of the `fer` package, which finds the driver in {_range(fer)}"
        lines.append(_verdict(times >= FASTER, told, "at least 10 times"))
    if "limit" in result:
        share = result["limit"]["share_of_frame"]
        lines.append(_verdict(share >= SHARE, f"the models alone are {share:.0%} of a frame's time", "at least 60 %"))
    return lines


def _verdict(met: bool, told: str, asked: str) -> str:
    return f"{'reached' if met else '**not reached**'}: {told} ({asked} asked for)"


def write(result: dict[str, Any], folder: Path) -> None:
    """`performance.md` and its pictures in the folder."""
    (folder / "pictures").mkdir(parents=True, exist_ok=True)
    (folder / "performance.md").write_text("\n".join(_page(result)).replace("\n\n\n", "\n\n") + "\n")
    draw(result, folder / "pictures")


def _page(result: dict[str, Any]) -> Iterator[str]:
    made = result["made"]
    frames = sum(result["recordings"].values())
    yield "# How fast, beside what would be taken instead"
    yield (
        f"Made by `{made['command']}` on {made['date']}; do not edit it. One core of {made['cores']} of an "
        f"{made['processor']}, {made['memory_gb']} GB, one thread, Python {made['python']}, OpenCV {made['opencv']}, "
        f"LiteRT {made['litert']}; {made['busy_with']} other programs wanted to run when it began. All numbers stand "
        "in [performance.json](performance.json)."
    )
    yield ""
    yield from (f"- {line}" for line in verdicts(result))
    yield ""
    yield "## The same frames"
    yield (
        f"{frames} frames of {len(result['recordings'])} recordings of drivers in cars, 640x480, decoded beforehand. "
        "Each candidate is a process of its own on the same core; they take turns, a hundred frames each, so that what "
        "else runs meets all alike. A frame is all that the candidate does with it: this project finds and follows the "
        "face, reads contours, eyes, emotion, pose, and decides; `fer` detects and reads emotion. Times are the "
        "processor's own, without what other programs took meanwhile; by the clock stands beside. *Times slower* is "
        "the median of the turns and their range."
    )
    yield ""
    yield "| | frames a second (clock) | ms a frame: median, p95, p99 | times slower | driver found | others' boxes |"
    yield "|---|---|---|---|---|---|"
    for name, one in result["candidates"].items():
        times = one["times_slower"]
        slower = "1" if name == "own" else f"{times['median']:.1f} ({times['least']:.1f} to {times['most']:.1f})"
        yield (
            f"| {TITLES[name]} | {_speed(one)} | {_spread(one)} | {slower} | "
            f"{one['driver_found']:.1%} | {one['wrong_boxes']} |"
        )
    if "limit" in result:
        yield f"| {TITLES['limit']} | {_speed(result['limit'])} | {_spread(result['limit'])} | | | |"
    yield "\n![Frames a second on one core](pictures/speed.svg)\n"
    yield "| driver found in | " + " | ".join(f"`{name}`" for name in result["recordings"]) + " |"
    yield "|---|" + "---|" * len(result["recordings"])
    for name, one in result["candidates"].items():
        yield f"| {TITLES[name]} | " + " | ".join(f"{share:.1%}" for share in one["found_in"].values()) + " |"
    yield "\n![Share of frames in which the driver is found](pictures/found.svg)\n"
    yield (
        "Every frame shows the driver. A box counts as his where its middle is within half a face of the box of "
        "another detector and its size within a factor of two: YuNet's box for all, this project's for YuNet; where "
        "that one found nothing, its box of the nearest frame. All else are others' boxes: a seat, a shadow, his shirt."
    )
    if "limit" in result:
        yield from _models(result)
    yield from _start(result)
    yield from _growth(result)


def _models(result: dict[str, Any]) -> Iterator[str]:
    limit = result["limit"]
    yield "\n## The limit"
    yield (
        f"The models' calls as a frame makes them, and nothing else, take {limit['mean_ms']:.3f} ms a frame (mean): "
        f"{limit['share_of_frame']:.0%} of the whole frame's time, vision and rules. Measured inside whole frames it "
        f"is {limit['inside_models']:.0%}; the rest is cutting and levelling patches, pose, smoothing, rules, Python."
    )
    yield "\n| model | one call, again and again | calls a frame | a frame |"
    yield "|---|---|---|---|"
    for name, calls in limit["calls_a_frame"].items():
        bare = limit["bare_ms"][name]
        yield f"| `{name}` | {bare:.3f} ms | {calls:.2f} | {bare * calls:.3f} ms |"


def _start(result: dict[str, Any]) -> Iterator[str]:
    yield "\n## Start, memory, disk"
    yield (
        "Start: from nothing to the first frame's result. Memory: the most that the process had after 60 frames, one "
        "at a time. Installed: all packages that it needs, models among them."
    )
    yield "\n| | start | memory | models | installed |"
    yield "|---|---|---|---|---|"
    for name, one in result["candidates"].items():
        yield (
            f"| {TITLES[name]} | {one['ready_s']:.1f} s | {one['rss_mb']} MB | {one['models_mb']:.2f} MB | "
            f"{one['installed_mb']} MB |"
        )


def _growth(result: dict[str, Any]) -> Iterator[str]:
    yield "\n## How time grows"
    yield "By the processor, but for the outbox; medians, once the face has been found."
    yield "\n![How time grows](pictures/growth.svg)\n"
    for key, head, note in (("sizes", "frame", SIZES), ("faces", "faces", FACES)):
        table = result[key]
        yield note
        yield f"\n| {head} | " + " | ".join(row["label"] for row in table["own"]) + " |"
        yield "|---|" + "---|" * len(table["own"])
        for name, rows in table.items():
            yield f"| {TITLES[name]} | " + " | ".join(f"{row['median_ms']:.2f}" for row in rows) + " |"
        yield ""
    yield "The rules, all windows as long, full of blinks and closures, 15 frames a second; microseconds a frame.\n"
    yield from _across(result["windows"], "window", [_duration(row["seconds"]) for row in result["windows"]])
    yield "\nKeeping an event, encrypted and synced to the disk when it returns, where so many wait; microseconds.\n"
    yield from _across(result["outbox"], "waiting", [f"{row['waiting']:,}" for row in result["outbox"]])


def _across(rows: list[dict[str, Any]], head: str, labels: list[str]) -> Iterator[str]:
    yield f"| {head} | " + " | ".join(labels) + " |"
    yield "|---|" + "---|" * len(rows)
    for key, label in (("median_us", "median"), ("p99_us", "p99")):
        yield f"| {label} | " + " | ".join(f"{row[key]:,.0f}" for row in rows) + " |"


def _duration(seconds: int) -> str:
    return f"{seconds} s" if seconds < 120 else f"{seconds // 60} min"


def _spread(one: dict[str, Any]) -> str:
    return f"{one['median_ms']:.2f}, {one['p95_ms']:.2f}, {one['p99_ms']:.2f}"


def _speed(one: dict[str, Any]) -> str:
    return f"{one['frames_per_second']:.0f} ({one['by_the_clock']['frames_per_second']:.0f})"


def _range(one: dict[str, Any]) -> str:
    shares = one["found_in"].values()
    return f"{min(shares):.0%} to {max(shares):.0%} of the frames"
