"""One verdict on the int8 model, whatever the task's network answers: classes, contour points or detections."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert import compare, package, points
from edge.vision.card import ModelCard

LIMITS = {
    "landmarks": points.PointLimits(),
    # A model refined with everything rounded reaches 0.017, 0.096 and 0.986; one that was not, 0.049, 0.18 and 0.976.
    "face": points.PointLimits(mean=0.025, far=0.15, agreement=0.98),
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """`table`: lines for a terminal; `failures`: each broken limit in words, empty where the model may ship; `summary`:
    the figures for the card; `limits` and `comparison`: all of it, for the report; `unanswered`: labels that the float
    model already answers too seldom, which no conversion mends.
    """

    table: str
    failures: list[str]
    summary: dict[str, Any]
    limits: dict[str, float]
    comparison: dict[str, Any]
    unanswered: tuple[str, ...] = ()


def judge(
    card: ModelCard, float_output: NDArray[np.float32], int8_output: NDArray[np.float32], truth: NDArray[np.int64]
) -> Verdict:
    """What both models, float32[n, outputs] each, answered to the same held-out pictures.

    `truth` int64[n] holds the places of the right labels, for tasks that name classes.

    Raises:
        InputError: the answers are no finite logits, or a class has no picture.
    """
    if card.task not in ("landmarks", "face"):
        return _classes(card, float_output, int8_output, truth)
    placed = import_module(f"train.places.{card.task}").placed
    before, float_presence, eye_distance = placed(float_output)
    after, int8_presence, _ = placed(int8_output)
    found = points.compare_points(before, after, float_presence, int8_presence, eye_distance)
    limits = LIMITS[card.task]
    return Verdict(
        points.table(found), points.failures(found, limits), points.summary(found), asdict(limits), asdict(found)
    )


def _classes(
    card: ModelCard, float_output: NDArray[np.float32], int8_output: NDArray[np.float32], truth: NDArray[np.int64]
) -> Verdict:
    package.refuse_probabilities(float_output)
    found = compare.compare(float_output, int8_output, truth, card.labels, card.temperature)
    limits = compare.Limits()
    return Verdict(
        compare.table(found),
        compare.failures(found, limits),
        compare.summary(found),
        asdict(limits),
        asdict(found),
        compare.unanswered(found, limits),
    )
