"""How surely the face detector finds every face: in bad light, turned, half covered, and in every group of people.

Beside YuNet and Haar, on the very same frames.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.errors import InputError
from edge.records import Box
from edge.vision import face_decode as detector
from edge.vision.tflite import TfliteModel
from train.data import faces as frames
from train.places.face import overlap, with_margin, without_faces
from train.places.face_frames import five_points

Finder = Callable[[NDArray[np.uint8]], list[detector.Detection]]
"""All faces of a frame uint8[height, width], in its pixels."""


@dataclass(frozen=True)
class Case:
    """A frame and where its one labelled face is: box float32[4], eyes float32[2, 2], in pixels."""

    image: NDArray[np.uint8]
    box: NDArray[np.float32]
    eyes: NDArray[np.float32]


def _as_it_is(case: Case, _: np.random.Generator) -> Case:
    return case


def _dark(case: Case, _: np.random.Generator) -> Case:
    return Case(case.image // 8, case.box, case.eyes)


def _half_saturated(case: Case, _: np.random.Generator) -> Case:
    """One half of the frame, up to the middle of the face, four times as bright."""
    image = case.image.copy()
    middle = int(np.clip(case.box[0] + case.box[2] / 2, 1, image.shape[1] - 1))
    image[:, middle:] = np.minimum(255, image[:, middle:].astype(np.int32) * 4).astype(np.uint8)
    return Case(image, case.box, case.eyes)


def _noisy(case: Case, random: np.random.Generator) -> Case:
    noisy = case.image + random.normal(0, 15, case.image.shape)
    return Case(np.clip(noisy, 0, 255).astype(np.uint8), case.box, case.eyes)


def _blurred(case: Case, _: np.random.Generator) -> Case:
    return Case(np.asarray(cv2.blur(case.image, (5, 5)), np.uint8), case.box, case.eyes)


def _rotated(case: Case, _: np.random.Generator) -> Case:
    """By 30 degrees around the face's middle; the box becomes the upright one around the turned ellipse."""
    x, y = (float(value) for value in case.box[:2] + case.box[2:] / 2)
    turn = cv2.getRotationMatrix2D((x, y), 30, 1.0)
    size = (case.image.shape[1], case.image.shape[0])
    image = cv2.warpAffine(case.image, turn, size, borderMode=cv2.BORDER_REPLICATE)
    eyes = case.eyes @ turn[:, :2].T + turn[:, 2]
    cos, sin = np.cos(np.pi / 6), np.sin(np.pi / 6)
    width, height = case.box[2:] / 2
    half = np.array([np.hypot(width * cos, height * sin), np.hypot(width * sin, height * cos)])
    box = np.concatenate([[x, y] - half, 2 * half]).astype(np.float32)
    return Case(np.asarray(image, np.uint8), box, eyes.astype(np.float32))


def _lower_face_covered(case: Case, _: np.random.Generator) -> Case:
    image = case.image.copy()
    x, y, width, height = case.box
    top = max(0, int(y + 0.55 * height))
    image[top : int(y + 1.05 * height), max(0, int(x)) : int(x + width)] = 90
    return Case(image, case.box, case.eyes)


OWN = "native"
"""The name of the detector that ships; it changes, the others do not."""

CONDITIONS: Mapping[str, Callable[[Case, np.random.Generator], Case]] = {
    "as it is": _as_it_is,
    "darkened to 1/8": _dark,
    "one half saturated": _half_saturated,
    "noise, sigma 15": _noisy,
    "blurred by 5 pixels": _blurred,
    "rotated by 30 degrees": _rotated,
    "lower face covered": _lower_face_covered,
}


def native(model: Path, least: float) -> Finder:
    """The detector that ships."""
    runner = TfliteModel(model, "face")

    def find(image: NDArray[np.uint8]) -> list[detector.Detection]:
        framed, scale = detector.framed(image)
        return [detector.to_frame(one, scale) for one in detector.decode(runner.run(framed), least)]

    return find


def yunet(model: Path, least: float = 0.6) -> Finder:
    """YuNet on the frame within 320x240 pixels.

    Raises:
        InputError: there is no such file.
    """
    if not model.is_file():
        raise InputError(f"{model}: there is no such file; name YuNet's ONNX model.")
    network = cv2.FaceDetectorYN.create(str(model), "", (320, 240), least)

    def find(image: NDArray[np.uint8]) -> list[detector.Detection]:
        scale = min(1.0, 320 / image.shape[1], 240 / image.shape[0])
        small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        network.setInputSize((small.shape[1], small.shape[0]))
        _, found = network.detect(cv2.cvtColor(small, cv2.COLOR_GRAY2BGR))
        rows = np.zeros((0, 15), np.float32) if found is None else found
        return [
            detector.Detection(
                Box(*(float(v) for v in row[:4] / scale)), row[4:14].reshape(5, 2) / scale, float(row[14])
            )
            for row in rows
        ]

    return find


def haar() -> Finder:
    """OpenCV's cascade for frontal faces on the frame within 320x240 pixels; its eyes stand at fixed places."""
    cascade = cv2.CascadeClassifier(str(Path(cv2.__file__).parent / "data" / "haarcascade_frontalface_default.xml"))
    places = np.array([[0.29, 0.38], [0.71, 0.38], [0.5, 0.6], [0.35, 0.77], [0.65, 0.77]], np.float32)

    def find(image: NDArray[np.uint8]) -> list[detector.Detection]:
        scale = min(1.0, 320 / image.shape[1], 240 / image.shape[0])
        small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        boxes = np.asarray(cascade.detectMultiScale(small, 1.1, 4, 0, (24, 24)), np.float32).reshape(-1, 4) / scale
        return [detector.Detection(Box(*(float(v) for v in box)), box[:2] + places * box[2:], 1.0) for box in boxes]

    return find


def cases(held_out: frames.Faces) -> list[Case]:
    """The pictures with a labelled face, a grey margin around so that it is at most 70 % of the height."""
    five = five_points(held_out)
    found = []
    for row in np.flatnonzero(np.isfinite(held_out.box).all(axis=1)):
        image, margin = with_margin(held_out.images[row], held_out.box[row])
        box = held_out.box[row].copy()
        box[:2] += margin
        found.append(Case(image, box, (five[row][:2] + margin).astype(np.float32)))
    return found


def errors(find: Finder, cases: list[Case]) -> NDArray[np.float64]:
    """Of each case the error of the eyes over the eye distance; NaN where no box overlaps the face's by half."""
    found = np.full(len(cases), np.nan)
    for number, case in enumerate(cases):
        best = max(find(case.image), key=lambda one, case=case: overlap(one, case.box), default=None)
        if best is not None and overlap(best, case.box) >= 0.5:
            distance = float(np.linalg.norm(case.eyes[0] - case.eyes[1]))
            found[number] = float(np.linalg.norm(best.points[:2] - case.eyes, axis=1).mean()) / distance
    return found


def audit(data: Path, finders: Mapping[str, Finder], seed: int = 1, keep: Path | None = None) -> str:
    """Tables in Markdown: sets, light, groups, false faces, one column a finder.

    What a finder found is kept in the folder `keep`, where there is one, and taken from there for the very same frames.
    """
    held_out = frames.read(data, held_out=True)
    every = cases(held_out)
    source = held_out.source[np.isfinite(held_out.box).all(axis=1)]
    plain = _measure(finders, every, keep)
    lines = [_heading("found (error of the eyes over their distance, median)", finders)]
    for name in frames.SETS:
        here = source == name
        lines.append(_row(f"{name}, {here.sum()} held out", [_both(plain[finder][here]) for finder in finders]))
    values = frames.read(data, ("fairface_val",))
    of_values = _measure(finders, cases(values), keep)
    labelled = np.isfinite(values.box).all(axis=1)
    lines.append(_row(f"fairface_val, {labelled.sum()}", [_both(of_values[finder]) for finder in finders]))
    lines += ["", _heading("condition, all held-out pictures", finders)]
    for name, change in CONDITIONS.items():
        random = np.random.default_rng(seed)
        changed = _measure(finders, [change(case, random) for case in every], keep)
        lines.append(_row(name, [_both(off) for off in changed.values()]))
    lines += ["", _heading("fairface_val by group", finders)]
    groups = _groups(data, labelled)
    for group, members in groups.items():
        shares = [f"{np.isfinite(of_values[finder][members]).mean():.1%}" for finder in finders]
        lines.append(_row(f"{group} ({members.sum()})", shares))
    nobody = np.full(4, np.nan, np.float32), np.full((2, 2), np.nan, np.float32)
    nothing = [Case(image, *nobody) for image in without_faces(held_out, np.random.default_rng(seed), 3000)]
    lines += ["", _heading("false faces", finders)]
    false = _measure(finders, nothing, keep, _false_faces)
    lines.append(
        _row(f"frames with one, of {len(nothing)} without a face", [f"{int(found.sum())}" for found in false.values()])
    )
    return "\n".join(lines)


def _false_faces(find: Finder, cases: list[Case]) -> NDArray[np.float64]:
    """1 where a face is found, else 0."""
    return np.array([float(bool(find(case.image))) for case in cases])


def _measure(
    finders: Mapping[str, Finder],
    cases: list[Case],
    keep: Path | None,
    measure: Callable[[Finder, list[Case]], NDArray[np.float64]] = errors,
) -> dict[str, NDArray[np.float64]]:
    """What each finder gives for the frames; one that is not our own model is asked only once for the same ones."""
    seen = 0
    for case in cases:
        seen = zlib.crc32(case.image.tobytes() + case.eyes.tobytes(), seen)
    found = {}
    for name, find in finders.items():
        kept = keep / f"{name}-{seen:08x}.npy" if keep and name != OWN else None
        if kept and kept.is_file():
            found[name] = np.load(kept)
            continue
        found[name] = measure(find, cases)
        if kept:
            kept.parent.mkdir(parents=True, exist_ok=True)
            np.save(kept, found[name])
    return found


def _groups(data: Path, labelled: NDArray[np.bool_]) -> dict[str, NDArray[np.bool_]]:
    """Masks over the labelled pictures of fairface_val: race, gender, and those over 20 years against the younger."""
    with np.load(data / "fairface_val.npz") as file:
        race, gender, age = (file[key][labelled] for key in ("race", "gender", "age"))
    young = np.isin(age, ["0-2", "3-9", "10-19"])
    groups = {f"race {name}": race == name for name in np.unique(race)}
    groups |= {f"gender {name}": gender == name for name in np.unique(gender)}
    return groups | {f"age {name}": age == name for name in np.unique(age[~young])}


def _heading(title: str, finders: Mapping[str, Finder]) -> str:
    return f"| {title} | {' | '.join(finders)} |\n|---|{'---|' * len(finders)}"


def _row(name: str, values: list[str]) -> str:
    return f"| {name} | {' | '.join(values)} |"


def _both(off: NDArray[np.float64]) -> str:
    found = np.isfinite(off)
    return f"{found.mean():.1%} ({np.median(off[found]):.1%})" if found.any() else "0 %"
