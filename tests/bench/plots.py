"""The pictures of docs/performance.md: plots as SVG, the same colour for the same candidate in all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

COLOURS = {"own": "#1f6fb4", "limit": "#8a8a8a", "yunet": "#2a9d6f", "haar": "#e08a1e", "fer": "#c0392b"}
SHORT = {
    "own": "this project",
    "limit": "its models alone",
    "yunet": "YuNet, its eyes and emotion",
    "haar": "Haar, its eyes and emotion",
    "fer": "fer package",
}
STYLE = {
    "svg.fonttype": "none", "svg.hashsalt": "performance", "font.size": 10, "axes.spines.top": False,
    "axes.spines.right": False, "axes.axisbelow": True,
}  # fmt: skip


def draw(result: dict[str, Any], folder: Path, kind: str = "svg") -> None:
    """`speed`, `found` and `growth`; the same numbers give the same bytes."""
    with mpl.rc_context(STYLE):
        for name, picture in (("speed", _speed), ("found", _found), ("growth", _growth)):
            figure = picture(result)
            figure.savefig(
                folder / f"{name}.{kind}", metadata={"Date": None} if kind == "svg" else None, facecolor="white"
            )
            plt.close(figure)


def _speed(result: dict[str, Any]) -> Figure:
    speeds = {name: one["frames_per_second"] for name, one in result["candidates"].items()}
    if "limit" in result:
        speeds = {"limit": result["limit"]["frames_per_second"]} | speeds
    figure, axes = plt.subplots(figsize=(8, 0.55 * len(speeds) + 1), layout="constrained")
    names = list(speeds)[::-1]
    bars = axes.barh(
        [SHORT[name] for name in names], [speeds[name] for name in names], color=[COLOURS[n] for n in names]
    )
    axes.bar_label(bars, [f"{speeds[name]:,.0f}" for name in names], padding=4)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_xlim(min(speeds.values()) / 2, max(speeds.values()) * 1.8)
    axes.set_xlabel("frames a second on one core, 640x480, by the processor (logarithmic)")
    axes.grid(axis="x", alpha=0.3)
    return figure


def _found(result: dict[str, Any]) -> Figure:
    recordings, candidates = list(result["recordings"]), result["candidates"]
    figure, axes = plt.subplots(figsize=(8, 3.4), layout="constrained")
    width = 0.8 / len(candidates)
    for number, (name, one) in enumerate(candidates.items()):
        places = [place + (number - (len(candidates) - 1) / 2) * width for place in range(len(recordings))]
        shares = [100 * one["found_in"][recording] for recording in recordings]
        bars = axes.bar(places, shares, width * 0.92, color=COLOURS[name], label=SHORT[name])
        axes.bar_label(bars, [f"{share:.0f}" for share in shares], fontsize=8, padding=2)
    axes.set_xticks(range(len(recordings)), recordings)
    axes.set_ylim(0, 108)
    axes.set_ylabel("driver found, % of frames")
    figure.legend(loc="outside upper center", ncols=4, frameon=False, fontsize=9)
    axes.grid(axis="y", alpha=0.3)
    return figure


def _growth(result: dict[str, Any]) -> Figure:
    figure, ((sizes, faces), (windows, outbox)) = plt.subplots(2, 2, figsize=(10, 7.2), layout="constrained")
    for axes, key, label in ((sizes, "sizes", "frame size, pixels"), (faces, "faces", "faces in a frame of 1280x720")):
        _lines(axes, result[key], label)
    for axes, rows, key, label, what in (
        (windows, result["windows"], "seconds", "length of the rules' windows, seconds", "rules, µs a frame"),
        (outbox, result["outbox"], "waiting", "events that wait in the outbox", "keeping one event, µs"),
    ):
        for number, style in (("median_us", "-o"), ("p99_us", "--o")):
            axes.plot(
                [row[key] for row in rows], [row[number] for row in rows], style, color=COLOURS["own"], ms=4,
                label=number.removesuffix("_us"),
            )  # fmt: skip
        axes.set_xscale("symlog" if key == "waiting" else "log", **({"linthresh": 10} if key == "waiting" else {}))
        axes.set_xticks([row[key] for row in rows], [f"{row[key]:,}" for row in rows])
        axes.minorticks_off()
        axes.set_ylim(0, 1.15 * max(row["p99_us"] for row in rows))
        axes.set_xlabel(label)
        axes.set_ylabel(what)
        axes.legend(frameon=False)
        axes.grid(alpha=0.3)
    handles, labels = sizes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=4, frameon=False)
    return figure


def _lines(axes: Axes, table: dict[str, list[dict[str, Any]]], label: str) -> None:
    """Evenly spaced steps: the labels tell the sizes."""
    for name, rows in table.items():
        axes.plot(
            range(len(rows)), [row["median_ms"] for row in rows], "-o", ms=4, color=COLOURS[name], label=SHORT[name]
        )
    rows = table["own"]
    axes.set_xticks(range(len(rows)), [row["label"] for row in rows])
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.set_xlabel(label)
    axes.set_ylabel("ms a frame, median (logarithmic)")
    axes.grid(alpha=0.3)
