"""How each classifier of the comparison was trained where it was published, and what it reached there.

What a report does not state is our choice: Keras's own rate of Adam, early stopping on the validation's accuracy, the
plateau on its loss, pixels scaled to 0..1 (the backbones scale for themselves).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from train.architectures import ARCHITECTURES, FAMILIES


@dataclass(frozen=True)
class Moves:
    """Largest changes of place: degrees, and shares of the image's side; every image is mirrored at random."""

    rotation: float
    shift: float
    zoom: float
    shear: float = 0.0


@dataclass(frozen=True)
class Report:
    """A classifier's training as published. `side` is the input's, in pixels; a pixel becomes (value - mean) / std."""

    published: str
    """Classes and accuracy, with what is to be known of them."""
    epochs: int = 1
    rate: float = 1e-3
    batch: int = 32
    moves: Moves | None = None
    patience: int | None = None
    """Epochs without a better validation after which training ends."""
    plateau: tuple[float, int] | None = None
    """Factor for the rate, and the epochs without a better validation before it."""
    decay_from: int | None = None
    """The epoch from which the rate falls by e^-0.1 each."""
    balanced: bool = False
    """Whether every class counts as much as any other."""
    fine_tuning: tuple[int, float] | None = None
    """The epoch from which the upper layers of the backbone learn, too, and the rate then."""
    side: int = 48
    std: float = 255.0
    options: dict[str, object] = field(default_factory=dict)
    told: str | None = None
    """The recipe of what is no network, in words."""

    @property
    def text(self) -> str:
        """The recipe in words, for the table."""
        if self.told:
            return self.told
        parts = [f"Adam {self.rate:g}, batch {self.batch}, {self.epochs} epochs"]
        if self.moves:
            moved = f"rotation {self.moves.rotation:g}, shift {self.moves.shift:g}, zoom {self.moves.zoom:g}, flip"
            parts.append(moved + (f", shear {self.moves.shear:g}" if self.moves.shear else ""))
        parts += [f"early stopping {self.patience}"] if self.patience else []
        parts += [f"plateau {self.plateau[0]:g}/{self.plateau[1]}"] if self.plateau else []
        parts += [f"decay e^-0.1 an epoch from {self.decay_from}"] if self.decay_from is not None else []
        parts += ["class weights"] if self.balanced else []
        parts += [f"fine-tuned at {self.fine_tuning[1]:g} from epoch {self.fine_tuning[0]}"] if self.fine_tuning else []
        return "; ".join(parts)


MOVED = Moves(rotation=15, shift=0.1, zoom=0.1)

REPORTS = {
    "logistic_regression": Report(
        "7: 32.75 %",
        told="20 % of the images, of every class alike; standardised, PCA to 300; lbfgs, 2000 iterations, tol 1e-3",
    ),
    "random_forest": Report("7: 45.40 %", told="all training images; 100 trees of full depth"),
    "mlp": Report("7: 28.42 %", 20, batch=64),
    "lstm_rows": Report("7: 41.21 %", 20, batch=64),
    "ann": Report("4: 51.56 %", 15, patience=5, plateau=(0.5, 3)),
    "cnn_2_blocks": Report("4: 69.53 %", 15, patience=5),
    "cnn_3_blocks": Report("4: 75.00 %", 20, patience=5),
    "cnn_5_blocks": Report("4: 82.03 % (128 images), macro F1 .82", 30, moves=MOVED, patience=7, plateau=(0.2, 4)),
    "cnn_batchnorm": Report("7: 54.86 %", 20, batch=64),
    "cnn_4_blocks": Report("7: 61.74 %", 50, moves=MOVED, patience=7, plateau=(0.5, 3)),
    "cnn_tuned": Report("7: 63.90 %", 50, 5e-4, 256, patience=7),
    "vgg16": Report("4: 51.56 %", 10, 1e-4, std=1.0),
    "resnet50v2": Report("4: 55.47 %", 10, 1e-4, std=1.0),
    "efficientnetb0": Report("4: 60.16 %; fine-tuned, 5: 70 %", 10, 1e-4, std=1.0),
    "resnet50": Report("7: 24.81 %", 20, side=224, std=1.0),
    "cbam": Report("7: 26.41 %", 30, 1e-5, plateau=(0.5, 3), side=224),
    "mobilenetv2": Report(
        "7: 50.54 %; with class weights, 5: 79 %",
        30,
        1e-5,
        moves=Moves(rotation=30, shift=0.2, zoom=0.2, shear=0.2),
        decay_from=10,
        balanced=True,
        side=224,
        std=1.0,
    ),
    "resnet50v2_finetuned": Report(
        "5: 87 % on its own validation set, 91 % on FER2013: not comparable, very likely trained on its images",
        60,
        1e-4,
        patience=3,
        balanced=True,
        fine_tuning=(30, 1e-5),
        side=96,
        std=1.0,
    ),
    "residual": Report(
        "not published: the network that ships, by a plain recipe",
        30,
        batch=64,
        moves=MOVED,
        patience=7,
        plateau=(0.5, 3),
        options={"stem": 16, "stages": ((48, 1), (80, 2), (112, 2)), "dropout": 0.2},
    ),
}
"""By architecture. `cnn_batchnorm`, `cnn_tuned`: number of epochs, and the latter's patience, are our choice, as is the
schedule of `cbam`, of which the report says no more; shifts and shear of `mobilenetv2`, which it names, are 0.2 as its
zoom."""

NAMES = tuple(name for name in REPORTS if name in ARCHITECTURES)
LARGE = 200
"""Pixels a side from which --share leaves training images out."""


def takes_weights(name: str) -> bool:
    """Whether it can begin with ImageNet's weights."""
    return name in FAMILIES["pretrained"]


def rate_of(report: Report, losses: list[float]) -> float:
    """The learning rate of the epoch after those whose validation losses are given."""
    epoch = len(losses)
    if report.fine_tuning and epoch >= report.fine_tuning[0]:
        return report.fine_tuning[1]
    rate = report.rate
    if report.decay_from is not None:
        rate *= 2.718281828459045 ** (-0.1 * max(0, epoch - report.decay_from))
    if report.plateau:
        factor, patience = report.plateau
        best, waited = float("inf"), 0
        for loss in losses:
            best, waited = (loss, 0) if loss < best else (best, waited + 1)
            if waited == patience:
                rate, waited = rate * factor, 0
    return rate


def ended(report: Report, accuracies: list[float]) -> bool:
    """Whether early stopping ends the training after epochs with these accuracies of the validation."""
    since = report.fine_tuning[0] if report.fine_tuning else 0  # the frozen part always runs to its end
    counted = accuracies[since:]
    if report.patience is None or not counted:
        return False
    return len(counted) - 1 - counted.index(max(counted)) >= report.patience
