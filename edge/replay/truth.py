"""What is known of a recording: `truth.yaml` beside its video."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from edge.errors import InputError
from edge.records import Cause, SignalName


def _rising(interval: tuple[float, float]) -> tuple[float, float]:
    if not interval[0] <= interval[1]:  # refuses NaN, too
        raise ValueError("an interval ends after it starts")
    return interval


Interval = Annotated[tuple[Annotated[float, Field(ge=0)], Annotated[float, Field(ge=0)]], AfterValidator(_rising)]
"""[start, end) in seconds of the recording."""


class Expected(BaseModel):
    """A signal that a correct monitor gives: for a closure that starts there, or somewhere within an interval."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    signal: SignalName
    cause: Cause
    closure_start_s: float | None = None
    between_s: Interval | None = None

    @model_validator(mode="after")
    def _has_a_time(self) -> Expected:
        if (self.closure_start_s is None) == (self.between_s is None):
            raise ValueError("give either closure_start_s or between_s")
        return self


class Truth(BaseModel):
    """Closures, what must be reported, what may be (`allow`), and what must not (`forbid`)."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    kind: str = "real"
    eyes_closed_s: tuple[Interval, ...] | None = None
    not_scored_s: tuple[Interval, ...] = ()
    expect: tuple[Expected, ...] = ()
    allow: tuple[SignalName, ...] = ()
    forbid: tuple[SignalName, ...] = ()


def read_truth(recording: Path) -> Truth:
    """The truth of a recording's folder.

    Raises:
        InputError: there is none, or it cannot be understood.
    """
    path = recording / "truth.yaml"
    try:
        values: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
        return Truth.model_validate(values or {})
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(
            f"{path}: the recording has no truth to be held against; write one, or use driver-monitor replay."
        ) from None
    except OSError as error:
        raise InputError(f"{path}: the truth cannot be read ({error.strerror}); mend its permissions.") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise InputError(f"{path}: {where} is wrong ({first['msg']}); mend it.") from None
    except (yaml.YAMLError, ValueError) as error:  # ValueError: no UTF-8, or a date such as 2026-99-99
        raise InputError(f"{path}: this is not YAML ({' '.join(str(error).split())}); mend it.") from None
