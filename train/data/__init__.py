"""One reader a data set, and which examples each task takes of them."""

from train.data import contours, folder, mined, unlabelled
from train.data.examples import Examples
from train.data.sets import held_out, representative, scaled, training, unseen, validation

__all__ = [
    "Examples",
    "contours",
    "folder",
    "held_out",
    "mined",
    "representative",
    "scaled",
    "training",
    "unlabelled",
    "unseen",
    "validation",
]
