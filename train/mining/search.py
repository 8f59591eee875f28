"""Searching recordings for hard crops, with the vehicle's own way of seeing, and keeping them in a folder.

A recording is looked at twice: first what was said of every frame, then the crops of the frames that were chosen.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace as changed
from pathlib import Path
from typing import Any

import cv2
import yaml

from edge.cameras.camera import CameraEnded
from edge.cameras.images import numbered_images
from edge.cameras.recording import VIDEO_NAME, RecordingCamera
from edge.config import Config, VisionConfig
from edge.errors import InputError
from edge.records import Face, Frame, GreyImage
from edge.replay.truth import read_truth
from edge.vision.card import read_card
from edge.vision.crops import cut, emotion_square, eye_squares
from edge.vision.pipeline import Pipeline
from train.data.face_eyes import MARGIN
from train.mining import moments
from train.mining.folder import MinedFolder, Row

SIDE = 96
"""Pixels of a crop: enough for a person to label it by."""
EMOTIONS = ("happy", "neutral", "sad", "surprise")
TASKS: tuple[moments.Task, ...] = ("emotion", "eyes")


def search(
    recordings: Sequence[Path],
    folder: MinedFolder,
    config: VisionConfig,
    tasks: Sequence[moments.Task] = TASKS,
    confidence: float = 0.8,
) -> Iterator[tuple[Path, Counter[str] | None]]:
    """Each recording, and how many crops were found for which reason; None where it had been searched before.

    Raises:
        InputError: a recording or its truth cannot be used, or the folder cannot be written.
        ConfigError: a model cannot be used.
    """
    for recording in recordings:
        frames = _hash_of(recording)
        key = f"{_name(recording)}-{frames} {_settings(config, tasks, confidence)}"
        if folder.has_searched(key):
            yield recording, None
            continue
        found, faces = _search_one(recording, config, tasks, confidence)
        rows, images = [], {}
        for frame in _frames(recording):
            for task, find in found.get(frame.sequence, ()):
                side = f"-{find.side}" if find.side else ""
                name = f"{task}/{_name(recording)}-{frames}-{round(1000 * frame.time):08d}{side}.png"
                rows.append(_row(name, recording, frame.time, task, find))
                images[name] = _crop(frame.image, faces[frame.sequence], find.side)
        folder.add(key, rows, images)
        yield recording, Counter(find.why.split(" within")[0] for finds in found.values() for _, find in finds)


def with_models(models: Sequence[Path]) -> VisionConfig:
    """The default of everything, with these model files in place of those that ship; their cards say what each is for.

    Raises:
        ConfigError: a file is no model.
        InputError: it is for another task than emotion and eyes.
    """
    changes = {}
    for path in models:
        task = read_card(path).task
        if task not in TASKS:
            raise InputError(f"{path}: this model is for {task}; name one for {' or '.join(TASKS)}.")
        changes[f"{task}_model"] = path
    return VisionConfig().model_copy(update=changes)


def truth_of(recording: Path) -> moments.Truth:
    """What the recording's truth.yaml says; nothing where there is none.

    Beside what `evaluate` reads, `happy_s`, `neutral_s`, `sad_s` and `surprise_s` are spans in which that is seen.
    """
    path = recording / "truth.yaml"
    if not path.is_file():
        return moments.Truth()
    truth = read_truth(recording)
    labels: Any = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    try:
        shown = [(name, (float(a), float(b))) for name in EMOTIONS for a, b in labels.get(f"{name}_s") or ()]
    except (TypeError, ValueError):
        raise InputError(f"{path}: {', '.join(f'{name}_s' for name in EMOTIONS)} hold spans [start, end].") from None
    forbidden = frozenset({"sad"} if "sad" in truth.forbid else ())
    return moments.Truth(truth.eyes_closed_s, truth.not_scored_s, tuple(shown), forbidden)


def _search_one(
    recording: Path, config: VisionConfig, tasks: Sequence[moments.Task], confidence: float
) -> tuple[dict[int, list[tuple[moments.Task, moments.Find]]], dict[int, Face]]:
    """By frame what was found, and the face of every frame that has one."""
    truth = truth_of(recording)
    pipeline = Pipeline(config.model_copy(update={"emotion_interval_s": 0.0}))  # every frame has its own answer
    faces: dict[int, Face] = {}
    emotions, right, left = [], [], []
    for frame in _frames(recording):
        seen = pipeline.see(frame)
        if seen.face is not None:
            faces[frame.sequence] = seen.face
        emotions.append(moments.emotion_reading(frame.sequence, frame.time, seen.emotion))
        right.append(moments.eye_reading(frame.sequence, frame.time, seen.eyes.right))
        left.append(moments.eye_reading(frame.sequence, frame.time, seen.eyes.left))
    found: dict[int, list[tuple[moments.Task, moments.Find]]] = {}
    for task in tasks:
        hard = (
            moments.hard_emotions(emotions, truth, confidence)
            if task == "emotion"
            else moments.hard_eyes({"right": right, "left": left}, truth, confidence)
        )
        for find in hard:
            found.setdefault(find.frame, []).append((task, find))
    return found, faces


def _frames(recording: Path) -> Iterator[Frame]:
    with RecordingCamera(recording, frames_per_second=Config().camera.frames_per_second) as camera:
        while True:
            try:
                yield camera.read(float("inf"))  # a hole in a recording is no fault here
            except CameraEnded:
                return


def _crop(image: GreyImage, face: Face, side: moments.Side) -> bytes:
    """PNG of the face as FER2013 frames it, or of an eye with room around; the light is as it was."""
    if side:
        square = dict(zip(("right", "left"), eye_squares(face), strict=True))[side]
        square = changed(square, side=MARGIN * square.side)
    else:
        square = emotion_square(face)
    return bytes(cv2.imencode(".png", cut(image, square, SIDE))[1])


def _row(name: str, recording: Path, time: float, task: moments.Task, find: moments.Find) -> Row:
    answers = ", ".join(f"{label} {share:.2f}" for label, share in find.reading.answers)
    return {
        "file": name,
        "recording": _name(recording),
        "time": f"{time:.3f}",
        "task": task,
        "answers": answers,
        "why": find.why,
        "label": "",
    }


def _name(recording: Path) -> str:
    return recording.resolve().stem


def _hash_of(recording: Path) -> str:
    """Eight hexadecimal digits of the frames' files and the truth: two recordings of one name are told apart."""
    whole = hashlib.sha256()
    if recording.is_dir():
        video = recording / VIDEO_NAME
        files = [video] if video.exists() else numbered_images(recording)
        files += [path for path in (recording / "truth.yaml",) if path.is_file()]
    else:
        files = [recording]
    try:
        for path in files:
            with path.open("rb") as stream:
                whole.update(hashlib.file_digest(stream, "sha256").digest())
    except OSError as error:
        raise InputError(f"{path}: the recording cannot be read ({error.strerror}); name another.") from None
    return whole.hexdigest()[:8]


def _settings(config: VisionConfig, tasks: Sequence[str], confidence: float) -> str:
    """What else decides what is found."""
    models = (config.face.native_model, config.landmarks_model, config.eyes_model, config.emotion_model)
    return json.dumps([sorted(tasks), confidence, [read_card(path).sha256[:12] for path in models]])
