"""The daemon's status as a person reads it: what is wrong first, then how it is, one aligned line a thing. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from edge.errors import UserError

_CAMERA = {"starting": "starting", "ok": "gives frames", "dark": "gives dark frames", "fault": "gives no frames"}

_TIME = {
    "gps": "told by GPS",
    "system": "told by the system's clock",
    "adjusting": "being set right",
    "unsynchronised": "told by nothing that is known",
    "recording": "the recording's",
    None: "not known",
}


def status_text(report: Mapping[str, Any]) -> str:
    """Lines without a newline at the end; `report` is what the daemon answered.

    Raises:
        UserError: something is missing in it.
    """
    try:
        return _text(report)
    except (KeyError, TypeError):
        raise UserError("The running daemon is of another version than this program; restart it.") from None


def _text(report: Mapping[str, Any]) -> str:
    wrong = report["problems"]
    head = f"driver-monitor {report['version']} on {report['vehicle']}, session {report['session']}, "
    head += f"running for {_span(report['uptime_s'])}: "
    head += "all is well" if not wrong else f"{len(wrong)} thing{'s are' if len(wrong) > 1 else ' is'} wrong"
    lines = [head, *(f"  {one['name'].upper():<9} {one['text']}" for one in wrong), ""]
    lines += [f"{name:<11}{text}" for name, text in _things(report)]
    return "\n".join(lines)


def _things(report: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    rate, latency, board = report["frames_per_second"], report["latency_ms"], report["board"]
    frames = "" if rate is None else f", {rate:.1f} a second"
    yield "camera", f"{report['camera']['kind']} {_CAMERA[report['camera']['state']]}{frames}"
    yield "frames", f"{report['frames']} seen, {report['missed']} missed, {report['camera_faults']} waits in vain"
    if latency:
        yield "decisions", f"{latency['median']:.0f} ms after capture (median), 95 % within {latency['p95']:.0f} ms"
    if report["seen"] is not None:
        yield "eyes", f"in sight in {100 * report['seen']:.0f} % of the last frames"
    if report["alarms"]:
        yield "alarms", ", ".join(f"{name} {state}" for name, state in sorted(report["alarms"].items()))
    yield "events", _events(report)
    yield "place", _place(report["gps"])
    yield "time", _TIME[report["time_source"]]
    yield "board", ", ".join(_board(board))
    yield "memory", ", ".join(_memory(report, board))
    models = (f"{task} {one['version']} ({one['sha256']})" for task, one in sorted(report["models"].items()))
    yield "models", ", ".join(models)
    if report.get("last_update"):  # a daemon that an update has not yet restarted may not know of it
        yield "update", report["last_update"]


def _events(report: Mapping[str, Any]) -> str:
    outbox, broker = report["outbox"], report["broker"]
    if outbox is None:
        return "printed, no broker is configured"
    link = "connected to the broker" if broker["connected"] else "no broker"
    return f"{link}, {outbox['waiting']} wait, {outbox['sent']} sent, {outbox['dropped']} dropped"


def _place(gps: Mapping[str, Any] | None) -> str:
    if gps is None:
        return "no gpsd is configured"
    if not gps["connected"]:
        return "gpsd does not answer"
    fix = "no fix" if gps["fix"] == "none" else f"{gps['fix']} fix, {gps['age']} s old"
    return fix if gps["satellites"] is None else f"{fix}, {gps['satellites']} satellites"


def _board(board: Mapping[str, Any]) -> Iterator[str]:
    yield "temperature not known" if board["temperature"] is None else f"{board['temperature']:.0f} °C"
    if board["throttling"] is not None:
        now = ", ".join(board["throttling"]).replace("_", " ")
        yield f"held back now: {now}" if now else "full speed"
    if board["throttled_before"]:
        yield "since power on: " + ", ".join(board["throttled_before"]).replace("_", " ")


def _memory(report: Mapping[str, Any], board: Mapping[str, Any]) -> Iterator[str]:
    for value, text in (
        (report["memory_mb"], "MB held"),
        (board["free_mb"], "MB free"),
        (board["disk_free_mb"], "MB free on the disk"),
    ):
        if value is not None:
            yield f"{value} {text}"


def _span(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
