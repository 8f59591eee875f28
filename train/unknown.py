"""How a model may tell what is no face, or like nothing it knows: scores measured on the same images.

- *answer*: the probability of the label `unknown`, which was learned from places without a face: what the vehicle asks.
- *confidence*: one minus the largest probability among the classes (Hendrycks & Gimpel 2017).
- *energy*: minus the log of the sum of the classes' exponentiated logits (Liu et al. 2020).
- *distance*: Mahalanobis distance of the last features to the nearest class's mean (Lee et al. 2018); `.keras` only.

Each score gets the threshold that the same share of real faces of `PublicTest` lies above; what lies above it elsewhere
is called unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from edge.errors import InputError
from edge.vision.crops import level
from train.answers import answering, card_of
from train.calibrate import softmax
from train.data import Examples, eyes, fer2013, no_faces, scaled
from train.evaluate import load
from train.recipes import EMOTION

REFUSED = 0.01
"""Share of the real faces of `PublicTest` that every score may call unknown."""

FITTED_ON = 6000
"""Images of `Training` that means and covariance of the features are taken from."""

Images = NDArray[np.uint8]
Values = NDArray[np.float64]
BATCH = 256


@dataclass(frozen=True)
class Row:
    """One score: AUC of faces against places without a face, and the share called unknown of each kind of image."""

    score: str
    auc: float
    called: Mapping[str, float]


def kinds(data: Path) -> dict[str, Images]:
    """Images uint8[n, 48, 48] that no training saw: real faces first, then what a tracker might hand over instead."""
    faces = fer2013.read(data, "PrivateTest").images
    side = fer2013.SIDE
    random = np.random.default_rng(0)
    return {
        "faces": faces,
        "places without a face": no_faces.read(data, 1000, side, held_out=True, seed=2),
        "eyes alone": eyes.read(data, ("cew",)).images[::8],
        "faces upside down": faces[:, ::-1],
        "faces in strips, shuffled": np.stack(
            [np.concatenate([image[8 * k : 8 * k + 8] for k in random.permutation(side // 8)]) for image in faces]
        ),
    }


def table(model: Path, data: Path) -> list[Row]:
    """Every score that the model can give, measured; patches are levelled, as the vehicle does it.

    Args:
        model: an emotion model, `.keras` or int8 `.tflite`.
        data: the folder of the training data.

    Raises:
        InputError: the model or a set of the data cannot be read.
    """
    scores = _scores(model, data)
    chosen_on = scores(fer2013.read(data, "PublicTest").images)
    found = {kind: scores(images) for kind, images in kinds(data).items()}
    rows = []
    for name, values in chosen_on.items():
        least = float(np.quantile(values, 1 - REFUSED))
        faces, others = found["faces"][name], found["places without a face"][name]
        truth = np.repeat([0, 1], [len(faces), len(others)])
        auc = float(roc_auc_score(truth, np.concatenate([faces, others])))
        rows.append(Row(name, auc, {kind: float((one[name] > least).mean()) for kind, one in found.items()}))
    return rows


def as_text(rows: list[Row]) -> str:
    """The rows as Markdown."""
    names = list(rows[0].called)
    lines = [f"| score | AUC, faces against {names[1]} | {' | '.join(f'{name}: unknown' for name in names)} |"]
    lines.append("|---" * (2 + len(names)) + "|")
    for row in rows:
        shares = " | ".join(f"{share:.1%}" for share in row.called.values())
        lines += [f"| {row.score} | {row.auc:.4f} | {shares} |"]
    return "\n".join(lines)


def _scores(model: Path, data: Path) -> Callable[[Images], dict[str, Values]]:
    card = card_of(model)
    if card is not None and "unknown" not in card.labels:
        raise InputError(f"{model}: it does not answer unknown; name a model that does.")
    logits_of = answering(model, EMOTION)
    classes = len(EMOTION.classes)
    distance = _distance(model, fer2013.read(data, "Training")) if model.suffix == ".keras" else None

    def scores(images: Images) -> dict[str, Values]:
        inputs = _seen(images)
        logits = logits_of(inputs).astype(np.float64)
        among = logits[:, :classes]
        found = {
            "answer": softmax(logits)[:, EMOTION.labels.index("unknown")],
            "confidence": 1 - softmax(among).max(axis=1),
            "energy": -np.logaddexp.reduce(among, axis=1),
        }
        return found if distance is None else found | {"distance": distance(inputs)}

    return scores


def _seen(images: Images) -> NDArray[np.float32]:
    return scaled(np.stack([level(np.ascontiguousarray(image)) for image in images]), EMOTION.input)


def _distance(model: Path, training: Examples) -> Callable[[NDArray[np.float32]], Values] | None:
    """The distance of inputs to the nearest class in the space of the last layer's inputs; None where there is none."""
    import keras

    whole = load(model)
    if "logits" not in [layer.name for layer in whole.layers]:  # several networks as one
        return None
    body = keras.Model(whole.input, whole.get_layer("logits").input)

    def features(inputs: NDArray[np.float32]) -> Values:
        parts = []
        for start in range(0, len(inputs), BATCH):
            part = inputs[start : start + BATCH]
            found = np.asarray(body.predict_on_batch(part), np.float64)
            parts.append(found.reshape(-1, len(part), found.shape[1]).mean(axis=0))  # an image and its mirror image
        return np.concatenate(parts)

    labels = training.labels["ferplus"]
    rows = np.flatnonzero(labels >= 0)
    rows = np.random.default_rng(0).permutation(rows)[:FITTED_ON]
    known, labels = features(_seen(training.images[rows])), labels[rows]
    means = np.stack([known[labels == number].mean(axis=0) for number in range(len(EMOTION.classes))])
    spread = np.cov((known - means[labels]).T) + 1e-6 * np.eye(known.shape[1])
    inverse = np.linalg.inv(spread)

    def distance(inputs: NDArray[np.float32]) -> Values:
        apart = features(inputs)[:, None] - means[None]
        squares: Values = np.einsum("nkc,cd,nkd->nk", apart, inverse, apart)
        return squares.min(axis=1)

    return distance
