"""Who agreed to be watched."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field

from edge.config.section import Section

Told = Annotated[str, Field(min_length=1, max_length=1000, pattern=r"\S")]


class ConsentConfig(Section):
    who: Told
    """Who agreed: the driver, or the drivers of this vehicle, by name or number, or where their signed texts lie."""
    text: Told
    """What they agreed to: name and version of the text, or its hash. docs/consent.md is a text to begin with."""
    when: date
    """The day of the last one, such as 2026-11-20."""
