"""Eyes cut from whole pictures of faces as the vehicle cuts them: open, closed, and really not visible.

`face_eyes.txt` holds a letter an eye (right, left, picture after picture; `o` open, `c` closed, `n` not visible, `-`
not known) for each set. Cabin: sunglasses, glare and eyes turned out of sight were found by looking; open and closed
are what three networks of two labels agreed on, each trained without one of the sets `nir`, `cew`, `web`, and looking
did not contradict; what was doubtful is not known. The other sets: what the three were sure of in both eyes of a face
turned to the camera, looked through in samples.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.vision.crops import EYE_SIDE, Square, cut
from train.data import eyes, faces

MARGIN = 1.5
"""Side of a patch here over that of the vehicle's: room to shift, turn and zoom."""

_LETTERS = "ocn"
_RIGHT, _LEFT = slice(0, 16), slice(16, 32)


@cache
def _letters() -> dict[str, NDArray[np.str_]]:
    """Letters str[n, 2] by set."""
    found: dict[str, list[str]] = {}
    for line in Path(__file__).with_suffix(".txt").read_text().splitlines():
        if line in faces.SETS:
            name = line
            found[name] = []
        else:
            found[name] += line
    return {name: np.array(letters).reshape(-1, 2) for name, letters in found.items()}


def read(
    data: Path, sets: Sequence[str] = faces.SETS, *, held_out: bool | None = None
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The eyes of known state, uint8[n, 48, 48] with `MARGIN`, and their states, int64[n]: 0 open, 1 closed, 2 hidden.

    Raises:
        InputError: a file of a set is missing or cannot be read.
    """
    patches, states = [], []
    for name in sets:
        pictures, letters = faces.read(data, (name,)), _letters()[name]
        if len(pictures) != len(letters):
            continue  # other pictures than those that were looked at: of these, nothing is known
        for number, pair in enumerate(letters):
            if held_out not in (None, pictures.kept_out[number]):
                continue
            image, mesh = pictures.images[number], pictures.mesh[number]
            right, left = mesh[_RIGHT].mean(axis=0), mesh[_LEFT].mean(axis=0)
            across = left - right
            side, roll = MARGIN * EYE_SIDE * math.hypot(*across), math.atan2(across[1], across[0])
            for eye, letter in zip((right, left), pair, strict=True):
                if letter in _LETTERS:
                    patches.append(cut(image, Square(float(eye[0]), float(eye[1]), side, roll), eyes.SIDE))
                    states.append(_LETTERS.index(letter))
    images = np.stack(patches) if patches else np.zeros((0, eyes.SIDE, eyes.SIDE), np.uint8)
    return images, np.array(states, np.int64)
