"""Commands from the fleet: what a request may look like, and its answer; pure, but for the clock of their rate.

A request can ask for no image and change no rule: there is no name for it.
"""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, get_args

from edge.delivery.wire import JSON, Message, Received
from edge.records import CommandName

MAX_REQUEST = 1024
"""Bytes."""
MAX_MINUTES = 30
"""Longer than a driver or a dispatcher needs to look after a false alarm; own choice, no source."""
BURST = 5
"""So many requests are taken at once ..."""
REFILL_S = 2.0
"""... and one more each so many seconds; what comes beyond is not answered, as answers cost, too."""
MAX_TOPIC = 200

_KNOWN: dict[str, CommandName] = {name: name for name in get_args(CommandName)}
_NAME = re.compile(r"[a-z-]{1,32}")
_ID = re.compile(r"[ -~]{1,64}")

_log = logging.getLogger(__name__)


class Refusal(Exception):
    """Why a request is not carried out: a sentence for whoever asked."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request that can be carried out. `minutes` is given with `mute-alerts` alone, 0 to 30."""

    name: CommandName
    id: str
    answer_to: str
    minutes: float | None = None
    correlation: bytes | None = None


@dataclass
class RateLimit:
    """Lets `BURST` through, then one each `REFILL_S`; `clock` gives monotonic seconds."""

    clock: Callable[[], float] = time.monotonic
    _tokens: float = float(BURST)
    _at: float = field(default=float("-inf"))

    def admits(self) -> bool:
        now = self.clock()
        self._tokens = min(float(BURST), self._tokens + (now - self._at) / REFILL_S)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class Desk:
    """Takes what arrives under `request/` of one vehicle and gives what is to be carried out, or the refusal to send.

    `responses` is the topic under which it answers, with a slash at its end.
    """

    def __init__(self, responses: str, limit: RateLimit | None = None) -> None:
        self._responses = responses
        self._limit = limit or RateLimit()
        self._flooded = False

    def take(self, received: Received) -> Request | Message | None:
        """A request, or the answer that refuses it, or nothing where there were too many."""
        if not self._limit.admits():
            if not self._flooded:
                _log.warning("there are more requests than %d and one each %g s: they are left", BURST, REFILL_S)
            self._flooded = True
            return None
        self._flooded = False
        name = received.topic.rpartition("/")[2]
        known = _KNOWN.get(name)
        answer_to = self._responses + (known or "refused")
        identity: str | None = None
        try:
            content = _content(received)
            identity = _identity(content)
            answer_to = self._own_or_given(received.response_topic, answer_to)
            return _request(known, name, identity, answer_to, content, received.correlation)
        except Refusal as refusal:
            _log.warning("a request was refused: %s", refusal)
            return response(answer_to, identity, received.correlation, error=str(refusal))

    def _own_or_given(self, given: str | None, own: str) -> str:
        """Where the answer goes; never where this or another vehicle says something else."""
        if given is None:
            return own
        foreign = given.startswith("driver-monitor/") and not given.startswith(self._responses)
        if foreign or not 0 < len(given) <= MAX_TOPIC or given[0] == "$" or set(given) & set("+#\0"):
            raise Refusal("the response topic is not allowed; name one of your own, or none.")
        return given


def answer(request: Request, result: Mapping[str, Any]) -> Message:
    """What is sent where it was carried out."""
    return response(request.answer_to, request.id, request.correlation, result=result)


def refuse(request: Request, refusal: Refusal) -> Message:
    return response(request.answer_to, request.id, request.correlation, error=str(refusal))


def response(
    topic: str,
    identity: str | None,
    correlation: bytes | None,
    *,
    result: Mapping[str, Any] | None = None,
    error: str | None = None,
) -> Message:
    told = {"ok": True, "result": result} if error is None else {"ok": False, "error": error}
    payload = json.dumps({"id": identity, **told}, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Message(topic, payload.encode(), qos=0, content_type=JSON, correlation=correlation)


def _request(
    known: CommandName | None, name: str, identity: str, answer_to: str, content: Mapping[str, Any], own: bytes | None
) -> Request:
    if known is None:
        told = f"{name!r} is" if _NAME.fullmatch(name) else "this is"
        raise Refusal(f"{told} no command; there are {', '.join(_KNOWN)}.")
    minutes = _minutes(content) if known == "mute-alerts" else None
    if unknown := sorted(content.keys() - {"id"} - ({"minutes"} if known == "mute-alerts" else set())):
        raise Refusal(f"{unknown[0][:32]!r} is not known here; leave it out.")
    return Request(known, identity, answer_to, minutes, own)


def _content(received: Received) -> dict[str, Any]:
    if received.retained:
        raise Refusal("a retained request is not carried out; publish it without retain.")
    if len(received.payload) > MAX_REQUEST:
        raise Refusal(f"a request has {MAX_REQUEST} bytes at most; leave out what is not asked for.")
    try:
        content = json.loads(received.payload)
    except (ValueError, RecursionError):
        raise Refusal('a request is a JSON object such as {"id": "1"}; this is none.') from None
    if not isinstance(content, dict):
        raise Refusal('a request is a JSON object such as {"id": "1"}; this is none.')
    return content


def _identity(content: Mapping[str, Any]) -> str:
    identity = content.get("id")
    if not isinstance(identity, str) or not _ID.fullmatch(identity):
        raise Refusal("'id' must be 1 to 64 printable characters (ASCII); give the request one.")
    return identity


def _minutes(content: Mapping[str, Any]) -> float:
    minutes = content.get("minutes")
    if isinstance(minutes, bool) or not isinstance(minutes, int | float) or not 0 <= minutes <= MAX_MINUTES:
        raise Refusal(f"'minutes' must be a number from 0 to {MAX_MINUTES}; 0 ends a pause.")
    return minutes
