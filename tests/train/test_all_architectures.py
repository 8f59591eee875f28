"""Every classifier of the comparison builds, learns a step, is saved, loaded and converted, on a small input.

ImageNet's backbones take minutes to be traced and converted; here small ones stand in for them, so that what is this
project's own is run. DRIVER_MONITOR_ALL_ARCHITECTURES=1 takes the real ones.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from convert.network import load
from convert.quantize import quantize
from edge.errors import InputError, UserError
from train import architectures
from train.architectures import FAMILIES, NETWORKS, build, classical, faces, pretrained

PRETRAINED = FAMILIES["pretrained"]
NAMES = [name for name in NETWORKS if name != "residual"]
BACKBONES = ("VGG16", "ResNet50V2", "EfficientNetB0", "ResNet50", "MobileNetV2")
REAL = os.environ.get("DRIVER_MONITOR_ALL_ARCHITECTURES") == "1"
SHAPE = (32, 32, 1)
IMAGES = np.random.default_rng(0).uniform(0, 255, (4, *SHAPE)).astype("float32")


def _small_backbone(include_top: bool, weights: str | None, input_shape: tuple[int, int, int]) -> keras.Model:
    image = keras.Input(input_shape)
    x = layers.BatchNormalization()(layers.Conv2D(8, 3, strides=4)(image))
    return keras.Model(image, layers.ReLU()(x))


def _with_small_backbones(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in BACKBONES:
        monkeypatch.setattr(keras.applications, name, _small_backbone)
    monkeypatch.setattr(faces, "ENLARGED", 32)


def _options(name: str) -> dict[str, Any]:
    return {"weights": "none"} if name in PRETRAINED else {}


def _step(name: str, classes: int = 5) -> keras.Model:
    model = build(name, SHAPE, classes, **_options(name))
    model.compile("adam", keras.losses.CategoricalCrossentropy(from_logits=True), run_eagerly=True)
    before = [value.copy() for value in model.get_weights()]
    assert np.isfinite(float(model.train_on_batch(IMAGES / 255, np.eye(classes, dtype="float32")[[0, 1, 2, 3]])))
    assert any(not np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
    return model


def save_all(folder: Path) -> None:
    """On whatever backend this process has: a step of each network, saved with its answers."""
    with pytest.MonkeyPatch.context() as patch:
        if not REAL:
            _with_small_backbones(patch)
        for name in NAMES:
            model = _step(name)
            model.save(folder / f"{name}.keras")
            np.save(folder / f"{name}.npy", model.predict(IMAGES, verbose=0))


@pytest.fixture(scope="module")
def of_torch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `save_all` wrote on PyTorch; a process has one backend, so it has its own."""
    folder = tmp_path_factory.mktemp("torch")
    program = "import sys, pathlib, test_all_architectures as t; t.save_all(pathlib.Path(sys.argv[1]))"
    paths = os.pathsep.join([str(Path(__file__).parent), str(Path(__file__).parents[2])])
    environment = os.environ | {"KERAS_BACKEND": "torch", "PYTHONPATH": paths}
    done = subprocess.run(
        [sys.executable, "-c", program, str(folder)], env=environment, capture_output=True, text=True, timeout=280
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return folder


@pytest.mark.parametrize("name", NAMES)
def test_it_learns_a_step_is_saved_loaded_and_converted(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not REAL:
        _with_small_backbones(monkeypatch)
    model = _step(name)
    model.save(tmp_path / "model.keras")
    network = load(tmp_path / "model.keras")
    np.testing.assert_allclose(network.logits(IMAGES), model.predict(IMAGES, verbose=0), rtol=1e-3, atol=1e-2)
    assert len(quantize(network, IMAGES).model) > 1000


@pytest.mark.parametrize("name", NAMES)
def test_what_pytorch_trained_answers_the_same_on_tensorflow(name: str, of_torch: Path) -> None:
    network = load(of_torch / f"{name}.keras")
    np.testing.assert_allclose(network.logits(IMAGES), np.load(of_torch / f"{name}.npy"), rtol=1e-3, atol=0.1)


@pytest.mark.parametrize("classes", [4, 5, 7])
@pytest.mark.parametrize("name", ["ann", "cnn_tuned", "lstm_rows", "cbam"])
def test_the_label_sets_of_the_reports_fit(name: str, classes: int) -> None:
    assert build(name, (48, 48, 1), classes).output_shape == (None, classes)


@pytest.mark.parametrize(
    ("name", "classes", "weights"), [("cnn_5_blocks", 4, 3.9e6), ("cnn_tuned", 7, 558e3), ("efficientnetb0", 4, 4.4e6)]
)
def test_it_is_as_large_as_its_report_says(name: str, classes: int, weights: float) -> None:
    assert build(name, (48, 48, 1), classes, **_options(name)).count_params() == pytest.approx(weights, rel=0.01)


def test_a_network_trained_in_half_precision_keeps_its_weights_and_answers_in_float32() -> None:
    model = build("cnn_batchnorm", SHAPE, 4, dtype="mixed_bfloat16")
    assert {value.dtype for value in model.get_weights()} == {np.dtype("float32")}
    assert model.output.dtype == "float32"
    assert keras.config.dtype_policy().name == "float32"


def test_a_backbone_without_weights_learns_and_one_with_weights_stands_still(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _with_small_backbones(monkeypatch)
    (tmp_path / "weights.h5").write_bytes(b"")
    given = {"weights": str(tmp_path / "weights.h5")}
    assert len(build("vgg16", SHAPE, 4, weights="none").trainable_weights) == 8
    assert len(build("vgg16", SHAPE, 4, **given).trainable_weights) == 4  # the head's
    assert len(build("mobilenetv2", SHAPE, 4, **given).trainable_weights) == 8


def test_the_second_part_of_fine_tuning_leaves_the_first_140_layers_alone() -> None:
    model = build("resnet50v2_finetuned", (32, 32, 1), 5, weights="none")
    pretrained.fine_tuned(model)
    backbone = next(layer for layer in model.layers if isinstance(layer, keras.Model))
    learning = [number for number, layer in enumerate(backbone.layers) if layer.trainable]
    assert learning[0] == 140
    assert len(learning) == len(backbone.layers) - 140


def test_without_a_network_imagenet_is_one_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: object, **__: object) -> str:
        raise Exception("URL fetch failure on https://storage: None -- no route")  # noqa: TRY002  as Keras raises it

    monkeypatch.setattr(keras.src.applications.mobilenet_v2.file_utils, "get_file", unreachable)
    with pytest.raises(InputError, match=r"imagenet weights of MobileNetV2 cannot be had \(URL.*--weights FILE"):
        build("mobilenetv2", (96, 96, 1), 4, weights="imagenet")


def test_a_weights_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.h5: there is no such weights file"):
        build("vgg16", (48, 48, 1), 4, weights=str(tmp_path / "gone.h5"))


def test_a_weights_file_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "none.h5").write_bytes(b"no weights")
    with pytest.raises(InputError, match=r"none\.h5 weights of VGG16 cannot be had"):
        build("vgg16", (48, 48, 1), 4, weights=str(tmp_path / "none.h5"))


@pytest.mark.parametrize("name", ["alexnet", "random_forest"])
def test_an_unknown_name_is_told_with_those_that_exist(name: str) -> None:
    with pytest.raises(UserError, match=f"there is no architecture '{name}'; choose one of: residual, mlp"):
        architectures.build(name, (48, 48, 1), 4)


def test_the_classical_ones_learn_what_a_straight_line_can_tell() -> None:
    labels = np.arange(120) % 3
    images = np.random.default_rng(0).normal(0, 0.1, (120, 8, 8)).astype("float32")
    for label in range(3):
        images[labels == label, label] += 1
    for model in (classical.logistic_regression(components=20), classical.random_forest()):
        model.fit(images[:90], labels[:90])
        assert (model.predict(images[90:]) == labels[90:]).mean() > 0.9
    importance = classical.importance_map(model, (8, 8))
    assert importance[:3].sum() > 0.8
