"""Holds the int8 model against the float model, picture by picture and class by class.

After int8 a model can collapse to one or two classes and still look fine on average, so every class has its limit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.errors import InputError
from train.calibrate import calibration_error, softmax

ROUNDING = 1e-9
"""Differences of shares are sums of floats: what is equal to a limit is within it."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the int8 model may lose, as shares 0..1; project's own limits: the shipped models stay well within."""

    agreement: float = 0.985
    """Least share of pictures on which both models answer the same."""
    accuracy_drop: float = 0.005
    recall_drop: float = 0.015
    """Of every class."""
    calibration_rise: float = 0.01
    """Of the expected calibration error, at the card's temperature."""
    recall_over_chance: float = 0.5
    """Least recall of every class, times 1 / number of classes: below half of guessing, a class has collapsed, be it
    already in the float model (pictures scaled otherwise than in training, labels in another order)."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One measure of both models, a share 0..1."""

    float32: float
    int8: float

    @property
    def drop(self) -> float:
        return self.float32 - self.int8


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both models on the same held-out pictures.

    `counts`: pictures a class; `moved[label][other]`: pictures that the float model calls `label` and the int8 model
    `other`; `largest_logit_difference` in logits; `worst`: up to ten pictures where the logits differ most, by their
    place in the held-out data.
    """

    labels: tuple[str, ...]
    counts: dict[str, int]
    agreement: float
    accuracy: Pair
    recall: dict[str, Pair]
    calibration_error: Pair
    largest_logit_difference: float
    moved: dict[str, dict[str, int]]
    worst: tuple[dict[str, Any], ...]

    @property
    def pictures(self) -> int:
        return sum(self.counts.values())


def compare(
    float_logits: NDArray[np.float32],
    int8_logits: NDArray[np.float32],
    truth: NDArray[np.int64],
    labels: tuple[str, ...],
    temperature: float = 1.0,
) -> Comparison:
    """What both models answered, float32[n, labels] each, against the truth int[n], places in `labels`.

    The calibration error is that of probabilities, the softmax of logits over the temperature.

    Raises:
        InputError: a class has no picture, so nothing can be said of it; a truth outside the labels; logits that are
            not finite.
    """
    expected = (len(truth), len(labels))
    if float_logits.shape != expected or int8_logits.shape != expected:
        raise InputError(f"the scores {float_logits.shape}, {int8_logits.shape} are not {expected}: a label each.")
    if len(truth) and not 0 <= truth.min() <= truth.max() < len(labels):
        raise InputError(f"the held-out labels go from {truth.min()} to {truth.max()}, the card has {len(labels)}.")
    if not np.isfinite(float_logits).all():
        raise InputError("the float model's scores are not finite numbers; train it again.")
    counts = {label: int(np.sum(truth == place)) for place, label in enumerate(labels)}
    if missing := [label for label, count in counts.items() if count == 0]:
        raise InputError(f"the held-out data have no picture of: {', '.join(missing)}; add some, or fix the labels.")

    before, after = float_logits.argmax(axis=1), int8_logits.argmax(axis=1)
    difference = np.abs(float_logits - int8_logits).max(axis=1)
    worst = np.argsort(-difference, kind="stable")[:10]

    def right(place: int) -> Pair:
        of_class = truth == place
        return Pair(float(np.mean(before[of_class] == place)), float(np.mean(after[of_class] == place)))

    return Comparison(
        labels=labels,
        counts=counts,
        agreement=float(np.mean(before == after)),
        accuracy=Pair(float(np.mean(before == truth)), float(np.mean(after == truth))),
        recall={label: right(place) for place, label in enumerate(labels)},
        calibration_error=Pair(
            *(calibration_error(softmax(logits / temperature), truth) for logits in (float_logits, int8_logits))
        ),
        largest_logit_difference=float(difference.max()),
        moved={
            label: {other: int(np.sum((before == i) & (after == j))) for j, other in enumerate(labels)}
            for i, label in enumerate(labels)
        },
        worst=tuple(
            {
                "picture": int(place),
                "truth": labels[int(truth[place])],
                "float32": labels[int(before[place])],
                "int8": labels[int(after[place])],
                "logit_difference": float(difference[place]),
            }
            for place in worst
        ),
    )


def failures(comparison: Comparison, limits: Limits) -> list[str]:
    """Each limit that the int8 model breaks, in words, with both numbers; empty where it may ship."""
    found = []
    if comparison.agreement < limits.agreement - ROUNDING:
        found.append(f"agreement {comparison.agreement:.1%}, at least {limits.agreement:.1%}")
    if comparison.accuracy.drop > limits.accuracy_drop + ROUNDING:
        found.append(f"accuracy falls by {_points(comparison.accuracy.drop)}, at most {_points(limits.accuracy_drop)}")
    if -comparison.calibration_error.drop > limits.calibration_rise + ROUNDING:
        found.append(
            f"calibration error rises from {comparison.calibration_error.float32:.3f} to "
            f"{comparison.calibration_error.int8:.3f}, by at most {limits.calibration_rise:.3f}"
        )
    floor = _floor(comparison, limits)
    for label, recall in comparison.recall.items():
        if recall.drop > limits.recall_drop + ROUNDING:
            found.append(f"recall of {label} falls by {_points(recall.drop)}, at most {_points(limits.recall_drop)}")
        if recall.int8 < floor:
            found.append(f"recall of {label} {recall.int8:.1%} (float {recall.float32:.1%}), at least {floor:.1%}")
    return found


def unanswered(comparison: Comparison, limits: Limits) -> tuple[str, ...]:
    """The labels that both models, not only the int8 one, answer too seldom."""
    floor = _floor(comparison, limits)
    return tuple(label for label, recall in comparison.recall.items() if max(recall.float32, recall.int8) < floor)


def summary(comparison: Comparison) -> dict[str, Any]:
    """The figures that belong on the card."""
    return {
        "pictures": comparison.pictures,
        "agreement": round(comparison.agreement, 5),
        "accuracy": _rounded(comparison.accuracy),
        "recall": {label: _rounded(pair) for label, pair in comparison.recall.items()},
        "calibration_error": _rounded(comparison.calibration_error),
        "largest_logit_difference": round(comparison.largest_logit_difference, 4),
    }


def table(comparison: Comparison) -> str:
    """The comparison as lines for a terminal."""
    rows = [("accuracy", comparison.pictures, comparison.accuracy)]
    rows += [(f"recall {label}", comparison.counts[label], pair) for label, pair in comparison.recall.items()]
    width = max(len(name) for name, _, _ in rows)
    lines = [f"{'':{width}}  pictures    float     int8   change"]
    lines += [
        f"{name:{width}}  {count:8d}  {pair.float32:7.2%}  {pair.int8:7.2%}  {100 * (pair.int8 - pair.float32):+7.2f}"
        for name, count, pair in rows
    ]
    error = comparison.calibration_error
    lines.append(
        f"agreement {comparison.agreement:.2%}, largest difference of a logit "
        f"{comparison.largest_logit_difference:.3f}, calibration error {error.float32:.3f} to {error.int8:.3f}"
    )
    return "\n".join(lines)


def _floor(comparison: Comparison, limits: Limits) -> float:
    """Recall below which a class has collapsed."""
    return limits.recall_over_chance / len(comparison.labels) - ROUNDING


def _points(share: float) -> str:
    return f"{100 * share:.1f} points"


def _rounded(pair: Pair) -> dict[str, float]:
    return {"float32": round(pair.float32, 5), "int8": round(pair.int8, 5)}
