"""Holds the int8 model against the float model where they give places, not classes: contour points and detections."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.errors import InputError


@dataclass(frozen=True, slots=True)
class PointLimits:
    """What int8 may move; first limits, a fifth to a half of what the float model itself is off by."""

    mean: float = 0.015
    """Mean distance of a point between the models, over the eye distance."""
    far: float = 0.05
    """The same, 99th percentile over the pictures."""
    agreement: float = 0.985
    """Least share of pictures on which both say, or both deny, that there is a face."""


@dataclass(frozen=True, slots=True)
class PointComparison:
    """Both models on the same held-out pictures.

    `mean`, `median`, `far` (99th percentile): distance of a picture's points between the models, over its eye distance,
    where both see a face; `agreement`: share of pictures on whose presence both agree; `pictures`: how many; `worst`:
    up to ten pictures whose points differ most, by their place in the held-out data.
    """

    pictures: int
    mean: float
    median: float
    far: float
    agreement: float
    worst: tuple[dict[str, Any], ...]


def compare_points(
    float_points: NDArray[np.float32],
    int8_points: NDArray[np.float32],
    float_presence: NDArray[np.float32],
    int8_presence: NDArray[np.float32],
    eye_distance: NDArray[np.float32],
) -> PointComparison:
    """What both models answered.

    Args:
        float_points: float32[n, points, 2], any unit.
        int8_points: the same.
        float_presence: logit float32[n] of there being a face.
        int8_presence: the same.
        eye_distance: float32[n] by the float model, in the unit of the points.

    Raises:
        InputError: the answers are not finite, or no picture has a face.
    """
    if not (np.isfinite(float_points).all() and np.isfinite(float_presence).all()):
        raise InputError("the float model's points are not finite numbers; train it again.")
    if not (np.isfinite(int8_points).all() and np.isfinite(int8_presence).all()):  # of float16, say, that overflows
        raise InputError("the converted model's points are not finite numbers; convert it with another --precision.")
    both = (float_presence > 0) & (int8_presence > 0)
    if not both.any():
        raise InputError("the models see a face in no held-out picture, so nothing can be said; train it again.")
    apart = np.linalg.norm(float_points[both] - int8_points[both], axis=2).mean(axis=1) / eye_distance[both]
    worst = np.argsort(-apart, kind="stable")[:10]
    rows = np.flatnonzero(both)
    return PointComparison(
        pictures=len(float_points),
        mean=float(apart.mean()),
        median=float(np.median(apart)),
        far=float(np.percentile(apart, 99)),
        agreement=float(np.mean((float_presence > 0) == (int8_presence > 0))),
        worst=tuple({"picture": int(rows[place]), "difference": float(apart[place])} for place in worst),
    )


def failures(comparison: PointComparison, limits: PointLimits) -> list[str]:
    """Each limit that the int8 model breaks, in words, with both numbers; empty where it may ship."""
    found = []
    if comparison.mean > limits.mean:
        found.append(f"points move by {comparison.mean:.2%} of the eye distance, at most {limits.mean:.2%}")
    if comparison.far > limits.far:
        found.append(f"points of one picture in a hundred move by {comparison.far:.2%}, at most {limits.far:.2%}")
    if comparison.agreement < limits.agreement:
        found.append(f"agreement on presence {comparison.agreement:.2%}, at least {limits.agreement:.2%}")
    return found


def summary(comparison: PointComparison) -> dict[str, Any]:
    """The figures that belong on the card."""
    return {
        "pictures": comparison.pictures,
        "mean": round(comparison.mean, 5),
        "far": round(comparison.far, 5),
        "agreement": round(comparison.agreement, 5),
    }


def table(comparison: PointComparison) -> str:
    """The comparison as lines for a terminal."""
    return (
        f"points, float against int8, over the eye distance: mean {comparison.mean:.2%}, median "
        f"{comparison.median:.2%}, 99th percentile {comparison.far:.2%}\n"
        f"agreement on presence {comparison.agreement:.2%} of {comparison.pictures} pictures"
    )
