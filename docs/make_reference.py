"""Writes docs/configuration.md from the configuration's tree: python docs/make_reference.py"""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from edge.config import SHIPPED_MODELS, Config

PAGE = Path(__file__).parent / "configuration.md"
HEAD = """# Configuration reference
Made from `edge/config/` by `make docs`; do not edit it. Each value with its reason stands in `config/default.yaml`,
the sources of the rules' numbers in [thresholds.md](thresholds.md). (s): read in a secondary source only. A key that is
left out has its default; one that does not exist is refused. Relative paths are meant from the file's own folder. The
daemon reads `/etc/driver-monitor/config.yaml` where `--config` names no other; `driver-monitor check` says what is
wrong with it.
"""
NAMES = {float: "number", int: "whole number", str: "text", bool: "true or false", Path: "path"}
COLUMNS = "| key | type | default | range | meaning |\n|---|---|---|---|---|\n"


def page() -> str:
    """The whole page: a table a section, in the order of the tree."""
    return HEAD + "".join(f"\n{part}" for part in _sections(Config, "", optional=False))


def _sections(section: type[BaseModel], path: str, *, optional: bool) -> Iterator[str]:
    rows, inside = [], []
    for name, field in section.model_fields.items():
        key = f"{path}.{name}" if path else name
        inner, may_be_null = _section_of(field.annotation)
        if inner:
            inside.append((inner, key, may_be_null))
        else:
            cells = (*_described(field), _meaning(section, name))
            rows.append(f"| `{name}` | {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |\n")
    doc = section.__doc__ if section is not Config else None
    text = f"## {path}\n" if path else "## The file itself\n"
    text += f"{' '.join(doc.split())}\n" if doc else ""
    text += "The section is null unless it is given.\n" if optional else ""
    if rows or doc:
        yield f"{text}\n{COLUMNS}{''.join(rows)}" if rows else text
    for inner, key, may_be_null in inside:
        yield from _sections(inner, key, optional=may_be_null)


def _section_of(annotation: Any) -> tuple[type[BaseModel] | None, bool]:
    parts = typing.get_args(annotation) or (annotation,)
    found = next((part for part in parts if isinstance(part, type) and issubclass(part, BaseModel)), None)
    return found, type(None) in parts


def _meaning(section: type[BaseModel], name: str) -> str:
    """What stands below the key, or below the one that it takes the place of."""
    fields = (base.model_fields.get(name) for base in section.__mro__ if issubclass(base, BaseModel))
    return next((" ".join(field.description.split()) for field in fields if field and field.description), "")


def _described(field: FieldInfo) -> tuple[str, str, str]:
    """Type, default, range."""
    kind, limits = _kind(field.annotation)
    default = "required" if field.is_required() else f"`{_value(field.default)}`"
    return kind, default, _range([*limits, *field.metadata])


def _kind(annotation: Any) -> tuple[str, list[Any]]:
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        kind, limits = _kind(arguments[0])
        return kind, [*limits, *annotation.__metadata__]
    if origin is Literal:
        return " or ".join(f"`{one}`" for one in arguments), []
    if origin in (typing.Union, types.UnionType):
        kinds = [_kind(one) for one in arguments if one is not type(None)]
        null = ["null"] if type(None) in arguments else []
        return " or ".join([kind for kind, _ in kinds] + null), [limit for _, limits in kinds for limit in limits]
    return NAMES.get(annotation, annotation.__name__), []


def _range(limits: list[Any]) -> str:
    """In words; what a Field wraps is looked into."""
    flat = [inner for limit in limits for inner in (limit.metadata if isinstance(limit, FieldInfo) else [limit])]
    words = []
    for limit in flat:
        match limit:
            case Ge(ge=least):
                words.append(f"from {_number(least)}")
            case Gt(gt=least):
                words.append(f"above {_number(least)}")
            case Le(le=most):
                words.append(f"to {_number(most)}")
            case Lt(lt=most):
                words.append(f"below {_number(most)}")
            case MinLen(min_length=least):
                words.append(f"{least} or more characters")
            case MaxLen(max_length=most):
                words.append(f"{most} or fewer characters")
            case _ if pattern := getattr(limit, "pattern", None):
                words.append(f"fits `{pattern}`")
    return ", ".join(words)


def _number(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _value(value: Any) -> str:
    if isinstance(value, Path) and value.is_relative_to(SHIPPED_MODELS):
        return f"edge/models/{value.name}"
    if isinstance(value, bool):
        return str(value).lower()
    return "null" if value is None else str(value)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
