"""The page's HTML. Nothing in it comes from outside, and a policy in its head has the browser refuse all that would."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Sequence
from html import escape
from importlib import metadata, resources
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from edge.config import Config
from edge.records import LEVELS, Signal
from edge.replay.report.timeline import SIGHTS, Timeline
from edge.vision.card import read_card

Thumbnail = bytes
"""A small JPEG."""
Row = tuple[Signal, float | None, Thumbnail | None]
"""A signal, the speed in metres per second where it is known, and the driver's picture where that was asked for."""

VERBS = {"start": "begins", "update": "rises", "end": "ends"}


def head(names: Sequence[str], with_frames: bool) -> str:
    """From the doctype to the first recording."""
    style, script = _file("page.css"), _script()
    images = "data:" if with_frames else "'none'"
    policy = f"default-src 'none'; img-src {images}; style-src {_source(style)}; script-src {_source(script)}"
    title = f"Replay of {names[0]}" if len(names) == 1 else f"Replay of {len(names)} recordings"
    links = "".join(f'<li><a href="#r{number}">{escape(name)}</a></li>' for number, name in enumerate(names, 1))
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)} - driver-monitor</title>
<style>{style}</style>
</head>
<body>
<h1>{escape(title)}</h1>
{_privacy(with_frames)}
{f'<nav aria-label="Recordings"><ul>{links}</ul></nav>' if len(names) > 1 else ""}
<noscript><p>The timelines need this page's own script, which is off; the tables hold every event.</p></noscript>
"""


def section(number: int, name: str, timeline: Timeline, rows: Sequence[Row], config: Config, with_frames: bool) -> str:
    """One recording: its timeline and the table of its events."""
    told = _told(timeline)
    facts = (
        f"{clock(timeline.seconds)} long, {timeline.frames} frames, eyes seen in {timeline.share_seen():.1%} of them"
    )
    # a "<" could end the script element early
    data = json.dumps(timeline.for_page(config), separators=(",", ":"), sort_keys=True).replace("<", "\\u003c")
    colours = [(level, level) for level in LEVELS] + [(f"s{code}", sight) for code, sight in enumerate(SIGHTS)]
    legend = "".join(f'<span><i class="{kind}"></i>{meaning}</span>' for kind, meaning in colours)
    label = escape(f"Timeline of {name}, {clock(timeline.seconds)} long. {told} The table below lists every event.")
    return f"""<section id="r{number}" aria-labelledby="h{number}">
<h2 id="h{number}">{escape(name)}</h2>
<p><strong>{escape(told)}</strong></p>
<p class="faint">{facts}</p>
<figure>
<div class="tools" role="group" aria-label="Zoom of the timeline of {escape(name)}">
<button type="button" data-do="in" aria-label="Zoom in">+</button>
<button type="button" data-do="out" aria-label="Zoom out">&minus;</button>
<button type="button" data-do="left" aria-label="Earlier">&larr;</button>
<button type="button" data-do="right" aria-label="Later">&rarr;</button>
<button type="button" data-do="reset">Whole recording</button>
<output class="span" aria-live="off"></output>
</div>
<canvas tabindex="0" role="img" aria-label="{label}" aria-describedby="hint"></canvas>
<div class="legend" aria-label="Colours">{legend}</div>
<figcaption class="readout">Point at a moment to read its numbers. The wheel zooms, a drag marks a span.</figcaption>
</figure>
<script type="application/json" class="data">{data}</script>
<h3>Events</h3>
{_events(rows, name, with_frames)}
</section>
"""


def tail(config: Config) -> str:
    """The configuration, and the script that draws."""
    return f"""<h2>Configuration</h2>
<p class="faint">What decided in this replay; a value that is not the default is marked, its default in brackets.</p>
<ul class="values">{"".join(_values(config))}</ul>
<p class="faint hint" id="hint">In a timeline: the wheel zooms, a drag marks what to zoom to, Shift and a drag moves
it, a double click shows all. Keys: + and - zoom, arrows move, 0 shows all.</p>
<p class="faint">driver-monitor {metadata.version("driver-monitor")}</p>
<script>{_script()}</script>
</body>
</html>
"""


def clock(seconds: float) -> str:
    """Such as 1:02.480, or 1:00:02.480."""
    milliseconds = round(seconds * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    small = f"{rest // 1000:02d}.{rest % 1000:03d}"
    return f"{hours}:{minutes:02d}:{small}" if hours else f"{minutes}:{small}"


def _privacy(with_frames: bool) -> str:
    if with_frames:
        return (
            '<p class="pictures" role="note">This page holds PICTURES OF THE DRIVER. Guard it as you guard the '
            "recording: give it to nobody who may not see that, and delete it when it has served.</p>"
        )
    return '<p class="faint">No picture of the driver is in this page.</p>'


def _told(timeline: Timeline) -> str:
    parts = []
    for signal in ("fatigue", "sad", "degraded"):
        highest = [episode.rises[-1] for episode in timeline.episodes if episode.signal == signal]
        if highest:
            causes = ", ".join(dict.fromkeys(f"{cause} ({level})".replace("_", " ") for _, level, cause in highest))
            parts.append(f"{len(highest)} {signal}: {causes}")
    return "; ".join(parts) + "." if parts else "Nothing was reported."


def _events(rows: Sequence[Row], name: str, with_frames: bool) -> str:
    if not rows:
        return "<p>None.</p>"
    speed = any(speed is not None for _, speed, _ in rows)
    heads = ["Time", "Signal", "Cause", "Level", "", "Numbers behind it", *(["Speed"] if speed else [])]
    heads += ["Driver"] if with_frames else []
    header = "".join(f'<th scope="col">{title}</th>' for title in heads)
    body = "".join(_event(row, speed, with_frames) for row in rows)
    table = (
        f'<table aria-label="Events of {escape(name)}"><thead><tr>{header}</tr></thead><tbody>{body}</tbody></table>'
    )
    return f'<div class="wide">{table}</div>'


def _event(row: Row, with_speed: bool, with_frames: bool) -> str:
    signal, speed, thumbnail = row
    time, cause = clock(signal.time), signal.cause.replace("_", " ")
    numbers = ", ".join(_number(name, value) for name, value in signal.evidence.items())
    at = f'class="at" data-at="{signal.time:.3f}" aria-label="Show {time} in the timeline"'
    cells = [
        f'<td class="number"><button type="button" {at}>{time}</button></td>',
        f"<td>{signal.signal}</td><td>{cause}</td>",
        f'<td class="level-{signal.level}">{signal.level}</td><td>{VERBS[signal.phase]}</td>',
        f'<td class="faint">{escape(numbers)}</td>',
    ]
    if with_speed:
        cells.append(f'<td class="number">{"" if speed is None else f"{speed * 3.6:.0f} km/h"}</td>')
    if with_frames:
        alt = f"The driver at {time}, when {signal.signal} {VERBS[signal.phase]}"
        source = base64.b64encode(thumbnail).decode("ascii") if thumbnail else ""
        cells.append(f'<td><img alt="{alt}" src="data:image/jpeg;base64,{source}"></td>' if thumbnail else "<td></td>")
    return f"<tr>{''.join(cells)}</tr>"


def _number(name: str, value: float) -> str:
    words = name.removesuffix("_s").replace("_", " ")
    return f"{words} {value:g}" + (" s" if name.endswith("_s") else "")


def _values(config: Config) -> Iterator[str]:
    default = dict(_leaves(Config()))
    for key, value in _leaves(config):
        usual = default.get(key)
        if value == usual:
            yield f"<li>{key} <b>{escape(value)}</b></li>"
        else:
            was = "none" if usual is None else usual
            yield f'<li class="changed">{key} <b>{escape(value)} ({escape(was)})</b></li>'


def _leaves(section: BaseModel, path: str = "") -> Iterator[tuple[str, str]]:
    """What a replay goes by, key and value; where events go and wait is left out."""
    for name, value in section:
        if path or name in ("vision", "rules"):
            if isinstance(value, BaseModel):
                yield from _leaves(value, f"{path}{name}.")
            else:
                yield f"{path}{name}", _model(value) if isinstance(value, Path) else _plain(value)


def _plain(value: Any) -> str:
    return (
        {None: "none", True: "yes", False: "no"}[value]
        if value is None or value is True or value is False
        else str(value)
    )


def _model(path: Path) -> str:
    """A model by what it is: where it lies would say more about the machine than about the replay."""
    if path.suffix != ".tflite":
        return path.name
    card = read_card(path)
    return f"{path.name} {card.version}, {card.sha256[:12]}"


def _file(name: str) -> str:
    return resources.files("edge.replay.report").joinpath(name).read_text(encoding="utf-8")


def _script() -> str:
    return _file("drawing.js") + _file("timeline.js")


def _source(content: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"
