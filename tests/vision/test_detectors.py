"""The choice of detector: one line of the configuration, the same record out, and what is missing named."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from edge.cameras.recording import RecordingCamera
from edge.config import FaceConfig, VisionConfig
from edge.errors import ConfigError
from edge.records import Frame, Observation
from edge.vision.face import face_detector
from edge.vision.pipeline import Pipeline


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def shots(synthetic_recording: Path) -> list[Frame]:
    with RecordingCamera(synthetic_recording) as camera:
        return [camera.read(1e9) for _ in range(45)]


def see(shots: list[Frame], face: FaceConfig) -> list[Observation]:
    pipeline = Pipeline(VisionConfig(face=face))
    return [pipeline.see(shot) for shot in shots]


def assert_same_driver(one: list[Observation], other: list[Observation]) -> None:
    for here, there in zip(one, other, strict=True):
        assert here.face is not None
        assert there.face is not None
        assert here.face.box.x == pytest.approx(there.face.box.x, abs=0.1 * there.face.box.width)
        assert here.face.eye_distance == pytest.approx(there.face.eye_distance, rel=0.05)
        assert here.eyes.closed == pytest.approx(there.eyes.closed, abs=0.3)
        assert None not in (here.emotion, here.mouth_open, here.pose)


def test_haar_gives_the_record_that_native_gives(shots: list[Frame]) -> None:
    assert_same_driver(see(shots, FaceConfig(detector="haar")), see(shots, FaceConfig()))


def test_yunet_gives_the_record_that_native_gives(shots: list[Frame], yunet: Path) -> None:
    config = FaceConfig(detector="yunet", yunet_model=yunet, yunet_sha256=digest(yunet).upper())
    assert_same_driver(see(shots, config), see(shots, FaceConfig()))


def test_yunet_finds_no_face_where_there_is_none(shots: list[Frame], yunet: Path) -> None:
    detector = face_detector(FaceConfig(detector="yunet", yunet_model=yunet, yunet_sha256=digest(yunet)))
    assert detector.find(shots[0].image[:40, :80], None) == []


def test_yunet_without_its_file_says_which_key_is_missing() -> None:
    with pytest.raises(ConfigError, match=r"vision\.face\.yunet_model is missing"):
        face_detector(FaceConfig(detector="yunet"))


def test_a_yunet_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.onnx: YuNet's model cannot be read"):
        face_detector(FaceConfig(detector="yunet", yunet_model=tmp_path / "none.onnx", yunet_sha256="0" * 64))


@pytest.mark.parametrize("given", [None, "0" * 64])
def test_a_yunet_file_of_another_hash_is_refused_and_its_own_told(tmp_path: Path, given: str | None) -> None:
    path = tmp_path / "yunet.onnx"
    path.write_bytes(b"another model")
    with pytest.raises(ConfigError, match=digest(path)):
        face_detector(FaceConfig(detector="yunet", yunet_model=path, yunet_sha256=given))


def test_a_file_of_the_right_hash_that_is_no_model_is_refused_in_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "yunet.onnx"
    path.write_bytes(b"no model at all")
    with pytest.raises(ConfigError, match="cannot load this model; get YuNet 2023mar"):
        face_detector(FaceConfig(detector="yunet", yunet_model=path, yunet_sha256=digest(path)))
