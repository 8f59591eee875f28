"""Whole frames with a face: `cabin` (drivers in real cars), `youtube_faces` (video stills), `fairface`.

Who is held out is held out as a person: of the video stills by name, of the cabin by the runs of frames in which the
same drivers yawn and don't, of FairFace (every picture another person) by picture. `fairface_val` is for the audit
only and is never read for training.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.errors import InputError
from train.data.eyes import tenth

SETS = ("cabin", "youtube_faces", "fairface_train")

HELD_OUT_TENTHS = frozenset({3})
"""Of the persons of `youtube_faces` and the pictures of `fairface_train`."""
HELD_OUT_CABIN = {"no_yawn": (1891, 2129), "yawn": (524, 580)}
"""Frames of `cabin`, first and last number: the same drivers in both, and in no other frame; found by looking."""

LEAST_PRESENCE = 0.9
"""Below this the face mesh was not sure of a face: its points teach nothing."""


@dataclass(frozen=True)
class Faces:
    """Pictures of one or more sets; row k of everything belongs to picture k.

    `images`: uint8[height, width] each, of any size; `box` float32[n, 4] left, top, width, height; `five` float32
    [n, 5, 2] right eye, left eye, nose, right and left corner of the mouth, NaN where no face was found; `mesh`
    float32[n, 107, 2]; `presence` float32[n] 0..1, how sure the mesh was; `points68` float32[n, 68, 2], NaN where the
    set has none; `source` str[n], the set; `several` bool[n], more than one face was seen; `kept_out` bool[n], it
    belongs to the part kept out of training; `yawning` bool[n], its set says that the driver yawns. All in pixels.
    """

    images: list[NDArray[np.uint8]]
    box: NDArray[np.float32]
    five: NDArray[np.float32]
    mesh: NDArray[np.float32]
    presence: NDArray[np.float32]
    points68: NDArray[np.float32]
    source: NDArray[np.str_]
    several: NDArray[np.bool_]
    kept_out: NDArray[np.bool_]
    yawning: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.images)

    def take(self, which: NDArray[np.bool_]) -> Faces:
        """The chosen pictures, by mask."""
        images = [image for image, wanted in zip(self.images, which, strict=True) if wanted]
        return Faces(
            images,
            self.box[which],
            self.five[which],
            self.mesh[which],
            self.presence[which],
            self.points68[which],
            self.source[which],
            self.several[which],
            self.kept_out[which],
            self.yawning[which],
        )


def person_of(source: str) -> str:
    """The person of a video still, from its file name: the name without the number of the frame."""
    return re.sub(r"_\d+\.jpg$", "", source.rsplit("/", 1)[-1])


def is_held_out(name: str, source: str) -> bool:
    """Whether the picture of that source belongs to the part of set `name` that is kept out of training."""
    if name == "cabin":
        folder, file = source.split("/")
        first, last = HELD_OUT_CABIN[folder]
        return first <= int(Path(file).stem) <= last
    return tenth(person_of(source) if name == "youtube_faces" else source) in HELD_OUT_TENTHS


def read(data: Path, sets: Sequence[str] = SETS, *, held_out: bool | None = None) -> Faces:
    """The pictures of the named sets.

    Args:
        data: the folder that holds the sets, a zip and an npz each.
        sets: which of SETS, or `fairface_val` alone for the audit.
        held_out: True for the part kept out of training, False for the rest, None for all.

    Raises:
        InputError: a file is missing, cut short, or lacks an array.
    """
    parts = [_read_one(data, name, held_out) for name in sets]
    return Faces(
        [image for part in parts for image in part.images],
        *(
            np.concatenate([getattr(part, field) for part in parts])
            for field in ("box", "five", "mesh", "presence", "points68", "source", "several", "kept_out", "yawning")
        ),
    )


def _read_one(data: Path, name: str, held_out: bool | None) -> Faces:
    path = data / f"{name}.npz"
    try:
        with np.load(path) as file:
            labels = {key: file[key] for key in file.files}
        count = len(labels["source"])
        kept_out = np.array([name in SETS and is_held_out(name, str(source)) for source in labels["source"]], bool)
        keep = np.ones(count, bool) if held_out is None else kept_out == held_out
        images = []
        path = data / f"{name}.zip"
        with zipfile.ZipFile(path) as archive:
            for row in np.flatnonzero(keep):
                image = cv2.imdecode(np.frombuffer(archive.read(f"{row:05d}.jpg"), np.uint8), cv2.IMREAD_GRAYSCALE)
                if image is None:
                    raise InputError(f"{path}: {row:05d}.jpg is no picture; fetch the file again.")
                images.append(image)
        face = labels["face"][keep].astype(np.float32)
        nothing = np.full((count, 68, 2), np.nan, np.float32)
        return Faces(
            images,
            face[:, :4],
            face[:, 4:14].reshape(-1, 5, 2),
            labels["mesh"][keep].astype(np.float32),
            labels["mesh_presence"][keep].astype(np.float32),
            labels.get("points68", nothing)[keep].astype(np.float32),
            np.full(len(images), name),
            labels["faces_found"][keep] > 1,
            kept_out[keep],
            np.array([name == "cabin" and str(source).startswith("yawn/") for source in labels["source"][keep]], bool),
        )
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file; --data must name the folder that holds it.") from None
    except (KeyError, ValueError, OSError, zipfile.BadZipFile) as error:
        raise InputError(f"{path}: the pictures cannot be read ({error}); fetch the file again.") from None
