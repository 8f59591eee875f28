"""A configuration's values tried one after another: how the result of `evaluate` depends on them."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import product
from math import isfinite, prod
from statistics import median
from typing import Any

from pydantic import BaseModel, ValidationError

from edge.config import Config
from edge.errors import UserError
from edge.replay.evaluate import Score, summary

SECTIONS = ("rules", "vision")
"""What decides which signals are given; the rest of the configuration is about something else."""
MOST_POINTS = 10_000
"""More is a slip in the step: it would take hours, and be a table that nobody reads."""


@dataclass(frozen=True, slots=True)
class Axis:
    """A key of the configuration and the values that it takes."""

    key: str
    values: tuple[int | float, ...]


@dataclass(frozen=True, slots=True)
class Point:
    """One value for each key, and the configuration that has them."""

    values: dict[str, int | float]
    config: Config


def read_axis(text: str) -> Axis:
    """The axis of KEY=FROM:TO:STEP: from FROM to TO, which belongs to it where a step ends there.

    Raises:
        UserError: it is not of that form, or the configuration has no such number.
    """
    key, _, span = text.partition("=")
    numbers = [_decimal(part) for part in span.split(":")]
    if len(numbers) != 3 or None in numbers:
        raise UserError(f"--sweep {text}: expected KEY=FROM:TO:STEP, such as rules.closures.microsleep_s=1.0:2.0:0.1.")
    first, last, step = (number for number in numbers if number is not None)
    if first > last or step <= 0:
        raise UserError(f"--sweep {text}: FROM must be at most TO, and STEP above 0; correct them.")
    default = _number_at(key, text)
    if last - first >= MOST_POINTS * step:  # no division: its result may be larger than any decimal
        raise UserError(f"--sweep {text}: these are more than {MOST_POINTS} values; take a larger step.")
    count = int((last - first) / step) + 1
    values = (first + index * step for index in range(count))  # decimal: 0.1 ten times is 1
    whole = isinstance(default, int)
    return Axis(key, tuple(int(n) if whole and n == n.to_integral_value() else float(n) for n in values))


def points(base: Config, axes: Sequence[Axis]) -> list[Point]:
    """The product of the axes, the last one fastest, each with a configuration that was checked as a file's is.

    Raises:
        UserError: a key stands twice, there are too many points, or a value is not allowed.
    """
    keys = [axis.key for axis in axes]
    twice = next((key for key in keys if keys.count(key) > 1), None)
    if twice:
        raise UserError(f"--sweep {twice}: the key stands twice; give each key once.")
    count = prod(len(axis.values) for axis in axes)
    if count > MOST_POINTS:
        raise UserError(
            f"--sweep: together these are {count} points, and {MOST_POINTS} are the most; take larger steps."
        )
    combinations = product(*(axis.values for axis in axes))
    return [_point(base, dict(zip(keys, values, strict=True))) for values in combinations]


def result(base: Config, axes: Sequence[Axis], swept: Sequence[tuple[Point, Sequence[Score]]]) -> dict[str, object]:
    """What `evaluate --sweep --json` holds: for each point its values, its delays, and what `evaluate` would hold."""
    return {
        "keys": {axis.key: {"configured": value_at(base, axis.key), "values": axis.values} for axis in axes},
        "points": [{"values": point.values, **_delays(scores), "result": summary(scores)} for point, scores in swept],
    }


def table(swept: Mapping[str, Any]) -> str:
    """One line a point; an asterisk marks the values that the configuration has."""
    keys = swept["keys"]
    configured = {key: one["configured"] for key, one in keys.items()}
    head = [*keys, "reported", "false", "false/h", "precision", "recall", "delay", "largest"]
    rows = [_row(point, point["values"] == configured) for point in swept["points"]]
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    return "\n".join(
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in [head, *rows]
    )


def value_at(config: Config, key: str) -> Any:
    value: Any = config
    for part in key.split("."):
        value = getattr(value, part)
    return value


def _row(point: Mapping[str, Any], configured: bool) -> list[str]:
    result, values = point["result"], [f"{value:g}" for value in point["values"].values()]
    expected, reported = (sum(one[name] for one in result["recordings"]) for name in ("expected", "reported"))
    per_hour = result["false_alarms_per_hour"]
    return [
        ("* " if configured else "") + values[0],
        *values[1:],
        f"{reported} of {expected}",
        str(result["false_alarms"]),
        "-" if per_hour is None else f"{per_hour:.1f}",
        *("-" if share is None else f"{share:.3f}" for share in (result["precision"], result["recall"])),
        *("-" if s is None else f"{s:.2f} s" for s in (point["delay_median_s"], point["delay_largest_s"])),
    ]


def _delays(scores: Sequence[Score]) -> dict[str, float | None]:
    delays = [delay for one in scores for delay in one.delay_s]
    return {
        "delay_median_s": round(median(delays), 3) if delays else None,
        "delay_largest_s": max(delays, default=None),
    }


def _point(base: Config, values: dict[str, int | float]) -> Point:
    tree = base.model_dump()
    for key, value in values.items():
        *sections, name = key.split(".")
        section = tree
        for part in sections:
            section = section[part]
        section[name] = value
    try:
        return Point(values, Config.model_validate(tree))
    except ValidationError as error:
        reason = error.errors()[0]["msg"].removeprefix("Value error, ")
        given = ", ".join(f"{key} = {value:g}" for key, value in values.items())
        raise UserError(f"--sweep: {given} is not allowed ({reason}); see config/default.yaml.") from None


def _number_at(key: str, text: str) -> int | float:
    """The default of a key, which says of what kind its values are."""
    numbers = dict(_numbers(Config()))
    if key in numbers:
        return numbers[key]
    near = difflib.get_close_matches(key, numbers, 1)
    mend = f"did you mean {near[0]}?" if near else f"name a number of {' or '.join(SECTIONS)} in config/default.yaml."
    raise UserError(f"--sweep {text}: {key} is no number of the configuration that decides what is told; {mend}")


def _decimal(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() and isfinite(float(number)) else None  # a configuration holds no other


def _numbers(section: BaseModel, path: str = "") -> Iterator[tuple[str, int | float]]:
    for name, value in section:
        if not path and name not in SECTIONS:
            continue
        if isinstance(value, BaseModel):
            yield from _numbers(value, f"{path}{name}.")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield f"{path}{name}", value
