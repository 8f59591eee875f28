"""The comparison: its recipes, its data, its figures and its table, on what can be counted by hand."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from compared import write_fer2013

from edge.errors import InputError, UserError
from train.cli import group
from train.comparison import report
from train.comparison.batches import Epoch, moved
from train.comparison.data import Splits, read
from train.comparison.measure import figures, wilson
from train.comparison.recipes import NAMES, REPORTS, Moves, Report, ended, rate_of
from train.data import Examples

SHIPPED = Path(__file__).resolve().parents[2] / "edge" / "models" / "emotion.tflite"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_fer2013(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def splits(made: Path) -> Splits:
    return read(made, 4, 0.0)


def test_every_classifier_of_the_literature_can_be_compared() -> None:
    assert len(NAMES) == 19
    assert set(NAMES) == set(REPORTS)


def test_a_plateau_lowers_the_rate_and_then_waits_anew() -> None:
    report = Report("", rate=1.0, plateau=(0.5, 2))
    losses = [3.0, 2.0, 2.1, 2.2, 2.3, 1.9, 2.0, 2.0]
    assert [rate_of(report, losses[:done]) for done in range(9)] == [1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.25]


def test_the_rate_of_mobilenetv2_falls_after_ten_epochs() -> None:
    rates = [rate_of(REPORTS["mobilenetv2"], [1.0] * epoch) for epoch in (0, 10, 11, 20)]
    assert rates == pytest.approx([1e-5, 1e-5, 1e-5 * np.exp(-0.1), 1e-5 * np.exp(-1)])


def test_early_stopping_waits_for_the_second_part_of_fine_tuning() -> None:
    report = Report("", patience=2, fine_tuning=(4, 1e-5))
    assert not ended(report, [0.9, 0.1, 0.1, 0.1, 0.2, 0.1])
    assert ended(report, [0.9, 0.1, 0.1, 0.1, 0.2, 0.1, 0.2])
    assert rate_of(report, [1.0] * 4) == 1e-5


def test_an_image_of_the_test_is_not_trained_on(splits: Splits) -> None:
    assert len(splits.training) == 79  # 20 of each class, less the sad one that stands in PrivateTest
    assert len(splits.test) == 24


def test_both_label_sets_are_kept_apart(splits: Splits) -> None:
    own, voted = splits.test.labels["fer2013"], splits.test.labels["ferplus"]
    assert (own != voted).sum() == 1
    assert splits.classes[own[own != voted][0]] == "sad"
    assert splits.classes[voted[own != voted][0]] == "neutral"


@pytest.mark.parametrize(("count", "images"), [(5, 99), (7, 139)])
def test_the_other_class_sets_have_their_own_images(made: Path, count: int, images: int) -> None:
    found = read(made, count, 0.0)
    assert len(found.training) == images
    assert found.training.targets.shape[1] == len(found.classes) == count


def test_votes_are_learned_as_far_as_they_lie_in_the_classes(made: Path) -> None:
    voted = read(made, 4, 1.0).training
    assert voted.targets.sum(axis=1) == pytest.approx(1)
    assert np.unique(voted.weights) == pytest.approx([0.8])  # eight of ten votes


def test_a_class_without_an_image_is_told(made: Path, tmp_path: Path) -> None:
    labels = (made / "fer2013" / "labels.csv").read_text().replace(",fear,", ",angry,")
    (tmp_path / "fer2013").mkdir()
    (tmp_path / "fer2013" / "labels.csv").write_text(labels)
    (tmp_path / "fer2013" / "00.webp").write_bytes((made / "fer2013" / "00.webp").read_bytes())
    with pytest.raises(InputError, match="Training has no image of fear"):
        read(tmp_path, 5, 0.0)


def test_a_share_is_of_every_class_alike(splits: Splits) -> None:
    few = splits.training.part(0.2, 0)
    assert np.bincount(few.targets.argmax(axis=1)).tolist() == [4, 4, 4, 4]


def _flat(images: np.ndarray, kinds: list[int]) -> Examples:
    targets = np.eye(4, dtype=np.float32)[kinds]
    return Examples(images, targets, np.ones(len(kinds), np.float32), {}, np.full(len(kinds), "fer2013"))


def test_class_weights_let_every_class_count_alike() -> None:
    examples = _flat(np.zeros((40, 48, 48), np.uint8), [0] * 30 + [1] * 10)
    batches = Epoch(examples, Report("", batch=40, balanced=True), seed=0, epoch=0)
    _, targets, weights = batches[0]
    assert (targets * weights[:, None]).sum(axis=0) == pytest.approx([20, 20, 0, 0])


def test_an_epoch_shows_every_image_once_in_an_order_of_its_own() -> None:
    images = np.repeat(np.arange(64, dtype=np.uint8)[:, None, None], 48, axis=1).repeat(48, axis=2)
    orders = []
    for epoch in (0, 1, 1):
        batches = Epoch(_flat(images, [0] * 64), Report("", std=1.0), seed=0, epoch=epoch)
        orders.append([int(image[0, 0, 0]) for number in range(len(batches)) for image in batches[number][0]])
    assert sorted(orders[0]) == list(range(64))
    assert orders[0] != orders[1] == orders[2]


def test_an_image_that_is_moved_by_nothing_is_itself_or_its_mirror_image() -> None:
    image = np.random.default_rng(0).integers(0, 256, (48, 48)).astype(np.uint8)
    found = [moved(image, 48, Moves(0, 0, 0), np.random.default_rng(seed)) for seed in range(8)]
    straight = [np.array_equal(one, image) for one in found]
    assert any(straight)
    assert all(same or np.array_equal(one, image[:, ::-1]) for same, one in zip(straight, found, strict=True))


def test_the_interval_is_the_one_of_wilson() -> None:
    assert wilson(0.8, 100) == pytest.approx((0.7111, 0.8666), abs=1e-4)
    assert wilson(1.0, 10)[1] == pytest.approx(1.0)


def _row(splits: Splits) -> dict[str, object]:
    labels = splits.test.labels["fer2013"]
    logits = np.eye(4, dtype=np.float32)[labels] * 6
    logits[0] = np.roll(logits[0], 1)
    training = {"recipe": "Adam", "ended": "--minutes", "epochs": 2.4, "of": 15, "images": 79, "share": 0.5}
    training |= {"seconds": 30.0, "weights": "none", "limits": {"epochs": None, "minutes": 0.5}}
    record = {"part": 1.0, "loss": 1.0, "validation_loss": 1.1, "accuracy": 0.5}
    return {
        "name": "vgg16",
        "kind": "network",
        "settings": {},
        "published": "4: 51.56 %",
        "training": training,
        "history": [record],
        "classes": list(splits.classes),
        "temperature": 1.0,
        "parameters": 14_000_000,
        "labels": figures(splits.classes, splits.test, logits, 1.0),
        "device": {"bytes": 15_000_000, "median_ms": 1.5, "multiply_adds": 700_000, "agreement": 0.99},
    }


def test_the_table_says_published_and_own_and_what_training_was_cut(splits: Splits, tmp_path: Path) -> None:
    report.write(tmp_path, [_row(splits)], "What was asked.")
    page = (tmp_path / "comparison.md").read_text()
    assert "| `vgg16` | 4: 51.56 % | 91.67 % (74.2 to 97.7) | 95.83 % (79.8 to 99.3) |" in page
    assert "2.4 of 15 epochs, cut by --minutes 0.5; 79 images, 30 s (50 % of them)" in page
    assert "random weights to begin with" in page
    assert {path.name for path in (tmp_path / "pictures").iterdir()} == {
        "accuracy.png",
        "confusion-vgg16.png",
        "curves.png",
        "reliability.png",
    }


def test_the_csv_holds_plain_numbers_of_both_label_sets(splits: Splits) -> None:
    (line,) = csv.DictReader(io.StringIO(report.table_csv([_row(splits)])))
    assert float(line["fer2013_accuracy"]) == pytest.approx(23 / 24)
    assert float(line["ferplus_accuracy"]) == pytest.approx(22 / 24)
    assert float(line["fer2013_low"]) < 23 / 24 < float(line["fer2013_high"])
    assert float(line["ferplus_sad_recall"]) == 1.0
    assert line["cap_minutes"] == "0.5"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--architecture", "alexnet"], "no architecture 'alexnet' to compare; choose of: "),
        (["--model", "shipped"], "write it as NAME=FILE"),
        (["--model", "ann=x.tflite"], "name the row otherwise"),
        (["--model", "mine=gone.tflite"], "there is no such model file"),
        (["--model", f"shipped={SHIPPED}", "--classes", "7"], "does not answer angry, disgust, fear"),
        (["--architecture", "vgg16", "--weights", "vgg16=gone.h5"], "gone.h5: there is no such weights file"),
    ],
)
def test_a_wrong_option_is_one_sentence(made: Path, tmp_path: Path, options: list[str], sentence: str) -> None:
    asked = ["compare", "emotion", "--data", str(made), "--output", str(tmp_path / "run"), *options]
    done = CliRunner().invoke(group, asked)
    assert isinstance(done.exception, UserError)
    assert sentence in str(done.exception)
