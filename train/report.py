"""A run's report: figures as JSON, tables as Markdown, curves and confusion matrices as pictures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from edge.errors import InputError
from train.files import replace
from train.recipes import Recipe

Results = dict[str, Any]
"""What `evaluate.measure` gives."""


def _headline(name: str, figures: dict[str, Any]) -> str:
    return (
        f"**{name}**: {figures['images']} images, accuracy {figures['accuracy']:.2%}, "
        f"macro F1 {figures['macro_f1']:.3f}, calibration error {figures['calibration_error']:.3f}"
    )


def table(results: Results) -> str:
    """The figures as Markdown: one table a label set, a row a class; for two classes the AUC of each source."""
    lines = []
    for name, figures in results["labels"].items():
        lines += [
            _headline(name, figures),
            "",
            "| class | precision | recall | F1 | images |",
            "|---|---|---|---|---|",
        ]
        for label, row in figures["classes"].items():
            lines.append(
                f"| {label} | {row['precision']:.3f} | {row['recall']:.3f} | {row['f1']:.3f} | {row['images']} |"
            )
        lines.append("")
        for label, row in figures["classes"].items():
            if "recall_above" in row:
                asked = f"{label} where P({label}) > {row['threshold']}"
                lines += [f"{asked}: {row['recall_above']:.1%} of {label}, {row['false_above']:.1%} of all others", ""]
    if "unknown" in results:
        of = results["unknown"]
        lines += [f"unknown: {of['no_faces']:.1%} of patches without a face, {of['faces']:.1%} of faces", ""]
    if "auc" in results:
        lines += ["| set | AUC, open against closed |", "|---|---|"]
        lines += [f"| {source} | {value:.4f} |" for source, value in results["auc"].items()]
        lines.append("")
    return "\n".join(lines)


def _draw_confusion(recipe: Recipe, name: str, confusion: list[list[int]], path: Path) -> None:
    from matplotlib.figure import Figure  # slow to import

    counts = np.array(confusion)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure = Figure(figsize=(4 + 1.2 * len(counts), 2.4 + 0.6 * len(counts)), layout="constrained")
    for axes, values, form in zip(figure.subplots(1, 2), (counts, shares), ("{:d}", "{:.2f}"), strict=True):
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        axes.set_xticks(range(len(counts)), recipe.classes, rotation=30)
        axes.set_yticks(range(len(counts)), recipe.classes)
        axes.set_xlabel("answered")
        axes.set_ylabel("true")
        for (row, column), value in np.ndenumerate(values):
            colour = "white" if shares[row, column] > 0.5 else "black"
            axes.text(column, row, form.format(value), ha="center", va="center", color=colour)
    figure.suptitle(f"{recipe.task}, labels {name}: images and shares")
    figure.savefig(path, dpi=110)


def _draw_classes(recipe: Recipe, results: Results, path: Path) -> None:
    from matplotlib.figure import Figure

    sets = results["labels"]
    figure = Figure(figsize=(3.2 * len(sets) + 2, 3.2), layout="constrained")
    places = np.atleast_1d(figure.subplots(1, len(sets), sharey=True))
    for axes, (name, figures) in zip(places, sets.items(), strict=True):
        for number, kind in enumerate(("precision", "recall", "f1")):
            heights = [figures["classes"][label][kind] for label in recipe.classes]
            axes.bar(np.arange(len(heights)) + 0.25 * number, heights, 0.25, label=kind)
        axes.set_xticks(np.arange(len(recipe.classes)) + 0.25, recipe.classes, rotation=30)
        axes.set_title(f"labels {name}")
        axes.set_ylim(0, 1)
        axes.grid(axis="y", alpha=0.3)
        axes.legend(loc="lower right")
    figure.savefig(path, dpi=110)


def _draw_curves(history: list[dict[str, float]], path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    epochs = range(1, len(history) + 1)
    left.plot(epochs, [record["loss"] for record in history], label="training (augmented)")
    left.plot(epochs, [record["validation_loss"] for record in history], label="validation (averaged weights)")
    left.set_ylabel("loss")
    right.plot(epochs, [record["validation"] for record in history], label="what epochs are chosen by")
    for axes in (left, right):
        axes.set_xlabel("epoch")
        axes.grid(alpha=0.3)
        axes.legend()
    figure.savefig(path, dpi=110)


def write(
    folder: Path, recipe: Recipe, parts: dict[str, Results], history: list[dict[str, float]] | None = None
) -> None:
    """Writes the report of the named parts (`validation`, `test`, ...) to the folder.

    Raises:
        InputError: the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        replace(
            folder / "results.json", json.dumps({"task": recipe.task, **parts, "history": history}, indent=1) + "\n"
        )
        text = [f"# {recipe.task}", ""]
        for part, results in parts.items():
            text += [f"## {part}", "", table(results)]
            _draw_classes(recipe, results, folder / f"{part}-classes.png")
            text += [f"![per class]({part}-classes.png)", ""]
            for name, figures in results["labels"].items():
                _draw_confusion(recipe, name, figures["confusion"], folder / f"{part}-confusion-{name}.png")
                text += [f"![confusion, {name}]({part}-confusion-{name}.png)", ""]
        if history:
            _draw_curves(history, folder / "curves.png")
            text += ["## Training", "", "![curves](curves.png)", ""]
        replace(folder / "report.md", "\n".join(text))
    except OSError as error:
        raise InputError(f"{folder}: the report cannot be written ({error.strerror}); choose another folder.") from None
