"""What fit may be asked beyond the recipe, and that without it everything stays as it was."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from click.testing import CliRunner

from edge.errors import InputError, UserError
from train import architectures, checkpoint, cli, fit, objective, options
from train.batches import Batches
from train.data import Examples, contours, scaled
from train.recipes import EMOTION, EYES

TINY = dataclasses.replace(
    EYES,
    labels=("open", "closed"),
    options={"stem": 4, "stages": ((4, 1),), "dropout": 0.0},
    epochs=2,
    batch=16,
    steps=2,
    warm_up=0.0,
)


DEFAULTS = {"loss": "cross_entropy", "schedule": "cosine"}


def _examples(count: int = 32) -> Examples:
    images = np.random.default_rng(0).integers(0, 256, (count, 48, 48)).astype(np.uint8)
    state = np.arange(count) % 2
    targets = np.eye(2, dtype=np.float32)[state]
    return Examples(images, targets, np.ones(count, np.float32), {"state": state}, np.full(count, "web"))


def test_without_options_the_recipe_stays_as_it_is() -> None:
    assert options.changed(EMOTION, {"batch": None, "loss": None, "side": None}) == EMOTION


def test_an_option_changes_the_recipe_and_stands_on_the_card() -> None:
    asked = {"batch": 32, "loss": "focal", "optimizer": "sgd", "schedule": "plateau", "patience": 4}
    recipe = options.changed(EMOTION, asked | {"class_weights": "balanced"})
    assert (recipe.batch, recipe.loss, recipe.optimizer, recipe.schedule) == (32, "focal", "sgd", "plateau")
    assert (recipe.patience, recipe.class_weights) == (4, "balanced")
    assert options.told(asked) == " --batch 32 --loss focal --optimizer sgd --schedule plateau --patience 4"


def test_a_larger_side_enlarges_what_the_network_sees() -> None:
    recipe = options.changed(EMOTION, {"side": 96})
    assert (recipe.input.width, recipe.input.height) == (96, 96)
    assert scaled(_examples(2).images, recipe.input).shape == (2, 96, 96, 1)


def test_occlusion_and_low_light_have_levels() -> None:
    recipe = options.changed(EMOTION, {"occlusion": "strong", "low_light": "none"})
    assert recipe.settled is not None
    for plan in (recipe.augmentation, recipe.settled):
        assert plan.erase == 0.4
        assert plan.noise == (0.0, 0.0)
        assert "fer2013" in plan.zoom


@pytest.mark.parametrize("level", options.LOW_LIGHT)
def test_the_stronger_low_light_the_darker_the_images(level: str) -> None:
    examples = dataclasses.replace(_examples(64), source=np.full(64, "fer2013"))
    recipe = options.changed(EMOTION, {"low_light": level, "batch": 64})
    image = Batches(examples, recipe, seed=0, epoch=0)[0][0]
    mean = float(np.asarray(image).mean()) * recipe.input.std + recipe.input.mean
    assert (mean < 105) == (level == "strong")


def test_another_network_has_its_own_sizes_and_one_side_of_the_image() -> None:
    recipe = options.changed(EMOTION, {"architecture": "residual_landmarks"})
    assert recipe.options == {}
    assert not recipe.mirrored
    assert recipe.points


def test_an_unknown_network_is_told() -> None:
    with pytest.raises(UserError, match="no architecture 'vgg19'; choose one of: residual"):
        options.changed(EMOTION, {"architecture": "vgg19"})


def test_weights_without_a_network_of_imagenets_are_told() -> None:
    with pytest.raises(UserError, match="--weights belongs to a network of ImageNet's"):
        options.changed(EMOTION, {"weights": "none"})


def test_what_a_search_found_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "best.json"
    found = {"architecture": "residual", "options": {"stem": 8, "stages": [[16, 1]]}, "learning_rate": 0.01}
    path.write_text(json.dumps(found))
    recipe = options.changed(EMOTION, {"network": path})
    assert recipe.options == found["options"]
    assert recipe.learning_rate == 0.01
    path.write_text("{}")
    with pytest.raises(InputError, match=r"this is no best\.json"):
        options.changed(EMOTION, {"network": path})


def test_an_option_of_the_classifiers_is_refused_for_the_detector(tmp_path: Path) -> None:
    arguments = ["fit", "face", "--data", str(tmp_path), "--output", str(tmp_path / "o"), "--loss", "focal"]
    done = CliRunner().invoke(cli.group, arguments)
    assert isinstance(done.exception, UserError)
    assert str(done.exception) == "--loss is an option of emotion and eyes; leave it out for face."


def test_either_data_or_images_must_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DRIVER_MONITOR_DATA", raising=False)
    done = CliRunner().invoke(cli.group, ["fit", "emotion", "--output", str(tmp_path)])
    assert done.exit_code == 2
    assert "Missing option '--data'" in done.output


def test_a_checkpoint_from_before_an_option_goes_on_without_it(tmp_path: Path) -> None:
    recipe = dataclasses.replace(TINY, epochs=1)
    whole = fit.fit(recipe, _examples(), _examples(), tmp_path, seed=0, verbose=0)
    with np.load(tmp_path / "checkpoint.npz") as file:
        arrays = {key: file[key] for key in file.files}
    state = json.loads(str(arrays["state"]))
    for later in ("loss", "optimizer", "schedule", "class_weights", "patience", "points"):
        del state["settings"][later]
    np.savez(tmp_path / "checkpoint.npz", **(arrays | {"state": np.array(json.dumps(state))}))
    again = fit.fit(recipe, _examples(), _examples(), tmp_path, seed=0, verbose=0)
    assert again.history == whole.history


@pytest.mark.parametrize("change", [{"loss": "focal"}, {"schedule": "constant"}])
def test_a_checkpoint_with_an_option_is_not_gone_on_from_without_it(tmp_path: Path, change: dict[str, Any]) -> None:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd")
    path = tmp_path / "checkpoint.npz"
    checkpoint.save(path, checkpoint.State({"votes": 1.0} | change, history=[]), model, [])
    with pytest.raises(InputError, match=f"another {next(iter(change))}, votes; give the same options"):
        checkpoint.restore(path, dict(DEFAULTS), model, DEFAULTS)


@pytest.mark.parametrize("change", [{"optimizer": "adam", "loss": "focal"}, {"optimizer": "sgd"}])
def test_every_optimizer_and_loss_trains(tmp_path: Path, change: dict[str, Any]) -> None:
    recipe = dataclasses.replace(TINY, epochs=1, **change)
    state = fit.fit(recipe, _examples(), _examples(), tmp_path, seed=0, verbose=0)
    assert state.history is not None
    assert np.isfinite(state.history[0]["loss"])


def test_the_plateau_halves_the_rate_after_three_epochs_in_vain() -> None:
    assert objective.plateau([]) == 1
    assert objective.plateau([0.5, 0.6, 0.6, 0.6]) == 1
    assert objective.plateau([0.5, 0.6, 0.6, 0.6, 0.6]) == 0.5
    assert objective.plateau([0.5, 0.4, 0.4, 0.4, 0.6, 0.1, 0.1, 0.1]) == 0.25


def test_patience_ends_a_run_that_no_longer_gets_better() -> None:
    recipe = dataclasses.replace(TINY, patience=2)
    assert not objective.ended(recipe, [0.5, 0.7, 0.6])
    assert objective.ended(recipe, [0.5, 0.7, 0.6, 0.7])
    assert not objective.ended(TINY, [0.5, 0.4, 0.3, 0.2, 0.1])


def test_balanced_classes_weigh_the_same_together() -> None:
    targets = np.eye(2, dtype=np.float32)[np.array([0, 0, 0, 1])]
    examples = dataclasses.replace(_examples(4), targets=targets)
    weights = objective.weighted(examples, dataclasses.replace(TINY, class_weights="balanced")).weights
    assert weights[:3].sum() == pytest.approx(weights[3])
    assert weights.sum() == pytest.approx(4)
    assert objective.weighted(examples, TINY) is examples


def test_points_are_the_same_wherever_and_however_large_a_face_is() -> None:
    random = np.random.default_rng(0)
    points = random.uniform(20, 80, (63, 2)).astype(np.float32)
    turn = np.array([[0.8, 0.6], [-0.6, 0.8]], np.float32) * 1.7
    np.testing.assert_allclose(contours.relative(points @ turn + 9), contours.relative(points), atol=1e-4)


def test_lost_points_stay_lost_and_the_others_vary() -> None:
    points = np.ones((400, contours.WIDTH), np.float32)
    points[:50] = 0
    seen = contours.varied(points, np.random.default_rng(0))
    assert (seen[:50] == 0).all()
    assert 0 < (seen[50:] == 0).all(axis=1).mean() < 0.15
    assert seen[50:, 1:].std() > 0.01


def test_a_network_that_reads_points_is_trained_on_them_and_judged_with_them(tmp_path: Path) -> None:
    recipe = dataclasses.replace(TINY, architecture="residual_landmarks", epochs=1, points=True)
    points = np.random.default_rng(0).normal(size=(32, contours.WIDTH)).astype(np.float32)
    examples = dataclasses.replace(_examples(), points=points)
    state = fit.fit(recipe, examples, examples, tmp_path, seed=0, verbose=0)
    assert state.epoch == 1
    model = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    image = scaled(examples.images[:2], recipe.input)
    answers = [model.predict([image, shown], verbose=0) for shown in (points[:2], 5 * points[:2])]
    assert not np.allclose(*answers)


def test_the_branch_is_an_architecture_like_the_others() -> None:
    model = architectures.build("residual_landmarks", (48, 48, 1), 4, dtype="mixed_bfloat16")
    assert model.output_shape == (None, 4)
    assert [tuple(each.shape) for each in model.inputs] == [(None, 48, 48, 1), (None, contours.WIDTH)]
