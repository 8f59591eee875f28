"""The comparison's pictures: confusion matrices, accuracies, training curves, reliability diagrams."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

Row = dict[str, Any]
SETS = {"ferplus": "FER+ majority", "fer2013": "FER2013's labels"}


def draw_confusion(row: Row, path: Path) -> None:
    """Counts and shares of each true class, against both label sets."""
    classes = row["classes"]
    figure = Figure(figsize=(4 + 1.3 * len(classes), 2.8 + 1.2 * len(classes)), layout="constrained")
    for axes, (name, title) in zip(figure.subplots(2, 2), SETS.items(), strict=True):
        counts = np.array(row["labels"][name]["confusion"])
        shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        for place, values, form, kind in zip(
            axes, (counts, shares), ("{:d}", "{:.2f}"), ("images", "shares"), strict=True
        ):
            place.imshow(shares, cmap="Blues", vmin=0, vmax=1)
            place.set_title(f"{title}, {kind}", fontsize=10)
            place.set_xticks(range(len(classes)), classes, rotation=30)
            place.set_yticks(range(len(classes)), classes)
            place.set_xlabel("answered")
            place.set_ylabel("true")
            for (line, column), value in np.ndenumerate(values):
                colour = "white" if shares[line, column] > 0.5 else "black"
                place.text(column, line, form.format(value), ha="center", va="center", color=colour)
    figure.suptitle(row["name"])
    figure.savefig(path, dpi=100)


def draw_accuracies(rows: list[Row], path: Path) -> None:
    """Accuracy with its 95 % interval against both label sets, a line a classifier."""
    figure = Figure(figsize=(8, 1.4 + 0.35 * len(rows)), layout="constrained")
    axes = figure.subplots()
    for offset, (name, title) in zip((-0.13, 0.13), SETS.items(), strict=True):
        parts = [row["labels"][name] for row in rows]
        values = np.array([part["accuracy"] for part in parts])
        sides = np.abs(np.array([part["interval"] for part in parts]).T - values)
        axes.errorbar(values, np.arange(len(rows)) + offset, xerr=sides, fmt="o", ms=4, capsize=2, label=title)
    axes.set_yticks(range(len(rows)), [row["name"] for row in rows])
    axes.invert_yaxis()
    axes.set_xlabel("accuracy on PrivateTest, 95 % interval")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    figure.savefig(path, dpi=110)


def _grid(count: int, columns: int, width: float, height: float) -> tuple[Figure, list[Any]]:
    """A figure with at least so many places, those that are left over switched off."""
    lines = -(-count // columns)
    columns = min(columns, count)
    figure = Figure(figsize=(width * columns, height * lines), layout="constrained")
    places = list(np.ravel(figure.subplots(lines, columns, squeeze=False)))
    for place in places[count:]:
        place.set_axis_off()
    return figure, places[:count]


def draw_curves(rows: list[Row], path: Path) -> None:
    """Loss (left scale) and accuracy of the validation (right scale) by epoch, a place a network."""
    networks = [row for row in rows if row["history"]]
    figure, places = _grid(len(networks), 3, 4.2, 2.9)
    for axes, row in zip(places, networks, strict=True):
        epochs = np.cumsum([record["part"] for record in row["history"]])
        axes.plot(epochs, [record["loss"] for record in row["history"]], ".-", label="loss, training")
        axes.plot(epochs, [record["validation_loss"] for record in row["history"]], ".-", label="loss, validation")
        axes.set_xlabel("epoch")
        axes.set_title(row["name"], fontsize=10)
        axes.grid(alpha=0.3)
        right = axes.twinx()
        right.plot(epochs, [record["accuracy"] for record in row["history"]], "k.--", label="accuracy, validation")
        right.set_ylim(0, 1)
        lines = [*axes.get_lines(), *right.get_lines()]
        axes.legend(lines, [line.get_label() for line in lines], fontsize=7)
    figure.savefig(path, dpi=100)


def draw_reliability(rows: list[Row], path: Path) -> None:
    """Accuracy by confidence after the temperature, a place a classifier; dots are as large as bins are full."""
    figure, places = _grid(len(rows), 4, 3.2, 3.2)
    for axes, row in zip(places, rows, strict=True):
        axes.plot([0, 1], [0, 1], color="grey", lw=0.8)
        for name, title in SETS.items():
            part = row["labels"][name]
            count, confidence, right = np.array(part["reliability"]).T
            label = f"{title}, error {part['calibration_error']:.3f}"
            (line,) = axes.plot(confidence, right, lw=1, label=label)
            axes.scatter(confidence, right, s=4 + 150 * count / count.sum(), color=line.get_color(), alpha=0.6)
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1)
        axes.set_xlabel("confidence")
        axes.set_ylabel("accuracy")
        axes.set_title(f"{row['name']}, temperature {row['temperature']:.2f}", fontsize=9)
        axes.legend(fontsize=6, loc="upper left")
        axes.grid(alpha=0.3)
    figure.savefig(path, dpi=100)
