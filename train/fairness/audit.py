"""The audit by groups of people from data to page and verdict."""

from __future__ import annotations

from pathlib import Path

from edge.config import FaceConfig, VisionConfig
from train.fairness import differences, pages, subjects
from train.fairness import limits as fairness_limits


def audit(task: str, model: Path, data: Path, limits_file: Path | None = None) -> tuple[str, bool]:
    """The page in Markdown, and whether no difference is shown to be over its limit.

    Args:
        task: face, eyes or emotion; its model is `model`, the others are those that ship.
        model: an int8 `.tflite` with its card.
        data: the folder that holds fairface_val.
        limits_file: in the form of audit_limits.yaml, which is taken where there is none.

    Raises:
        InputError: the pictures or the limits cannot be read.
        ConfigError: the model cannot be used.
    """
    measures = subjects.MEASURES[task]
    limits = fairness_limits.read_limits(limits_file or fairness_limits.SHIPPED, measures=measures)
    facts = subjects.facts(data, _with(task, model))
    findings = [
        finding
        for measure in measures
        for finding in differences.judge(measure, facts.said[measure], facts.people, limits)
    ]
    page = pages.page(task, findings, limits, len(facts))
    return page, all(finding.verdict != "not within" for finding in findings)


def _with(task: str, model: Path) -> VisionConfig:
    """The default of everything, but for the model of one task."""
    if task == "face":
        return VisionConfig(face=FaceConfig(native_model=model))
    return VisionConfig().model_copy(update={f"{task}_model": model})
