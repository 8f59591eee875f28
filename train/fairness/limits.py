"""How far groups of people may lie apart: `audit_limits.yaml`, or a file of the same form."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge.errors import InputError

SHIPPED = Path(__file__).parents[1] / "audit_limits.yaml"


class Limit(BaseModel):
    """Percentage points between the lowest and the highest group, and why so many."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    limit: Annotated[float, Field(gt=0, le=100)]
    reason: Annotated[str, Field(min_length=1)]


class Limits(BaseModel):
    """`points` by measure; a group of fewer than `least_pictures` is not judged."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    least_pictures: Annotated[int, Field(ge=1)]
    points: dict[str, Limit]


def read_limits(path: Path = SHIPPED, *, measures: tuple[str, ...] = ()) -> Limits:
    """The limits of a file, in which each of `measures` must have one.

    Raises:
        InputError: the file cannot be read, does not fit, or lacks a measure.
    """
    try:
        limits = Limits.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise InputError(f"{path}: the limits cannot be read ({error.strerror}); name a file like {SHIPPED}.") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise InputError(f"{path}: the limits do not fit at {where} ({first['msg']}); compare {SHIPPED}.") from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise InputError(f"{path}: the limits are not readable as YAML; compare {SHIPPED}.") from None
    missing = [name for name in measures if name not in limits.points]
    if missing:
        raise InputError(f"{path}: there is no limit for {', '.join(missing)}; compare {SHIPPED}.")
    return limits
