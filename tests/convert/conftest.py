"""The drawn eyes, a small network trained on them for seconds, and its conversion, made once for all of these tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from drawn_eyes import Examples, convert_tflite, save, write_eyes

from convert.network import Network, load, tensorflow


@pytest.fixture(scope="session")
def eyes_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_eyes(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="session")
def examples(eyes_data: Path) -> Examples:
    from train.data import held_out, representative

    return Examples(representative("eyes", eyes_data, 100, 0), *held_out("eyes", eyes_data))


@pytest.fixture(scope="session")
def keras_model(eyes_data: Path) -> Any:
    """A small network of the kinds of layers that the shipped ones have."""
    tensorflow()
    import keras
    from keras import layers

    from train.data import scaled, training
    from train.recipes import EYES

    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [
            keras.Input((32, 32, 1)),
            layers.Conv2D(8, 3, strides=2, padding="same", use_bias=False),
            layers.BatchNormalization(momentum=0.5),
            layers.ReLU(),
            layers.SeparableConv2D(16, 3, strides=2, padding="same", activation="relu"),
            layers.Flatten(),
            layers.Dense(3),
        ]
    )
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    data = training("eyes", eyes_data)
    model.fit(scaled(data.images, EYES.input), data.labels["state"], epochs=6, batch_size=32, verbose=0)
    return model


@pytest.fixture(scope="session")
def model_file(keras_model: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The network as training leaves it: model.keras with card.json beside it."""
    return save(keras_model, tmp_path_factory.mktemp("trained"))


@pytest.fixture(scope="session")
def network(model_file: Path) -> Network:
    return load(model_file)


@pytest.fixture(scope="session")
def converted(model_file: Path, eyes_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model file that the command wrote of the small network."""
    output = tmp_path_factory.mktemp("converted") / "eyes.tflite"
    done = convert_tflite(model_file, "--task", "eyes", "--data", eyes_data, "-o", output, "--calibration-count", 100)
    assert done.exit_code == 0, done.output
    return output
