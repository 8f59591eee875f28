"""Writing files so that each is there whole or as it was, whenever the power goes."""

from __future__ import annotations

from pathlib import Path


def replace(path: Path, text: str) -> None:
    """Writes a text file in one step."""
    new = path.with_name(path.name + ".new")
    new.write_text(text)
    new.replace(path)
