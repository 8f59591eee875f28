"""Every architecture builds, learns, saves and loads, on both backends of Keras."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from edge.errors import UserError
from train import architectures
from train.fit import shipped, untrained
from train.recipes import EMOTION, EYES, Recipe

BACKENDS = ("tensorflow", "torch")


def train_one_step(folder: Path) -> str:
    """On whatever backend this process has: a step of each task's model, saved with its inputs and outputs."""
    for recipe in (EMOTION, EYES):
        model = shipped(recipe, untrained(recipe).get_weights())
        model.compile("sgd", keras.losses.CategoricalCrossentropy(from_logits=True), jit_compile=False)
        random = np.random.default_rng(0)
        inputs = random.normal(size=(4, *model.input_shape[1:])).astype("float32")
        targets = np.eye(len(recipe.labels), dtype="float32")[random.integers(0, len(recipe.labels), 4)]
        before = model.get_weights()[0].copy()
        assert np.isfinite(float(model.train_on_batch(inputs, targets)))
        assert not np.array_equal(before, model.get_weights()[0])
        name = f"{recipe.task}-{keras.backend.backend()}"
        model.save(folder / f"{name}.keras")
        np.savez(folder / f"{name}.npz", inputs=inputs, outputs=keras.ops.convert_to_numpy(model(inputs)))
    return str(keras.backend.backend())


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Models of both tasks, a step trained and saved by each backend; a process has one, so PyTorch has its own."""
    folder = tmp_path_factory.mktemp("saved")
    program = "import sys, pathlib, test_architectures as t; print(t.train_one_step(pathlib.Path(sys.argv[1])))"
    paths = os.pathsep.join([str(Path(__file__).parent), str(Path(__file__).parents[2])])
    done = subprocess.run(
        [sys.executable, "-c", program, str(folder)],
        env=os.environ | {"KERAS_BACKEND": "torch", "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.stdout == "torch\n", done.stderr[-2000:]
    assert train_one_step(folder) == "tensorflow"
    return folder


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("task", ["emotion", "eyes"])
def test_a_model_of_either_backend_answers_the_same_after_loading(saved: Path, task: str, backend: str) -> None:
    model = keras.saving.load_model(saved / f"{task}-{backend}.keras", compile=False)
    with np.load(saved / f"{task}-{backend}.npz") as file:
        np.testing.assert_allclose(model.predict(file["inputs"], verbose=0), file["outputs"], atol=1e-3)


@pytest.mark.parametrize(("recipe", "least", "most"), [(EMOTION, 600_000, 700_000), (EYES, 250_000, 300_000)])
def test_the_networks_are_as_small_as_the_device_wants(recipe: Recipe, least: int, most: int) -> None:
    shape = (recipe.input.height, recipe.input.width, recipe.input.channels)
    model = architectures.build(recipe.architecture, shape, len(recipe.labels), **recipe.options)
    assert least <= model.count_params() <= most


def test_a_mirrored_network_gives_a_face_and_its_mirror_image_one_answer() -> None:
    plain = untrained(EMOTION)
    mirrored = shipped(EMOTION, plain.get_weights())
    face = np.random.default_rng(0).normal(size=(3, 48, 48, 1)).astype("float32")
    both = (plain.predict(face, verbose=0) + plain.predict(face[:, :, ::-1], verbose=0))[:, : len(EMOTION.labels)] / 2
    np.testing.assert_allclose(mirrored.predict(face, verbose=0), both, atol=1e-4)


def test_an_unknown_architecture_is_told() -> None:
    with pytest.raises(UserError, match="no architecture 'vgg19'; choose one of: residual"):
        architectures.build("vgg19", (48, 48, 1), 4)
