"""Hard negatives: which moments of a recording are taken, how they are kept, and how labels come back to training."""

from __future__ import annotations

import csv
import subprocess
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml
from click.testing import CliRunner
from command import write_clip

from edge.config import SHIPPED_MODELS, VisionConfig
from edge.errors import InputError
from edge.records import Emotion
from train import data as sets
from train import run
from train.data import mined as reader
from train.mining import moments, search
from train.mining.command import mine as mine_command
from train.mining.folder import MANIFEST, MinedFolder, read_manifest
from train.recipes import EMOTION, EYES

STEP = 1 / 30
LABELS = {"h": "happy", "n": "neutral", "s": "sad", "u": "surprise"}
CLOSURE = (1.0, 5.0)
"""Of the clip: its one long closure, about."""


def emotions(story: str, sure: float = 0.9) -> list[moments.Reading]:
    """A letter a frame: the emotion that is shown; `?` unknown, `-` nothing surely."""
    readings = []
    for number, letter in enumerate(story):
        shares = dict.fromkeys(LABELS.values(), (1 - sure) / 3)
        shares[LABELS.get(letter, "happy")] = sure if letter in LABELS else 0.4
        emotion = None if letter == "?" else Emotion(**shares)
        readings.append(moments.emotion_reading(number, number * STEP, emotion))
    return readings


def eyes(story: str, step: float = STEP) -> list[moments.Reading]:
    """A letter a frame: `o` surely open, `c` surely closed, `-` between, `x` not visible."""
    closed = {"o": 0.02, "c": 0.98, "-": 0.5, "x": None}
    return [moments.eye_reading(number, number * step, closed[letter]) for number, letter in enumerate(story)]


def taken(found: Sequence[moments.Find]) -> list[tuple[int, str]]:
    return [(one.frame, one.why) for one in found]


def test_an_emotion_that_comes_back_within_a_second_is_taken_with_what_it_was_before() -> None:
    found = moments.hard_emotions(emotions("nnnnnsssnnn"), moments.Truth(), 0.8)
    assert taken(found) == [
        (4, "contradicts itself: neutral, sad, neutral within 0.13 s"),
        (5, "contradicts itself: neutral, sad, neutral within 0.13 s"),
    ]


@pytest.mark.parametrize(
    "story",
    [
        "n" * 30 + "h" * 40 + "n" * 30,  # back after more than a second
        "nnnnnhhhhhsssss",  # another emotion each time
        "nnnn----??--nnnn",  # nothing contrary was ever sure
    ],
)
def test_a_change_of_mood_and_a_doubt_are_no_contradiction(story: str) -> None:
    assert moments.hard_emotions(emotions(story), moments.Truth(), 0.8) == []


def test_a_doubt_between_does_not_hide_a_contradiction() -> None:
    assert len(moments.hard_emotions(emotions("nnn-s?s-nnn"), moments.Truth(), 0.8)) == 2


def test_an_emotion_that_the_truth_forbids_or_denies_is_wrong() -> None:
    forbids = moments.Truth(forbidden=frozenset({"sad"}))
    assert taken(moments.hard_emotions(emotions("ssss"), forbids, 0.8)) == [(0, "wrong: sad, which truth.yaml forbids")]
    denies = moments.Truth(shown=(("happy", (0.0, 0.1)),))
    assert taken(moments.hard_emotions(emotions("hnns"), denies, 0.8)) == [
        (1, "wrong: neutral, but truth.yaml says happy")
    ]
    assert moments.hard_emotions(emotions("hhhh"), denies, 0.8) == []


def test_of_wrong_frames_that_look_alike_one_each_half_second_is_taken() -> None:
    truth = moments.Truth(closed=())
    found = moments.hard_eyes({"right": eyes("c" * 46), "left": eyes("x" * 46)}, truth, 0.8)
    assert [one.frame for one in found] == [0, 15, 30, 45]
    assert {one.side for one in found} == {"right"}


def test_an_eye_called_closed_in_a_labelled_closure_or_at_its_edge_is_not_wrong() -> None:
    shut = eyes("o" * 27 + "c" * 36 + "o" * 10)  # from 0.9 to 2.1 s
    labelled, unsure = moments.Truth(closed=((1.0, 2.0),)), moments.Truth(closed=(), unsure=((0.8, 2.2),))
    assert moments.hard_eyes({"right": shut, "left": shut}, labelled, 0.8) == []
    assert moments.hard_eyes({"right": shut, "left": shut}, unsure, 0.8) == []


def test_an_eye_called_open_amid_a_labelled_closure_is_wrong() -> None:
    truth = moments.Truth(closed=((0.0, 2.0),))
    (found,) = moments.hard_eyes({"right": eyes("c" * 30 + "o" * 10 + "c"), "left": eyes("x" * 41)}, truth, 0.8)
    assert (found.frame, found.why) == (30, "wrong: open, but truth.yaml says closed")


def test_a_blink_is_no_contradiction_and_a_glimpse_amid_a_closure_is() -> None:
    blink, glimpse = "ooooccccoooo", "ccccoocccc"
    assert moments.hard_eyes({"right": eyes(blink), "left": eyes(blink)}, moments.Truth(), 0.8) == []
    found = moments.hard_eyes({"right": eyes(glimpse), "left": eyes("x" * 10)}, moments.Truth(), 0.8)
    assert taken(found) == [
        (3, "contradicts itself: closed, open, closed within 0.10 s"),
        (4, "contradicts itself: closed, open, closed within 0.10 s"),
    ]


def test_one_eye_closed_and_the_other_open_are_both_taken() -> None:
    found = moments.hard_eyes({"right": eyes("oooo"), "left": eyes("oco-")}, moments.Truth(), 0.8)
    assert [(one.frame, one.side) for one in found] == [(1, "left"), (1, "right")]


@pytest.fixture(scope="module")
def clip(synthetic_recording: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closure of four seconds, in a recording whose truth says that the eyes are open all the time."""
    folder = write_clip(synthetic_recording, tmp_path_factory.mktemp("recordings") / "").resolve()
    (folder / "truth.yaml").write_text("eyes_closed_s: []\nforbid: [sad]\n")
    return folder


@pytest.fixture(scope="module")
def mined(clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mined") / "crops"
    ((_, found),) = search.search([clip], MinedFolder(folder), VisionConfig())
    assert found
    return folder


def test_the_crops_of_what_is_wrong_are_kept_with_a_manifest_to_be_labelled(mined: Path, clip: Path) -> None:
    rows = read_manifest(mined)
    wrong = [row for row in rows if row["why"] == "wrong: closed, but truth.yaml says open"]
    assert len(wrong) >= 8  # both eyes, each half second
    assert {row["recording"] for row in rows} == {clip.name}
    assert all(CLOSURE[0] - 0.3 <= float(row["time"]) <= CLOSURE[1] + 0.3 for row in wrong)
    assert all(row["answers"].startswith("closed ") and row["label"] == "" for row in wrong)
    for row in rows:
        assert cv2.imread(str(mined / row["file"]), cv2.IMREAD_UNCHANGED).shape == (search.SIDE, search.SIDE)
    on_disk = {str(path.relative_to(mined)) for path in mined.rglob("*.png")}
    assert on_disk == {row["file"] for row in rows}


def test_the_folder_says_what_it_holds_and_is_for_its_owner_alone(mined: Path) -> None:
    assert "IMAGES OF PERSONS" in (mined / "READ-THIS.txt").read_text()
    assert mined.stat().st_mode & 0o077 == 0


def test_the_same_search_again_gives_the_same_files_and_keeps_labels(mined: Path, clip: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    list(search.search([clip], MinedFolder(again), VisionConfig()))
    files = {path.relative_to(mined) for path in mined.rglob("*") if path.is_file()}
    assert {path.relative_to(again) for path in again.rglob("*") if path.is_file()} == files
    assert all((again / name).read_bytes() == (mined / name).read_bytes() for name in files)

    labelled = (again / MANIFEST).read_text().replace("open,\n", "open,open\n")
    (again / MANIFEST).write_text(labelled)
    ((_, found),) = search.search([clip], MinedFolder(again), VisionConfig())
    assert found is None  # searched before
    (again / "searched.json").unlink()
    ((_, found),) = search.search([clip], MinedFolder(again), VisionConfig())
    assert found
    assert (again / MANIFEST).read_text() == labelled


def test_what_is_labelled_while_a_search_goes_on_is_kept(tmp_path: Path) -> None:
    folder = MinedFolder(tmp_path)
    row = dict.fromkeys(("recording", "time", "task", "answers", "why", "label"), "")
    folder.add("first", [{"file": "a.png", **row}], {})
    (tmp_path / MANIFEST).write_text((tmp_path / MANIFEST).read_text().replace("a.png,,,,,,", "a.png,,,,,,happy"))
    folder.add("second", [{"file": "b.png", **row}], {})
    assert [(one["file"], one["label"]) for one in read_manifest(tmp_path)] == [("a.png", "happy"), ("b.png", "")]


def test_a_git_work_tree_is_refused_before_anything_is_looked_at(tmp_path: Path, clip: Path) -> None:
    subprocess.run(["git", "init", "-q", tmp_path / "project"], check=True)
    output = tmp_path / "project" / "deep" / "mined"
    with pytest.raises(InputError, match="lies in the git work tree"):
        MinedFolder(output)
    assert not output.parent.exists()


def test_a_model_for_another_task_is_refused() -> None:
    assert search.with_models([SHIPPED_MODELS / "eyes.tflite"]).eyes_model == SHIPPED_MODELS / "eyes.tflite"
    with pytest.raises(InputError, match="this model is for face; name one for emotion or eyes"):
        search.with_models([SHIPPED_MODELS / "face.tflite"])


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="the crops cannot be written"):
        MinedFolder(tmp_path / "file" / "mined")


def test_a_manifest_that_a_person_broke_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / MANIFEST).write_text("file,task\na.png,eyes\n")
    with pytest.raises(InputError, match="line 2 lacks recording, time, answers, why, label"):
        MinedFolder(tmp_path)


def test_truth_that_names_what_is_seen_is_read_beside_what_evaluate_reads(tmp_path: Path) -> None:
    truth = {"eyes_closed_s": [[1, 2]], "sad_s": [[20, 70]], "forbid": ["sad"]}
    (tmp_path / "truth.yaml").write_text(yaml.safe_dump(truth))
    assert search.truth_of(tmp_path) == moments.Truth(((1.0, 2.0),), (), (("sad", (20.0, 70.0)),), frozenset({"sad"}))
    (tmp_path / "truth.yaml").write_text("sad_s: 20\n")
    with pytest.raises(InputError, match=r"hold spans \[start, end\]"):
        search.truth_of(tmp_path)


def test_the_command_counts_what_it_found_and_warns_of_the_images(clip: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(mine_command, [str(clip), "--output", str(tmp_path / "crops"), "--task", "eyes"])
    assert done.exit_code == 0, done.output
    assert "this folder will hold IMAGES OF PERSONS" in done.stderr
    with (tmp_path / "crops" / MANIFEST).open(newline="") as file:
        count = len(list(csv.DictReader(file)))
    assert f"{clip}: {count} crops" in done.stdout
    assert not (tmp_path / "crops" / "emotion").exists()


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    """Three crops of eyes, one without a label, and one of an emotion."""
    rows = [("a", "eyes", "open"), ("b", "eyes", " Not_Visible "), ("c", "eyes", ""), ("d", "emotion", "anger")]
    folder = tmp_path / "labelled"
    folder.mkdir()
    lines = ["file,recording,time,task,answers,why,label"]
    for number, (name, task, label) in enumerate(rows):
        cv2.imwrite(str(folder / f"{name}.png"), np.full((96, 96), 50 * number, np.uint8))
        lines.append(f'{name}.png,drive,1.000,{task},"open 0.90, closed 0.10",wrong,{label}')
    (folder / MANIFEST).write_text("\n".join(lines) + "\n")
    return folder


def test_labelled_crops_become_training_images_in_the_size_of_the_others(labelled: Path) -> None:
    found = reader.read(labelled, EYES, 48)
    assert found.images.shape == (2, 48, 48)
    assert [int(image.mean()) for image in found.images] == [0, 50]
    assert found.targets.tolist() == [[1, 0, 0], [0, 0, 1]]
    (anger,) = reader.read(labelled, EMOTION, 48).targets
    assert (EMOTION.labels + EMOTION.also)[int(anger.argmax())] == "anger"


def test_a_run_trains_on_them_and_its_card_says_so(labelled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = sets.Examples(
        np.zeros((5, 48, 48), np.uint8),
        np.eye(3, dtype=np.float32)[[0, 0, 1, 1, 2]],
        np.ones(5, np.float32),
        {"state": np.array([0, 0, 1, 1, 2])},
        np.full(5, "nir"),
    )
    monkeypatch.setattr(sets, "training", lambda *_: usual)
    found = run.examples_of(EYES, "training", labelled, own=False, leave_out=None, mined=[labelled])
    assert len(found) == 7
    assert found.labels["state"].tolist() == [0, 0, 1, 1, 2, -1, -1]
    assert set(found.source) <= set(EYES.augmentation.zoom)  # each is cut as its source says
    assert "crops mined from recordings" in [one.name for one in reader.cited(EYES).datasets]


def test_a_label_that_does_not_exist_is_named_with_its_line(labelled: Path) -> None:
    path = labelled / MANIFEST
    path.write_text(path.read_text().replace("anger", "cross"))
    with pytest.raises(InputError, match=r"line 5: 'cross' is no label of emotion; write one of happy, neutral"):
        reader.read(labelled, EMOTION, 48)


def test_a_folder_that_nobody_has_labelled_yet_is_one_sentence(mined: Path) -> None:
    with pytest.raises(InputError, match=r"none of its \d+ crops for eyes has a label"):
        reader.read(mined, EYES, 48)


def test_a_crop_that_is_gone_is_one_sentence(labelled: Path) -> None:
    (labelled / "a.png").unlink()
    with pytest.raises(InputError, match=r"a\.png: the crop is missing or damaged"):
        reader.read(labelled, EYES, 48)


def test_a_crop_cut_short_is_one_sentence(labelled: Path) -> None:
    crop = cv2.imencode(".jpg", np.random.default_rng(0).integers(0, 256, (90, 90), np.uint8))[1].tobytes()
    (labelled / "a.png").write_bytes(crop[: len(crop) // 2])  # OpenCV would give it a grey rest
    with pytest.raises(InputError, match=r"a\.png: the crop is missing or damaged"):
        reader.read(labelled, EYES, 48)
