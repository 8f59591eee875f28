"""The comparison: every chosen classifier trained and measured on the same images, one after the other, in one folder.

Each has a folder of its own in the run's, with `result.json` when it is done; a run that was broken off goes on, and
does not train again what is done.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from edge.errors import InputError
from edge.vision.card import InputSpec, ModelCard
from train.architectures import ARCHITECTURES
from train.card import LAWYERS
from train.comparison.batches import answers, inputs_of
from train.comparison.data import Splits, read
from train.comparison.device import convert, samples
from train.comparison.fit import Limits, Trained, fit
from train.comparison.given import given
from train.comparison.measure import figures, temperature
from train.comparison.recipes import LARGE, REPORTS, Report, takes_weights
from train.files import replace
from train.guards import room
from train.recipes import EMOTION

Row = dict[str, Any]
"""One classifier's result: what it was asked, how it was trained, what it reached, what it is on the device."""

WHOLE = ("all epochs", "early stopping")


@dataclass(frozen=True)
class Asked:
    """`share`: of the training images for networks of 200 pixels and more; `weights`: of backbones, by architecture."""

    architectures: tuple[str, ...]
    classes: int = 4
    votes: float = 0.0
    share: float = 1.0
    seed: int = 0
    limits: Limits = field(default_factory=Limits)
    weights: Mapping[str, str] = field(default_factory=dict)

    @property
    def reference(self) -> str:
        """The label set that epochs are chosen by and temperatures fitted to."""
        return "fer2013" if self.votes < 0.5 else "ferplus"


def run(data: Path, output: Path, asked: Asked, models: Mapping[str, Path], *, shown: bool = True) -> list[Row]:
    """Trains and measures what is not done yet; gives the rows of all that `output` holds, in the order of the table.

    Raises:
        InputError: data, weights or a model cannot be used, or `output` holds runs that were asked something else.
    """
    splits = read(data, asked.classes, asked.votes)
    with room(output):
        output.mkdir(parents=True, exist_ok=True)
    open_ones = [name for name in asked.architectures if not _done(output / name, name, asked)]
    _refuse_missing_weights(open_ones, asked)
    form = "{desc}: {percentage:3.0f} %|{bar}| {n:.2f} of {total:g} [{elapsed}]{postfix}"
    hidden = None if shown else True  # None: hidden where there is no terminal
    with tqdm(total=len(open_ones) + len(models), desc="compare", bar_format=form, disable=hidden) as bar:
        for number, name in enumerate([*open_ones, *models]):

            def told(share: float, text: str, number: int = number, name: str = name) -> None:
                bar.n = number + 0.95 * share
                bar.set_postfix_str(f"{name}: {text}", refresh=False)
                bar.update(0)

            told(0.0, "begins")
            row = _row(name, asked, splits, output / name, told) if name in open_ones else None
            row = row or _given(name, models[name], asked, splits, output / name)
            with room(output):
                replace(output / name / "result.json", json.dumps(row, indent=1) + "\n")
        bar.n = bar.total
        bar.refresh()
    return rows_in(output, asked)


def rows_in(output: Path, asked: Asked) -> list[Row]:
    """The results in the folder that were asked the same classes and votes: networks as listed, then given models."""
    found = [json.loads(path.read_text()) for path in sorted(output.glob("*/result.json"))]
    same = [row for row in found if (row["settings"]["classes"], row["settings"]["votes"]) == _question(asked)]
    order = list(REPORTS)
    return sorted(same, key=lambda row: order.index(row["name"]) if row["kind"] != "model" else len(order))


def _question(asked: Asked) -> tuple[int, float]:
    return asked.classes, asked.votes


def _settings(name: str, asked: Asked) -> dict[str, Any]:
    settings = {"architecture": name, "classes": asked.classes, "votes": asked.votes, "seed": asked.seed}
    settings |= {"share": asked.share} if REPORTS[name].side >= LARGE else {}
    return settings | ({"weights": Path(asked.weights.get(name, "none")).name} if takes_weights(name) else {})


def _done(folder: Path, name: str, asked: Asked) -> bool:
    """Whether the folder has the result that is asked for; more epochs or minutes than before go on with it."""
    path = folder / "result.json"
    if not path.is_file():
        return False
    try:
        row = json.loads(path.read_text())
        settings, training = row["settings"], row["training"]
    except (OSError, ValueError, KeyError):
        raise InputError(f"{path}: the result cannot be read; delete it to measure anew.") from None
    wanted = _settings(name, asked)
    differing = sorted(key for key in {**settings, **wanted} if settings.get(key) != wanted.get(key))
    if differing:
        raise InputError(
            f"{folder}: holds a run with another {', '.join(differing)}; give the same options or another --output."
        )
    return training["ended"] in WHOLE or training["limits"] == asdict(asked.limits)


def _refuse_missing_weights(names: list[str], asked: Asked) -> None:
    """Builds each backbone that shall have weights: what is missing is told now, not after hours."""
    wanted = [name for name in names if takes_weights(name) and asked.weights.get(name, "none") != "none"]
    if wanted:
        from train import architectures

        for name in wanted:
            side = REPORTS[name].side
            architectures.build(name, (side, side, 1), asked.classes, weights=asked.weights[name])


def _row(name: str, asked: Asked, splits: Splits, folder: Path, told: Callable[[float, str], None]) -> Row:
    settings = _settings(name, asked)
    row: Row = {"name": name, "kind": "network", "settings": settings, "published": REPORTS[name].published}
    training: dict[str, Any] = {"recipe": REPORTS[name].text, "limits": asdict(asked.limits)}
    if ARCHITECTURES[name] == "classical":
        from train.comparison import classical

        told(0.1, "trains")
        done = classical.fit(name, splits, folder, asked.seed)
        training |= {"ended": "all epochs", "images": done.images, "seconds": done.seconds, "epochs": None}
        warmth = temperature(done.validation, splits.validation, asked.reference)
        row |= {"kind": "classical", "training": training, "history": [], "device": done.device}
        return row | _figures(splits, done.test, warmth) | {"parameters": done.device["parameters"]}
    report, share = REPORTS[name], asked.share if REPORTS[name].side >= LARGE else 1.0
    shown = splits.training.part(share, asked.seed)
    validation = splits.validation.part(share, asked.seed)
    weights = asked.weights.get(name, "none")
    trained = fit(
        name,
        report,
        shown,
        validation,
        folder,
        reference=asked.reference,
        seed=asked.seed,
        limits=asked.limits,
        settings=settings,
        weights=weights,
        told=lambda done, text: told(0.8 * done, text),
    )
    training |= {
        "ended": trained.ended,
        "epochs": trained.epochs,
        "of": report.epochs,
        "images": len(shown),
        "share": share,
        "seconds": sum(record["seconds"] for record in trained.history),
        "weights": settings.get("weights"),
    }
    row |= {"training": training, "history": trained.history, "parameters": trained.model.count_params()}
    return row | _measured(trained, report, splits, validation, folder, asked.reference, told)


def _given(name: str, model: Path, asked: Asked, splits: Splits, folder: Path) -> Row:
    """A ready model's row; it is measured anew in every run."""
    logits, warmth, device = given(model, splits, folder)
    settings = {"classes": asked.classes, "votes": asked.votes, "model": model.name}
    training = {"recipe": f"as {model.name} has it", "ended": "given"}
    row = {"name": name, "kind": "model", "settings": settings, "published": "-", "training": training, "history": []}
    return row | _figures(splits, logits, warmth) | {"device": device, "parameters": device.get("parameters")}


def _measured(
    trained: Trained,
    report: Report,
    splits: Splits,
    validation: Any,
    folder: Path,
    reference: str,
    told: Callable[[float, str], None],
) -> Row:
    import keras

    predict = trained.model.predict_on_batch
    warmth = temperature(answers(predict, validation.images, report), validation, reference)
    logits = answers(predict, splits.test.images, report, lambda share: told(0.8 + 0.1 * share, "test"))
    keras.utils.clear_session()
    card = ModelCard(
        task="emotion",
        version="0.0.0",
        labels=splits.classes,
        input=InputSpec(width=report.side, height=report.side, channels=1, mean=0.0, std=report.std),
        temperature=warmth,
        datasets=EMOTION.datasets[:2],
        source={"commands": ["train-model compare emotion"], "terms": LAWYERS},
    )
    with room(folder):
        replace(folder / "card.json", card.model_dump_json(indent=1) + "\n")
    told(0.9, "conversion")
    calibration, checked = (inputs_of(images, report) for images in samples(splits))
    device = convert(folder / "model.keras", card, calibration, checked)
    return _figures(splits, logits, warmth) | {"device": device}


def _figures(splits: Splits, logits: NDArray[np.float32], warmth: float) -> Row:
    return {
        "classes": list(splits.classes),
        "temperature": warmth,
        "labels": figures(splits.classes, splits.test, logits, warmth),
    }
