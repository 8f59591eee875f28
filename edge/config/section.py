"""What every section of the configuration shares: strict types, no unknown key, paths from the file's own folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

Probability = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Section(BaseModel):
    # strict: YAML's `yes` is no number, and a number in quotes is a slip
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True)

    @field_validator("*", mode="before")
    @classmethod
    def _paths_from_the_file(cls, value: Any, info: ValidationInfo) -> Any:
        """A relative path is meant from the folder of the file that names it, not from where the command is run."""
        if isinstance(value, str) and not _is_text(value):
            raise ValueError("it holds a character that no text and no name of a file has")
        field = cls.model_fields[info.field_name] if info.field_name else None
        if field and isinstance(value, str) and Path in (field.annotation, *getattr(field.annotation, "__args__", ())):
            try:
                return (info.context or {}).get("folder", Path()) / Path(value).expanduser()
            except RuntimeError:
                raise ValueError("there is no such user's home; write the whole path") from None
        return value


def _is_text(value: str) -> bool:
    try:
        return b"\0" not in value.encode()
    except UnicodeEncodeError:  # half of a pair of UTF-16
        return False
