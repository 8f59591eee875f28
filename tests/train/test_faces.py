"""The sets of faces, and what the two networks that find and follow a face learn from them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge.config import VisionConfig
from edge.errors import InputError
from edge.vision import face_decode as detector
from edge.vision import points as contour
from edge.vision.crops import Square
from train import light
from train.data import faces
from train.places import face, face_audit, face_recordings, landmarks
from train.places.face_frames import FrameSource, Labelled, five_points, turned_away
from train.places.landmark_crops import CropSource, To68, eye_distances, labels, mirrored, moved


@pytest.fixture(scope="module")
def held_out(data: Path) -> faces.Faces:
    return faces.read(data, ("cabin", "youtube_faces"), held_out=True)


def test_no_person_of_the_video_stills_is_on_both_sides_of_the_split(data: Path) -> None:
    with np.load(data / "youtube_faces.npz") as file:
        sources = [str(source) for source in file["source"]]
    inside = {faces.person_of(source) for source in sources if faces.is_held_out("youtube_faces", source)}
    outside = {faces.person_of(source) for source in sources if not faces.is_held_out("youtube_faces", source)}
    assert len(inside) > 20
    assert not inside & outside


def test_held_out_drivers_are_the_same_whether_they_yawn_or_not() -> None:
    assert faces.is_held_out("cabin", "no_yawn/1891.jpg")
    assert faces.is_held_out("cabin", "yawn/524.jpg")
    assert not faces.is_held_out("cabin", "no_yawn/1880.jpg")
    assert not faces.is_held_out("cabin", "yawn/523.jpg")
    assert not faces.is_held_out("cabin", "yawn/1891.jpg")


def test_a_missing_set_is_named_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cabin\.npz: there is no such file"):
        faces.read(tmp_path, ("cabin",))


def test_training_crop_shows_the_points_where_they_are_in_the_frame(held_out: faces.Faces) -> None:
    points = held_out.mesh[:, list(contour.MESH)]
    row = int(np.flatnonzero(held_out.presence > 0.9)[0])
    square = moved(contour.face_square(points[row]), np.random.default_rng(3))
    there = square.to_frame(square.from_frame(points[row]))
    assert np.abs(there - points[row]).max() < 0.01


def test_a_mirrored_crop_has_the_right_eye_on_the_images_left() -> None:
    points = np.zeros((contour.COUNT, 2), np.float32)
    points[contour.RIGHT_EYE, 0], points[contour.LEFT_EYE, 0] = -0.1, 0.3
    _, after = mirrored(np.zeros((96, 96), np.uint8), points)
    assert after[contour.RIGHT_EYE, 0] == pytest.approx(-0.3)
    assert after[contour.LEFT_EYE, 0] == pytest.approx(0.1)


def test_crops_hold_a_face_or_none_and_say_which(held_out: faces.Faces) -> None:
    source = CropSource(held_out, held_out.mesh[:, list(contour.MESH)], {"cabin": 0.5, "youtube_faces": 0.5})
    random = np.random.default_rng(0)
    crops = [source.draw(random) for _ in range(80)]
    assert {crop.image.shape for crop in crops} == {(contour.CROP_SIZE, contour.CROP_SIZE)}
    present = [crop for crop in crops if crop.present]
    assert 40 < len(present) < 80
    middles = np.array([crop.points.mean(axis=0) for crop in present])
    assert np.abs(middles).max() < 0.35  # the face stands in the crop
    assert (eye_distances(np.stack([crop.points for crop in present])) < 0.6).all()


def test_the_usual_68_points_follow_from_the_contour(held_out: faces.Faces) -> None:
    to68 = To68.fit(held_out)
    known = (held_out.presence > 0.9) & np.isfinite(held_out.points68).all(axis=(1, 2))
    ours = labels(held_out, to68)[known]
    apart = np.linalg.norm(to68(ours) - held_out.points68[known][:, 17:], axis=2).mean(axis=1) / eye_distances(ours)
    assert np.median(apart) < 0.06


def test_a_frame_is_made_with_its_faces_where_the_labels_say(held_out: faces.Faces) -> None:
    source = FrameSource(held_out, shares={"cabin": 0.5, "youtube_faces": 0.5}, bank=20)
    random = np.random.default_rng(0)
    frames = [source.draw(random) for _ in range(60)]
    assert {frame.image.shape for frame in frames} == {(detector.HEIGHT, detector.WIDTH)}
    assert any(len(frame.faces) == 0 for frame in frames)
    assert any(len(frame.faces) > 1 for frame in frames)
    for frame in frames:
        for one in frame.faces:
            eyes = one[4:8].reshape(2, 2)
            assert (eyes > one[:2] - 0.2 * one[2:4]).all()
            assert (eyes < one[:2] + 1.2 * one[2:4]).all()


def test_what_the_network_is_asked_for_is_what_the_vehicle_decodes() -> None:
    box = np.array([60.0, 30.0, 32.0, 44.0], np.float32)
    points = np.array([[68, 45], [84, 46], [76, 55], [69, 64], [83, 65]], np.float32)
    frame = Labelled(
        np.zeros((detector.HEIGHT, detector.WIDTH), np.uint8),
        np.concatenate([box, points.reshape(-1)])[None],
        np.zeros((0, 4), np.float32),
    )
    answer, counts = face.targets(frame)
    asked = answer.copy()
    asked[:, 0] = np.where(answer[:, 0] > 0, 0.4, -0.4)
    (found,) = detector.decode(asked.reshape(-1))
    assert found.score > 0.9
    np.testing.assert_allclose([found.box.x, found.box.y, found.box.width, found.box.height], box, atol=0.01)
    np.testing.assert_allclose(found.points, points, atol=0.01)
    assert 0 < (counts == 0).sum() < 60  # around the face nothing is asked


def test_five_points_are_the_meshs_where_it_was_sure(held_out: faces.Faces) -> None:
    five = five_points(held_out)
    sure = held_out.presence > 0.9
    np.testing.assert_allclose(five[sure][:, 0], held_out.mesh[sure][:, :16].mean(axis=1), atol=1e-3)


@pytest.mark.parametrize("change", [light.lit, light.blurred, light.covered, light.resized_down, light.sharpened])
def test_changed_light_keeps_size_and_type(change: object) -> None:
    random = np.random.default_rng(0)
    image = light.pattern((96, 96), random)
    for _ in range(20):
        after = change(image, random)  # type: ignore[operator]
        assert after.shape == image.shape
        assert after.dtype == np.uint8


def test_sun_from_one_side_leaves_the_other_as_it_was() -> None:
    image = np.full((60, 80), 100, np.uint8)
    for seed in range(10):
        after = light.half_saturated(image, 40.0, np.random.default_rng(seed))
        sides = sorted([float(after[:, 2].mean()), float(after[:, -3].mean())])
        assert sides[0] < 110
        assert sides[1] > 190


def test_faces_in_profile_are_drawn_more_often_than_frontal_ones(held_out: faces.Faces) -> None:
    weights = turned_away(held_out)
    across = np.linalg.norm(held_out.five[:, 0] - held_out.five[:, 1], axis=1) / np.sqrt(
        held_out.box[:, 2] * held_out.box[:, 3]
    )
    assert weights[across > 0.4].max() == 1
    assert weights[across < 0.3].min() > 1.5


def test_a_crop_knows_the_usual_68_points_as_they_were_before_a_mirror(held_out: faces.Faces) -> None:
    source = CropSource(held_out, held_out.mesh[:, list(contour.MESH)], {"youtube_faces": 1.0})
    random = np.random.default_rng(0)
    crops = [crop for crop in (source.draw(random) for _ in range(60)) if crop.present]
    assert {crop.mirrored for crop in crops} == {True, False}
    for crop in crops:
        points = crop.points[contour.MIRRORED] * [-1, 1] if crop.mirrored else crop.points
        right_eye = crop.points68[36 - 17 : 42 - 17].mean(axis=0)
        away = np.hypot(*(points[contour.RIGHT_EYE].mean(axis=0) - right_eye))
        assert away < 0.6 * eye_distances(points[None].astype(np.float32))[0]


def test_following_is_measured_on_the_crop_that_the_first_answer_cuts(data: Path) -> None:
    to68 = To68.fit(faces.read(data, ("youtube_faces",), held_out=True))
    held_out = landmarks.HeldOut.draw(data, to68)
    asked = []

    def answer(images: np.ndarray) -> np.ndarray:
        asked.append(images)
        squares = held_out.squares if len(asked) == 1 else [contour.face_square(one) for one in held_out.points]
        output = np.zeros((len(images), landmarks.OUTPUTS), np.float32)
        if len(images) == len(held_out.frames):
            right = [square.from_frame(one) - 0.5 for square, one in zip(squares, held_out.points, strict=True)]
            output[:, 0], output[:, 1:] = 1, np.stack(right).reshape(len(images), -1)
        return output

    measured = held_out.measure(answer)
    assert measured["moved_youtube_faces"] < 1e-3
    assert measured["followed_youtube_faces"] < 1e-3
    assert 0.03 < measured["followed_68"] < 0.09  # the labels themselves disagree
    assert measured["followed_68_outer"] < measured["followed_68"]
    assert measured["followed_missed"] == measured["false"] == 0


def test_a_face_square_is_found_again_from_its_points_in_the_crop() -> None:
    random = np.random.default_rng(0)
    points = random.normal(0, 20, (contour.COUNT, 2)).astype(np.float32) + 100
    square = contour.face_square(points)
    turned = Square(100, 100, 1.0, 0.4)
    again = contour.face_square(turned.from_frame(points) * 1.0)
    assert again.side * 1.0 == pytest.approx(max(8.0, square.side), rel=1e-3)


def test_a_recording_is_searched_by_every_detector_and_followed(synthetic_recording: Path) -> None:
    shipped = Path(__file__).parents[2] / "edge" / "models" / "face.tflite"
    finders = {"native": face_audit.native(shipped, 0.5), "blind": lambda image: []}
    table = face_recordings.audit([synthetic_recording], finders, finders["native"], VisionConfig())
    heading, _, row = table.splitlines()
    assert heading == "| recording (frames) | native, ms | blind, ms | followed, ms |"
    name, native, blind, followed = (cell.strip().split(",")[0] for cell in row.strip("|").split("|"))
    assert name.startswith("`synthetic_closure`")
    assert (native, blind, followed) == ("100.0%", "0.0%", "100.0%")


def test_what_other_detectors_found_is_kept_for_the_same_frames_and_our_own_is_asked_anew(
    held_out: faces.Faces, tmp_path: Path
) -> None:
    asked = []

    def finder(name: str) -> face_audit.Finder:
        return lambda image: asked.append(name) or []

    finders = {face_audit.OWN: finder("own"), "other": finder("other")}
    few = face_audit.cases(held_out)[:3]
    first = face_audit._measure(finders, few, tmp_path / "keep")
    again = face_audit._measure(finders, few, tmp_path / "keep")
    assert asked == ["own"] * 3 + ["other"] * 3 + ["own"] * 3
    assert np.array_equal(first["other"], again["other"], equal_nan=True)
    face_audit._measure(finders, few[:2], tmp_path / "keep")
    assert asked[9:] == ["own"] * 2 + ["other"] * 2
