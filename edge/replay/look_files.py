"""Where the drawn pictures of `driver-monitor look` go: nowhere but where the person asked for them."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from pathlib import Path

import cv2

from edge.cameras.opencv import quiet_opencv
from edge.errors import InputError
from edge.replay.look_drawing import Picture
from edge.whole_file import whole

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp")
_FORMAT = ".png"
"""Of a picture that goes into a folder: it shows each pixel as it was."""


def places(images: Sequence[Path], output: Path) -> list[Path]:
    """The file of each image: `output` itself for one, else a file of its name in the folder `output`.

    Raises:
        InputError: one file is named for several images, its name does not say a format, two images would share a
            file, or an image would be written over.
    """
    if output.is_dir() or output.suffix.lower() not in SUFFIXES:
        if output.suffix and not output.is_dir() and len(images) == 1:
            raise InputError(
                f"{output}: a picture's name ends in one of {', '.join(SUFFIXES)}; name it so, or a folder."
            )
        files = [output / f"{image.stem}{_FORMAT}" for image in images]
    elif len(images) > 1:
        raise InputError(f"{output}: {len(images)} images do not go into one file; name a folder with -o.")
    else:
        files = [output]
    taken: dict[Path, Path] = {}
    originals = {image.resolve() for image in images}
    for image, file in zip(images, files, strict=True):
        other = taken.setdefault(file.resolve(), image)
        if other is not image:
            raise InputError(
                f"{file}: both {other} and {image} would be drawn there; look at them one after the other."
            )
        if file.resolve() in originals:
            raise InputError(f"{file}: this is an image itself, and would be drawn over; name another place with -o.")
    return files


def write(picture: Picture, file: Path) -> None:
    """Writes the picture, whole or not at all; a folder that is not there yet is made.

    Raises:
        InputError: it is too large for the file's format, or cannot be written.
    """
    encoded = _encoded(picture, file.suffix.lower())
    if encoded is None:
        height, width = picture.shape[:2]
        raise InputError(
            f"{file}: a picture of {width}x{height} pixels is too large for this format; name a {_FORMAT}, or look at "
            "a smaller picture."
        )
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with whole(file) as beside:
            beside.write_bytes(encoded)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise OSError(error.errno, error.strerror, str(file)) from None
        raise InputError(f"{file}: the picture cannot be written ({error.strerror}); name another place.") from None


def _encoded(picture: Picture, suffix: str) -> bytes | None:
    """The content of the file; None where the format does not hold the picture: WebP ends at 16,383 pixels a side."""
    try:
        with quiet_opencv():
            fits, content = cv2.imencode(suffix, picture)
    except cv2.error:  # some versions of OpenCV raise what others answer with False
        return None
    return content.tobytes() if fits else None
