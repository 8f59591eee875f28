"""The frames of a folder of numbered images, grey, at a constant rate."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from edge.cameras.opencv import quiet_opencv
from edge.errors import InputError
from edge.records import GreyImage
from edge.unique_keys import NOT_YAML, read_yaml

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".pgm", ".webp", ".tif", ".tiff"})
NOTES = ("recording.yaml", "truth.yaml")
RATE_KEY = "frames_per_second"
_PNG_CHUNK = struct.Struct(">I4s").unpack_from
"""The length of a chunk's content, and its kind."""


def numbered_images(folder: Path) -> list[Path]:
    """The images whose names end in a number, in the order of the numbers (2 before 10); hidden files are left out."""
    images = [
        path
        for path in folder.iterdir()
        if path.suffix.lower() in SUFFIXES and path.stem[-1:].isdecimal() and not path.name.startswith(".")
    ]
    return sorted(images, key=_natural_order)


def _natural_order(path: Path) -> tuple[list[int], str]:
    return [int(digits) for digits in re.findall(r"\d+", path.stem)], path.name


def noted_rate(folder: Path) -> float | None:
    """Frames a second as the folder's own notes tell it (recording.yaml, then truth.yaml), None where they don't.

    Raises:
        InputError: the notes are no YAML, or the rate in them is no number between 1 and 1000.
    """
    for path in (folder / name for name in NOTES):
        if not path.is_file():
            continue
        try:
            notes = read_yaml(path.read_text(encoding="utf-8"))
        except (*NOT_YAML, OSError):
            raise InputError(f"{path}: this is not readable as YAML; mend the file or take it away.") from None
        rate = notes.get(RATE_KEY) if isinstance(notes, dict) else None
        if rate is None:
            continue
        if isinstance(rate, bool) or not isinstance(rate, (int, float)) or not 1 <= rate <= 1000:
            raise InputError(f"{path}: {RATE_KEY} is {rate!r}; it must be a number between 1 and 1000.")
        return float(rate)
    return None


def read_images(paths: list[Path], rate: float) -> Iterator[tuple[float, GreyImage]]:
    """Seconds since the first image, `rate` of them a second, and uint8[height, width].

    Raises:
        InputError: an image cannot be read, or is of another size than the first.
    """
    first: tuple[int, ...] | None = None
    for index, path in enumerate(paths):
        image = read_image(path)
        if first is None:
            first = image.shape
        elif image.shape != first:
            raise InputError(
                f"{path}: this image is {_size(image.shape)} while the first, {paths[0].name}, is {_size(first)}; "
                "all images of a recording must be of one size."
            )
        yield round(index / rate, 6), image


def read_image(path: Path, mend: str = "replace it or take it out of the recording") -> GreyImage:
    """An image of any format that OpenCV reads, upright as its EXIF says, as uint8[height, width].

    Raises:
        InputError: it cannot be read, or is none; the sentence ends with `mend`.
    """
    try:
        with path.open("rb", buffering=0) as file:  # for one read, a buffer costs a twentieth of a small image
            data = file.read()
    except OSError as error:
        raise InputError(f"{path}: the image cannot be read ({error.strerror}); {mend}.") from None
    # The decoders are asked only where the file is whole: for one cut short, libpng prints to the terminal, and
    # libjpeg gives a picture with a grey rest instead of an error.
    image = None
    if _is_whole(data):
        try:
            with quiet_opencv():
                image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
        except cv2.error:  # OpenCV refuses sizes above its limits, and what it finds no memory for, so
            raise InputError(f"{path}: this is a damaged image, or one too large to be read; {mend}.") from None
    if image is None:
        raise InputError(f"{path}: this is no image, or a damaged one; {mend}.")
    return np.asarray(image, dtype=np.uint8)


def _is_whole(data: bytes) -> bool:
    """Whether the file is there up to its end, by its format's own marks (PNG, JPEG); true for other formats."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return _png_is_whole(data)
    if data.startswith(b"\xff\xd8"):  # JPEG: the last scan is followed by an end of image
        return data.rfind(b"\xff\xd9") > data.rfind(b"\xff\xda")
    return bool(data)


def _png_is_whole(data: bytes) -> bool:
    """Whether every chunk has its checksum (PNG specification, section 5.3) and the last is IEND."""
    start = 8
    while start + 12 <= len(data):
        length, kind = _PNG_CHUNK(data, start)
        end = start + 8 + length
        if zlib.crc32(data[start + 4 : end]).to_bytes(4) != data[end : end + 4]:
            return False
        if kind == b"IEND":
            return True
        start = end + 4
    return False


def _size(shape: tuple[int, ...]) -> str:
    return f"{shape[1]}x{shape[0]}"
