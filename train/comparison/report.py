"""The comparison as tables: Markdown to read, CSV to reckon with; `pictures` draws the rest."""

from __future__ import annotations

import csv
import io
import platform
from pathlib import Path
from typing import Any

from train.comparison import pictures
from train.files import replace
from train.guards import room

Row = dict[str, Any]
SETS = {"ferplus": "the FER+ majority", "fer2013": "FER2013's labels"}

COLUMNS = (
    "classifier",
    "published",
    "FER+ majority (95 %)",
    "FER2013's labels (95 %)",
    "macro F1",
    "calibration error",
    "parameters",
    "multiply-adds",
    "int8",
    "time",
    "int8 answers as float",
    "trained",
)


def write(output: Path, rows: list[Row], question: str) -> None:
    """`comparison.md`, `comparison.csv` and `pictures/` in the folder; `question` says what was asked of all of them.

    Raises:
        InputError: the folder cannot be written.
    """
    drawn_in = output / "pictures"
    with room(output):
        drawn_in.mkdir(parents=True, exist_ok=True)
        replace(output / "comparison.csv", table_csv(rows))
        for row in rows:
            pictures.draw_confusion(row, drawn_in / f"confusion-{row['name']}.png")
        pictures.draw_accuracies(rows, drawn_in / "accuracy.png")
        pictures.draw_reliability(rows, drawn_in / "reliability.png")
        drawn = ["accuracy", "reliability"]
        if any(row["history"] for row in rows):
            pictures.draw_curves(rows, drawn_in / "curves.png")
            drawn.append("curves")
        replace(output / "comparison.md", markdown(rows, question, drawn))


def markdown(rows: list[Row], question: str, drawn: list[str]) -> str:
    """The page: the table of all, how each was trained, per class, pictures."""
    lines = ["# Emotion classifiers compared", "", question, "", *_overview(rows), "", *_training(rows)]
    for name, title in SETS.items():
        lines += ["", f"## Per class, against {title}", "", *_per_class(rows, name)]
    lines += ["", "## Pictures", ""]
    lines += [f"![{name}](pictures/{name}.png)" for name in drawn]
    lines += [f"![confusion of {row['name']}](pictures/confusion-{row['name']}.png)" for row in rows]
    if any(row["name"] == "random_forest" for row in rows):
        lines.append("![importance map](random_forest/importance.png)")
    return "\n".join(lines) + "\n"


def _overview(rows: list[Row]) -> list[str]:
    """Published and own figures side by side, and what each costs."""
    lines = [f"| {' | '.join(COLUMNS)} |", "|---" * len(COLUMNS) + "|"]
    for row in rows:
        sets = [row["labels"][name] for name in SETS]
        device = row["device"]
        cells = [
            f"`{row['name']}`",
            row["published"],
            *(_with_interval(part) for part in sets),
            " / ".join(f"{part['macro_f1']:.3f}" for part in sets),
            " / ".join(f"{part['calibration_error']:.3f}" for part in sets),
            _count(row["parameters"]),
            _count(device.get("multiply_adds")),
            _size(row),
            f"{device['median_ms']:.3g} ms" if "median_ms" in device else "-",
            f"{100 * device['agreement']:.1f} %" if "agreement" in device else "-",
            _trained(row),
        ]
        lines.append("| " + " | ".join(cells) + " |")
    note = (
        "Two figures in one cell: against the FER+ majority / against FER2013's labels. Calibration error after one "
        "temperature, fitted on `PublicTest`. Time: median of a call on one thread of this machine "
        f"({platform.machine()}), with whatever else it did. Published figures are of other images and other splits, "
        "some of which hold duplicates of training images."
    )
    return [*lines, "", note] + [
        f"`{row['name']}` has no int8 model: {row['device']['failed']}." for row in rows if "failed" in row["device"]
    ]


def _training(rows: list[Row]) -> list[str]:
    lines = ["## How each was trained", "", "| classifier | recipe of its report | here |", "|---|---|---|"]
    return lines + [f"| `{row['name']}` | {row['training']['recipe']} | {_trained(row)} |" for row in rows]


def _trained(row: Row) -> str:
    training = row["training"]
    if row["kind"] == "model":
        return "given"
    text = f"{training['images']} images, {training['seconds']:.0f} s"
    if row["kind"] == "classical":
        return text
    whole = f"{training['epochs']:.3g} of {training['of']} epochs"
    share = f" ({100 * training['share']:g} % of them)" if training["share"] < 1 else ""
    weights = {None: "", "none": "; random weights to begin with, all of them learn"}.get(
        training["weights"], f"; began with {training['weights']}"
    )
    limits = training["limits"]
    cap = {
        "--minutes": f", cut by --minutes {limits['minutes'] or 0:g}",
        "--epochs": f", cut by --epochs {limits['epochs']}",
        "early stopping": ", early stopping",
    }.get(training["ended"], "")
    return f"{whole}{cap}; {text}{share}{weights}"


def _per_class(rows: list[Row], name: str) -> list[str]:
    classes = list(rows[0]["labels"][name]["classes"]) if rows else []
    lines = [
        "Precision / recall / F1.",
        "",
        f"| classifier | {' | '.join(classes)} |",
        "|---" * (len(classes) + 1) + "|",
    ]
    for row in rows:
        of = row["labels"][name]["classes"]
        cells = [
            f"{of[label]['precision']:.2f} / {of[label]['recall']:.2f} / {of[label]['f1']:.2f}" for label in classes
        ]
        lines.append(f"| `{row['name']}` | {' | '.join(cells)} |")
    images = [str(rows[0]["labels"][name]["classes"][label]["images"]) for label in classes]
    return [*lines, f"| images | {' | '.join(images)} |"]


def _with_interval(part: Row) -> str:
    low, high = part["interval"]
    return f"{100 * part['accuracy']:.2f} % ({100 * low:.1f} to {100 * high:.1f})"


def _count(number: int | None) -> str:
    if number is None:
        return "-"
    return f"{number / 1e6:.3g} M" if number >= 1e6 else f"{number / 1e3:.3g} k"


def _size(row: Row) -> str:
    size = row["device"].get("bytes")
    if size is None:
        return "-"
    return f"{size / 1000:,.0f} kB" + (", no int8" if row["kind"] == "classical" else "")


def table_csv(rows: list[Row]) -> str:
    """A line a classifier, everything that the page has, as plain numbers; shares 0..1."""
    flat = [_flat(row) for row in rows]
    names = list(dict.fromkeys(name for line in flat for name in line))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(flat)
    return text.getvalue()


def _flat(row: Row) -> dict[str, Any]:
    training = row["training"]
    line = {"classifier": row["name"], "published": row["published"], "recipe": training["recipe"]}
    line |= {key: training.get(key) for key in ("ended", "epochs", "of", "images", "share", "seconds", "weights")}
    line |= {f"cap_{key}": value for key, value in training.get("limits", {}).items()}
    line |= {"parameters": row["parameters"], "temperature": row["temperature"]}
    line |= {key: row["device"].get(key) for key in ("multiply_adds", "bytes", "median_ms", "agreement", "failed")}
    for name in SETS:
        part = row["labels"][name]
        line |= {
            f"{name}_{key}": part[key]
            for key in ("images", "accuracy", "macro_f1", "calibration_error", "calibration_error_raw")
        }
        line |= dict(zip((f"{name}_low", f"{name}_high"), part["interval"], strict=True))
        for label, figures in part["classes"].items():
            line |= {f"{name}_{label}_{key}": figures[key] for key in ("precision", "recall", "f1", "images")}
    return line
