"""Eye patches, open or closed, of three very different sets: infrared (`nir`), faces (`cew`), web pictures (`web`).

No random split of such a set says how well the model does elsewhere: patches of one person and one sequence are nearly
equal, and in `nir` the closed eyes are darker than the open ones. So the honest number is that of a whole set that
was left out of training; and the part kept out for validation is chosen by photo and by block of the sequence.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.errors import InputError
from train.data.examples import Examples

CLASSES = ("open", "closed", "not_visible")
"""The sets hold the first two; `hidden_eyes` makes the third."""
SETS = ("nir", "cew", "web")

SIDE = 48
"""Every patch is given in this size, in pixels; those of CEW, 24 in the file, are enlarged."""

HELD_OUT_BLOCKS = ((1500, 1850), (4650, 5001))
"""Of each class of `nir`: the numbers within its sequence that are kept out, first and one past the last."""

HELD_OUT_TENTHS = frozenset({3})
"""Of `cew` and `web`: which tenth of the photos is kept out."""


def photo_of(name: str) -> str:
    """The photo that a CEW eye was cut from: of open eyes the name tells the side, which is no other photo."""
    return re.sub(r"_[LR]$", "", name)


def tenth(name: str) -> int:
    """A tenth that follows from the name alone, the same in every run and on every machine (FNV-1a)."""
    value = 2166136261
    for byte in name.encode():
        value = (value ^ byte) * 16777619 & 0xFFFFFFFF
    return (value >> 8) % 10


def _held_out(archive: dict[str, NDArray[np.generic]], name: str) -> NDArray[np.bool_]:
    if name == "nir":
        number = archive["nir_sequence"]
        return np.any([(number >= first) & (number < end) for first, end in HELD_OUT_BLOCKS], axis=0)
    names = [photo_of(str(photo)) for photo in archive["cew_photo" if name == "cew" else "web_file"]]
    return np.array([tenth(photo) in HELD_OUT_TENTHS for photo in names])


def read(data: Path, sets: Sequence[str] = SETS, *, held_out: bool | None = None) -> Examples:
    """The patches of the named sets, uint8[n, 48, 48].

    Args:
        data: the folder that holds eyes.npz.
        sets: which of SETS.
        held_out: True for the part kept out for validation, False for the rest, None for all.

    Raises:
        InputError: the file is missing, cut short, or lacks an array.
    """
    path = data / "eyes.npz"
    images, closed, source = [], [], []
    try:
        with np.load(path) as file:
            archive = {key: file[key] for key in file.files}
        for name in sets:
            keep = np.ones(len(archive[f"{name}_images"]), bool)
            if held_out is not None:
                keep = _held_out(archive, name) == held_out
            patches = archive[f"{name}_images"][keep]
            if patches.shape[1] != SIDE:
                patches = np.stack([cv2.resize(each, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC) for each in patches])
            images.append(patches)
            closed.append(archive[f"{name}_closed"][keep].astype(np.int64))
            source.append(np.full(len(patches), name))
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file; --data must name the folder that holds eyes.npz.") from None
    except (KeyError, ValueError, OSError, zipfile.BadZipFile) as error:
        raise InputError(f"{path}: the eye patches cannot be read ({error}); fetch the file again.") from None
    state = np.concatenate(closed)
    targets = np.eye(len(CLASSES), dtype=np.float32)[state]
    weights = np.ones(len(state), np.float32)
    return Examples(np.concatenate(images), targets, weights, {"state": state}, np.concatenate(source))
