"""What `explore` found, as Markdown, pictures and JSON in a folder of the user's.

The grids show images of the set: they belong to whoever may hold the set, and into no repository.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from edge.errors import InputError
from train import explore
from train.explore import Found
from train.files import replace

EACH = 12
"""Images a label in a grid."""


def figures(found: Found) -> dict[str, Any]:
    """Everything that can be counted."""
    return {
        "images": len(found.images),
        "classes": explore.classes(found),
        "intensity": {title: explore.intensity(*view) for title, view in explore.views(found).items()},
        "duplicates": explore.duplicates(found),
        "disagreement": explore.disagreement(found),
    }


def _rows(head: list[str], rows: list[list[str]]) -> list[str]:
    return [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)] + [""]


def _classes(counts: dict[str, dict[str, dict[str, int]]]) -> list[str]:
    lines = []
    for name, splits in counts.items():
        total = {split: max(1, sum(of.values())) for split, of in splits.items()}
        labels = [label for label in next(iter(splits.values())) if any(of[label] for of in splits.values())]
        rows = [
            [label or "no label", *(f"{of[label]} ({of[label] / total[split]:.1%})" for split, of in splits.items())]
            for label in labels
        ]
        rows.append(["all", *(str(sum(of.values())) for of in splits.values())])
        lines += [f"Labels {name}:", "", *_rows(["label", *splits], rows)]
    return lines


def _intensity(intensity: dict[str, dict[str, dict[str, float]]]) -> list[str]:
    lines = []
    for name, labels in intensity.items():
        rows = [
            [label, *(f"{of[key]:.1f}" for key in ("mean", "deviation", "p5", "p50", "p95", "deviation_of_means"))]
            for label, of in labels.items()
        ]
        head = [f"{name}", "mean", "deviation", "5 %", "50 %", "95 %", "deviation of the images' means"]
        lines += [*_rows(head, rows), f"![grey levels, {name}](intensity-{name}.png)", ""]
    return lines


def _duplicates(found: dict[str, Any]) -> list[str]:
    rows = [
        ["groups of identical images", str(found["groups"])],
        ["images in them", str(found["images"])],
        ["of these superfluous", str(found["superfluous"])],
        ["largest group", str(found["largest"])],
        ["groups across splits", str(found["across"])],
        *([f"superfluous within {split}", str(count)] for split, count in found["within"].items()),
        *([f"images of {pair}, too", str(count)] for pair, count in found["leaks"].items()),
        *([f"images of {split} in any other split", str(count)] for split, count in found["leaking"].items()),
        *(
            [f"groups with contradicting labels, {name}", str(len(groups))]
            for name, groups in found["contradicting"].items()
        ),
    ]
    return _rows(["", ""], rows)


def _disagreement(found: dict[str, Any]) -> list[str]:
    columns = [c for c in next(iter(found["table"].values())) if any(row[c] for row in found["table"].values())]
    counts, shares = [], []
    for label, row in found["table"].items():
        voted = max(1, sum(count for other, count in row.items() if other))
        counts.append([label, *(str(row[c]) for c in columns)])
        shares.append(
            [label, *(f"{row[c] / voted:.1%}" if c else "" for c in columns), f"{found['agreed'][label]:.1%}"]
        )
    head = [f"{found['rows']} \\ {found['columns']}", *(c or "no votes" for c in columns)]
    entropy = [
        [label, f"{of['mean']:.2f}", f"{of['p90']:.2f}", f"{of['unanimous']:.1%}"]
        for label, of in found["entropy"].items()
    ]
    return [
        "In counts:",
        "",
        *_rows(head, counts),
        "In shares of the images that were voted on:",
        "",
        *_rows([*head, "agreed"], shares),
        "Entropy of an image's votes, in bits (0: unanimous):",
        "",
        *_rows([found["rows"], "mean", "90 % below", "unanimous"], entropy),
        "![entropy of the votes](entropy.png)",
        "",
    ]


def markdown(task: str, found: dict[str, Any]) -> str:
    lines = [f"# What is in the images for {task}", "", f"{found['images']} images, nothing dropped.", ""]
    lines += ["## Classes", "", *_classes(found["classes"]), "![classes](classes.png)", ""]
    lines += ["## Grey levels", "", *_intensity(found["intensity"])]
    lines += ["## Identical images", "", *_duplicates(found["duplicates"])]
    if found["disagreement"]:
        lines += ["## Labels that disagree", "", *_disagreement(found["disagreement"])]
    lines += ["## Samples", ""]
    lines += [f"![samples, {name}](samples-{name}.png)" for name in found["classes"]]
    return "\n".join(lines) + "\n"


def _draw_classes(found: dict[str, Any], path: Path) -> None:
    from matplotlib.figure import Figure  # slow to import

    sets = found["classes"]
    figure = Figure(figsize=(1.5 + 5 * len(sets), 3.6), layout="constrained")
    for axes, (name, splits) in zip(np.atleast_1d(figure.subplots(1, len(sets))), sets.items(), strict=True):
        labels = [label for label in next(iter(splits.values())) if any(of[label] for of in splits.values())]
        below = np.zeros(len(labels))
        for split, of in splits.items():
            heights = np.array([of[label] for label in labels])
            axes.bar([label or "no label" for label in labels], heights, bottom=below, label=split)
            below += heights
        axes.tick_params(axis="x", rotation=40)
        axes.set_ylabel("images")
        axes.set_title(f"labels {name}")
        axes.legend()
    figure.savefig(path, dpi=110)


def _draw_intensity(found: Found, name: str, path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 3.6), layout="constrained")
    axes = figure.subplots()
    for label, share in explore.histograms(found, name).items():
        # 256 levels of some thousand images are ragged where a set was stretched: eight levels a step show the form.
        axes.plot(np.arange(4, 256, 8), share.reshape(-1, 8).sum(axis=1), label=label)
    axes.set_xlabel("grey level")
    axes.set_ylabel("share of pixels in steps of 8 levels")
    axes.grid(alpha=0.3)
    axes.legend(fontsize="small")
    figure.savefig(path, dpi=110)


def _draw_samples(found: Found, name: str, seed: int, path: Path) -> None:
    from matplotlib.figure import Figure

    drawn = explore.sample(found, name, EACH, seed)
    figure = Figure(figsize=(1.4 + 0.75 * EACH, 0.8 * max(1, len(drawn))), layout="constrained")
    places = figure.subplots(max(1, len(drawn)), EACH, squeeze=False)
    for axes in places.ravel():
        axes.set_axis_off()
    for row, (label, images) in zip(places, drawn.items(), strict=False):
        for axes, image in zip(row, images, strict=False):
            axes.imshow(image, cmap="gray", vmin=0, vmax=255)
        row[0].text(-0.15, 0.5, label, ha="right", va="center", transform=row[0].transAxes)
    figure.savefig(path, dpi=110)


def _draw_entropy(found: Found, path: Path) -> None:
    from matplotlib.figure import Figure

    assert found.votes is not None  # noqa: S101  (asked only where there are votes)
    bits, (name, labels) = explore.entropy(found.votes), next(iter(found.labels.items()))
    figure = Figure(figsize=(7, 3.4), layout="constrained")
    axes = figure.subplots()
    for label in found.order[name]:
        of = bits[(labels == label) & np.isfinite(bits)]
        axes.plot(np.sort(of), np.linspace(0, 1, len(of)), label=label)
    axes.set_xlabel("entropy of the votes, bits")
    axes.set_ylabel("share of images at or below")
    axes.grid(alpha=0.3)
    axes.legend(fontsize="small", title=name)
    figure.savefig(path, dpi=110)


def write(task: str, data: Path, output: Path, seed: int = 0) -> dict[str, Any]:
    """Writes report.md, explore.json and the pictures to the folder; gives the figures.

    Raises:
        InputError: the folder cannot be written; the set is missing or damaged.
    """
    found = explore.read(task, data)
    counted = figures(found)
    try:
        output.mkdir(parents=True, exist_ok=True)
        _draw_classes(counted, output / "classes.png")
        for title, view in explore.views(found).items():
            _draw_intensity(*view, output / f"intensity-{title}.png")
        for name in found.labels:
            _draw_samples(found, name, seed, output / f"samples-{name}.png")
        if found.votes is not None:
            _draw_entropy(found, output / "entropy.png")
        replace(output / "explore.json", json.dumps({"task": task, **counted}, indent=1) + "\n")
        replace(output / "report.md", markdown(task, counted))
    except OSError as error:
        raise InputError(f"{output}: the report cannot be written ({error.strerror}); choose another folder.") from None
    return counted
