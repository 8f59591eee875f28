"""A picture of lines, boxes and words, read on white and on black: it has its own ground, and follows the reader's."""

from __future__ import annotations

from pathlib import Path
from xml.sax.saxutils import escape

STYLE = Path(__file__).with_suffix(".css").read_text(encoding="utf-8")
HEAD = 8.0
"""Length of an arrow's head, pixels."""


class Drawing:
    """A page of `width` by `height` pixels; `says` is what is read aloud of it."""

    def __init__(self, width: float, height: float, says: str) -> None:
        size = f'viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}"'
        self._parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">',
            f"<title>{escape(says)}</title>",
            f"<style>{STYLE}</style>",
            f'<rect class="ground" x=".5" y=".5" width="{width - 1:g}" height="{height - 1:g}" rx="10"/>',
        ]

    def add(self, *parts: str) -> None:
        self._parts.extend(parts)

    def page(self) -> str:
        return "\n".join([*self._parts, "</svg>", ""])


def text(x: float, y: float, words: str, kind: str = "") -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}">{escape(words)}</text>'


def rectangle(kind: str, left: float, top: float, right: float, bottom: float, round_by: float = 0) -> str:
    size = f'width="{right - left:.1f}" height="{bottom - top:.1f}"'
    return f'<rect class="{kind}" x="{left:.1f}" y="{top:.1f}" {size} rx="{round_by:g}"/>'


def line(kind: str, x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def curve(kind: str, points: list[tuple[float, float]]) -> str:
    """Through all points; what lies on a straight line between its neighbours is left out."""
    kept = points[:1]
    for before, here, after in zip(points, points[1:], points[2:], strict=False):
        if abs((here[1] - before[1]) * (after[0] - here[0]) - (after[1] - here[1]) * (here[0] - before[0])) > 1e-2:
            kept.append(here)
    kept += points[-1:]
    return f'<polyline class="{kind}" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in kept)}"/>'


def box(left: float, top: float, width: float, height: float, name: str, *below: str, kind: str = "box") -> str:
    """A box with its name, and smaller words under it."""
    middle, first = left + width / 2, top + height / 2 + 5 - 8 * len(below)
    words = [text(middle, first, name, "strong middle")]
    words += [text(middle, first + 17 * number, said, "small middle") for number, said in enumerate(below, 1)]
    return rectangle(kind, left, top, left + width, top + height, 7) + "".join(words)


def arrow(x1: float, y1: float, x2: float, y2: float, name: str = "") -> str:
    """Level or upright, with its name above or beside."""
    if y1 == y2:
        back = HEAD if x2 > x1 else -HEAD
        head = f"{x2},{y2} {x2 - back},{y2 - 4.5} {x2 - back},{y2 + 4.5}"
        return line("arrow", x1, y1, x2 - back, y2) + _head(head) + text((x1 + x2) / 2, y1 - 9, name, "small middle")
    back = HEAD if y2 > y1 else -HEAD
    head = f"{x2},{y2} {x2 - 4.5},{y2 - back} {x2 + 4.5},{y2 - back}"
    return line("arrow", x1, y1, x2, y2 - back) + _head(head) + text(x1 + 9, (y1 + y2) / 2 + 4, name, "small")


def _head(points: str) -> str:
    return f'<polygon class="head" points="{points}"/>'
