"""The AsyncAPI document as YAML, as it stands in docs/asyncapi.yaml."""

from __future__ import annotations

import yaml

from edge.delivery.asyncapi import asyncapi

HEAD = "# Made by «driver-monitor schema asyncapi > docs/asyncapi.yaml»; a test holds it against the code.\n"


class _Plain(yaml.SafeDumper):
    """Parts that occur twice are written twice: references of YAML are hard to read."""

    def ignore_aliases(self, _data: object) -> bool:
        return True


def asyncapi_text() -> str:
    return HEAD + yaml.dump(asyncapi(), Dumper=_Plain, sort_keys=False, width=110, allow_unicode=True)
