"""A YAML file read into the tree; an error says the file, the line, the key, its value, and what is allowed."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from edge.config.section import Section
from edge.config.tree import Config
from edge.errors import ConfigError, file_mend
from edge.unique_keys import NOT_YAML, UniqueKeys


def load_config(path: Path | None) -> Config:
    """The configuration of a YAML file; with None every value is its default.

    Raises:
        ConfigError: the file is missing or unreadable, is not YAML, or a key or value is not allowed.
    """
    if path is None:
        return Config()
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(
            f"{path}: there is no such configuration; copy config/default.yaml there or name another with --config."
        ) from None
    except OSError as error:
        raise ConfigError(f"{path}: the configuration cannot be read ({error.strerror}); {file_mend(error)}.") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: the configuration is not UTF-8 text; save it as UTF-8.") from None
    try:
        loader = UniqueKeys(text)
        root = loader.get_single_node()
        values = {} if root is None else loader.construct_document(root)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigError(f"{path}, line {line}: this is not YAML ({error.problem}); correct that line.") from None
    except NOT_YAML as error:
        raise ConfigError(
            f"{path}: this is not YAML ({' '.join(str(error).split())}); mend it, and save it as plain text."
        ) from None
    if values is None:
        values = {}
    if not isinstance(values, dict):
        raise ConfigError(
            f"{path}, line 1: expected keys with values such as 'vehicle: bus-17'; see config/default.yaml."
        )
    try:
        return Config.model_validate(values, context={"folder": path.parent})
    except ValidationError as error:
        errors = error.errors()  # a misspelt key is told before the required one that it should have been
        first = next((one for one in errors if one["type"] == "extra_forbidden"), errors[0])
        raise ConfigError(f"{path}, {_tell(first, root)}") from None


def _tell(error: Any, root: yaml.Node | None) -> str:
    """'line N: key = value: what is wrong; what to do.'"""
    where: Sequence[str | int] = error["loc"]
    line = _line_of(root, where)
    key = ".".join(str(part) for part in where) or "the file"
    if error["type"] == "extra_forbidden":
        known = _keys_at(where[:-1])
        near = difflib.get_close_matches(str(where[-1]), known, 1)
        mend = f"did you mean {near[0]}?" if near else f"allowed here are {', '.join(known)}."
        return f"line {line}: {key} is not a key that exists; {mend}"
    if error["type"] == "missing":
        return f"line {line}: {key} is missing; add it."
    if error["type"] == "model_type":
        return (
            f"line {line}: {key} = {error['input']!r} is wrong: it holds keys with values of their own; "
            "give one, or take the line away."
        )
    reason = error["msg"].removeprefix("Value error, ")
    if isinstance(error["input"], dict | Section):
        return f"line {line}: {key}: {reason}."
    return (
        f"line {line}: {key} = {error['input']!r} is wrong: {reason[0].lower()}{reason[1:]}; see config/default.yaml."
    )


def _line_of(root: yaml.Node | None, where: Sequence[str | int]) -> int:
    """The line, from 1, of the deepest key of the path that stands in the file."""
    node, line = root, 1
    for part in where:
        if not isinstance(node, yaml.MappingNode):
            break
        for key, value in node.value:
            if key.value == str(part):
                line, node = key.start_mark.line + 1, value
                break
        else:
            break
    return line


def _keys_at(where: Sequence[str | int]) -> list[str]:
    section: type[BaseModel] = Config
    for part in where:
        annotation = section.model_fields[str(part)].annotation
        candidates = [annotation, *getattr(annotation, "__args__", ())]
        section = next(c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel))
    return list(section.model_fields)
