"""YAML in which a key that stands twice is refused, as YAML 1.2 wants it; PyYAML would take the last."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import yaml

NOT_YAML = (yaml.YAMLError, ValueError, LookupError, AttributeError, RecursionError)
"""What PyYAML raises of text that is none, or of a value that is not what its tag says, such as 2026-99-99."""


class UniqueKeys(yaml.SafeLoader):
    """Reads one document; see `NOT_YAML` for what it raises."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[object] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(None, None, f"{key.value} stands twice", key.start_mark)
                seen.add(key.value)
        return super().construct_mapping(node, deep)


def read_yaml(text: str) -> Any:
    """What the text holds, of Python's own types; None where it is empty."""
    return UniqueKeys(text).get_single_data()
