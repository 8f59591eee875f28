"""CK+48: posed faces of a laboratory, without a neutral class; to measure across sets, never to train on."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.errors import InputError
from train.data.fer2013 import CLASSES

LABELS = {"happy": "happy", "sadness": "sad", "surprise": "surprise"}
"""Its names of those of our classes that it has."""


def read(data: Path) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Images uint8[n, 48, 48] of the classes that both know, and their numbers in CLASSES, int64[n].

    Raises:
        InputError: the file is missing or does not fit.
    """
    path = data / "ckplus48.npz"
    try:
        with np.load(path) as file:
            images, labels = file["images"], file["label"]
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file; --data must name the folder that holds it.") from None
    except (KeyError, ValueError, OSError, zipfile.BadZipFile) as error:
        raise InputError(f"{path}: the images cannot be read ({error}); fetch the file again.") from None
    known = np.isin(labels, list(LABELS))
    numbers = [CLASSES.index(LABELS[str(label)]) for label in labels[known]]
    return images[known].astype(np.uint8), np.array(numbers, np.int64)
