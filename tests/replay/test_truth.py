"""truth.yaml: what is known of a recording, and what is said of a file that cannot be understood."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.errors import InputError
from edge.replay.truth import Truth, read_truth, refuse_beyond

REAL = (
    "car_laughing",
    "car_talking",
    "car_yawn_eyes_closed",
    "closure_ladder",
    "desk_glasses_blinks",
    "perclos_rise",
    "sad_sustained",
)


def _refusal(folder: Path) -> str:
    with pytest.raises(InputError) as caught:
        read_truth(folder)
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert sentence.startswith(str(folder))
    return sentence


@pytest.mark.parametrize("name", REAL)
def test_the_truth_of_a_real_recording_is_understood(recordings: Path, name: str) -> None:
    truth = read_truth(recordings / name)
    assert truth.expect or truth.forbid
    assert truth.kind in ("real", "composed")


def test_the_ladders_expectations_are_its_four_long_closures(recordings: Path) -> None:
    truth = read_truth(recordings / "closure_ladder")
    assert [expected.cause for expected in truth.expect] == ["microsleep", "microsleep", "sleep", "unresponsive"]
    assert truth.eyes_closed_s is not None
    assert len(truth.eyes_closed_s) == 22


def test_the_synthetic_recording_says_that_it_is_synthetic(synthetic_recording: Path) -> None:
    assert read_truth(synthetic_recording).kind == "synthetic"


def test_unlabelled_eyes_are_not_taken_for_always_open(tmp_path: Path) -> None:
    (tmp_path / "truth.yaml").write_text("expect: []\n")
    assert read_truth(tmp_path).eyes_closed_s is None


def test_a_recording_without_truth_is_told(tmp_path: Path) -> None:
    assert "no truth to be held against" in _refusal(tmp_path)


def test_a_video_file_has_no_truth(synthetic_recording: Path) -> None:
    assert "no truth to be held against" in _refusal(synthetic_recording / "video.mp4")


def test_a_folder_in_its_place_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "truth.yaml").mkdir()
    assert "cannot be read" in _refusal(tmp_path)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("expect: [{signal: fatigue, cause: nap, closure_start_s: 1}]", "expect.0.cause"),
        ("expect: [{signal: fatigue, cause: sleep}]", "expect.0"),
        ("expect: [{signal: fatigue, cause: sleep, closure_start_s: 1, between_s: [1, 2]}]", "expect.0"),
        ("expect: [{signal: fatigue, cause: sleep, closure_start: 1}]", "expect.0.closure_start"),
        ("eyes_closed_s: [[1, 2], [3]]", "eyes_closed_s.1"),
        ("eyes_closed_s: [[-1, 2]]", "eyes_closed_s.0.0"),
        ("eyes_closed_s: [[2, 1]]", "eyes_closed_s.0"),
        ("not_scored_s: [[2, 1]]", "not_scored_s.0"),
        ("eyes_closed_s: [[1, .nan]]", "eyes_closed_s.0"),
        ("eyes_closed_s: [[1, .inf]]", "eyes_closed_s.0"),
        ("expect: [{signal: fatigue, cause: sleep, closure_start_s: .nan}]", "expect.0.closure_start_s"),
        ("expect: [{signal: fatigue, cause: sustained, closure_start_s: 1}]", "expect.0"),
        ("allow: [tired]", "allow.0"),
        ("- expect", "the file"),
    ],
)
def test_a_wrong_value_is_told_with_its_place(tmp_path: Path, text: str, where: str) -> None:
    (tmp_path / "truth.yaml").write_text(text)
    assert f"truth.yaml: {where}" in _refusal(tmp_path)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("eye_closed_s: [[1, 2]]", "eye_closed_s is not a key that exists; did you mean eyes_closed_s?"),
        ("expected: []", "expected is not a key that exists; did you mean expect?"),
        ("weather: rain", "weather is not a key that exists; known are kind, "),
    ],
)
def test_a_key_that_nobody_knows_is_refused(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "truth.yaml").write_text(text)
    assert sentence in _refusal(tmp_path)


def test_other_labelled_intervals_may_stand_beside_those_that_are_scored(tmp_path: Path) -> None:
    (tmp_path / "truth.yaml").write_text("glare_s: [[1, 2]]\nmouth_open_s: [[5.3, 8.5]]\neyes_closed_s: [[3, 4]]\n")
    assert read_truth(tmp_path).eyes_closed_s == ((3, 4),)


@pytest.mark.parametrize("content", [b"expect: [", b"\xff\xfe\x00", b"expect: 2026-99-99", b"expect: []\nexpect: [1]"])
def test_what_is_not_yaml_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "truth.yaml").write_bytes(content)
    assert "this is not YAML" in _refusal(tmp_path)


@pytest.mark.parametrize(
    ("labels", "where"),
    [
        ({"eyes_closed_s": [[1, 2], [20.2, 21]]}, "eyes_closed_s.1 begins at 20.20 s"),
        ({"not_scored_s": [[30, 31]]}, "not_scored_s.0 begins at 30.00 s"),
        ({"expect": [{"signal": "fatigue", "cause": "sleep", "closure_start_s": 21}]}, "expect.0 begins at 21.00 s"),
        ({"expect": [{"signal": "sad", "cause": "sustained", "between_s": [22, 30]}]}, "expect.0 begins at 22.00 s"),
    ],
)
def test_a_label_that_begins_after_the_recordings_end_is_refused(
    tmp_path: Path, labels: dict[str, object], where: str
) -> None:
    with pytest.raises(InputError) as caught:
        refuse_beyond(Truth.model_validate(labels), tmp_path, 20.0)
    assert str(caught.value) == f"{tmp_path}/truth.yaml: {where}, after the recording's end at 20.00 s; correct it."


def test_a_label_that_goes_on_after_the_recordings_end_is_none_of_another() -> None:
    refuse_beyond(Truth.model_validate({"eyes_closed_s": [[19, 40], [20.1, 21]]}), Path(), 20.0)
