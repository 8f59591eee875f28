"""What is known of a recording: `truth.yaml` beside its video."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from edge.errors import InputError
from edge.records import CAUSES, Cause, SignalName
from edge.unique_keys import NOT_YAML, read_yaml

Moment = Annotated[float, Field(ge=0, allow_inf_nan=False)]
"""Seconds of the recording."""
NEAR_S = 0.15
"""A found closure that comes this near to a labelled one is the same: labels are good to about two frames."""


def _rising(interval: tuple[float, float]) -> tuple[float, float]:
    if not interval[0] <= interval[1]:
        raise ValueError("an interval ends after it starts")
    return interval


Interval = Annotated[tuple[Moment, Moment], AfterValidator(_rising)]
"""[start, end) in seconds of the recording."""


class Expected(BaseModel):
    """A signal that a correct monitor gives: for a closure that starts there, or somewhere within an interval."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    signal: SignalName
    cause: Cause
    closure_start_s: Moment | None = None
    between_s: Interval | None = None

    @model_validator(mode="after")
    def _has_a_time(self) -> Expected:
        if (self.closure_start_s is None) == (self.between_s is None):
            raise ValueError("give either closure_start_s or between_s")
        if self.cause not in CAUSES[self.signal]:
            raise ValueError(f"the causes of {self.signal} are {', '.join(CAUSES[self.signal])}")
        return self


class Truth(BaseModel):
    """Closures, what must be reported, what may be (`allow`), and what must not (`forbid`).

    Other labelled intervals (`mouth_open_s`, `narrowed_s`, any `NAME_s`) may stand beside them for a reader; they are
    not scored. Every other key is refused: what looks like a label and is not read would be judged wrongly.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: str = "real"
    subject: str | int | None = None
    note: str | None = None
    source: str | None = None
    license: str | None = None
    frames_per_second: float | None = None
    """Read by the recording itself, where it is numbered images."""
    eyes_closed_s: tuple[Interval, ...] | None = None
    not_scored_s: tuple[Interval, ...] = ()
    expect: tuple[Expected, ...] = ()
    allow: tuple[SignalName, ...] = ()
    forbid: tuple[SignalName, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _other_labels(cls, values: Any) -> Any:
        """Leaves other labels out; a name so near to a scored one that it is a slip stays, and is refused."""
        if not isinstance(values, dict):
            return values
        return {key: value for key, value in values.items() if key in cls.model_fields or not _is_label(key)}


def _is_label(key: object) -> bool:
    return isinstance(key, str) and key.endswith("_s") and _meant(key) is None


def _meant(key: str) -> str | None:
    return next(iter(difflib.get_close_matches(key, Truth.model_fields, 1, cutoff=0.8)), None)


def refuse_beyond(truth: Truth, recording: Path, seconds: float) -> None:
    """That a label begins after the recording's end: it would be another recording's, and count as missed.

    Raises:
        InputError: one does.
    """
    begins = {f"eyes_closed_s.{number}": start for number, (start, _) in enumerate(truth.eyes_closed_s or ())}
    begins |= {f"not_scored_s.{number}": start for number, (start, _) in enumerate(truth.not_scored_s)}
    for number, one in enumerate(truth.expect):
        begins[f"expect.{number}"] = one.between_s[0] if one.between_s else one.closure_start_s or 0.0
    for where, start in begins.items():
        if start > seconds + NEAR_S:
            raise InputError(
                f"{recording / 'truth.yaml'}: {where} begins at {start:.2f} s, after the recording's end at "
                f"{seconds:.2f} s; correct it."
            )


def read_truth(recording: Path) -> Truth:
    """The truth of a recording's folder.

    Raises:
        InputError: there is none, or it cannot be understood.
    """
    path = recording / "truth.yaml"
    try:
        values: Any = read_yaml(path.read_text(encoding="utf-8"))
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
        if first["type"] == "extra_forbidden" and len(first["loc"]) == 1:
            near = _meant(where)
            mend = f"did you mean {near}?" if near else f"known are {', '.join(Truth.model_fields)}, and NAME_s."
            raise InputError(f"{path}: {where} is not a key that exists; {mend}") from None
        raise InputError(f"{path}: {where} is wrong ({first['msg']}); mend it.") from None
    except NOT_YAML as error:
        raise InputError(f"{path}: this is not YAML ({' '.join(str(error).split())}); mend it.") from None
