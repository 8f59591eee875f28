"""What the loader takes as a classifier of pictures, and the sentence for what it does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from drawn_eyes import Examples

from convert.network import KerasNetwork, Network, describe, load, tensorflow
from convert.quantize import quantize
from edge.errors import InputError


def save_function(folder: Path, *, given: str = "float32", found: str = "float32", unknown: str = "") -> Path:
    """A SavedModel of tensors of these types; `unknown` names the one that has no rank, "given" or "found"."""
    tf = tensorflow()
    module = tf.Module()
    module.weights = tf.Variable(tf.ones((32 * 32, 3)))

    def scores(image: Any) -> Any:
        numbers = tf.cast(tf.reshape(image, (-1, 32 * 32)), tf.float32) @ module.weights
        return tf.cast(tf.compat.v1.placeholder_with_default(numbers, None) if unknown == "found" else numbers, found)

    spec = tf.TensorSpec(None if unknown == "given" else (None, 32, 32, 1), given, name="image")
    tf.saved_model.save(module, str(folder), signatures=tf.function(scores, input_signature=[spec]))
    return folder


@pytest.mark.parametrize(
    ("tensors", "said"),
    [
        ({"given": "uint8"}, "uint8 (None, 32, 32, 1), float32 (None, 3)"),
        ({"given": "float64"}, "float64 (None, 32, 32, 1), float32 (None, 3)"),
        ({"found": "int64"}, "float32 (None, 32, 32, 1), int64 (None, 3)"),
        ({"unknown": "given"}, "float32 <unknown>, float32 (None, 3)"),
        ({"unknown": "found"}, "float32 (None, 32, 32, 1), float32 <unknown>"),
    ],
)
def test_a_saved_model_of_other_tensors_is_refused_with_them(
    tensors: dict[str, str], said: str, tmp_path: Path
) -> None:
    folder = save_function(tmp_path / "saved", **tensors)
    with pytest.raises(InputError) as caught:
        load(folder)
    assert str(caught.value).startswith(f"{folder}: a model takes one picture")
    assert f"this one has the tensors {said}; save" in str(caught.value)


def test_a_saved_model_of_such_tensors_is_taken(tmp_path: Path) -> None:
    network = load(save_function(tmp_path / "saved"))
    assert (network.input_shape, network.outputs) == ((32, 32, 1), 3)
    np.testing.assert_allclose(network.logits(np.ones((2, 32, 32, 1), np.float32)), 1024)


@pytest.mark.parametrize("name", ["variables/variables.data-00000-of-00001", "variables/variables.index"])
def test_a_saved_model_with_a_file_cut_short_is_refused_without_noise(
    name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = save_function(tmp_path / "saved")
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[: len(content) // 2])
    capfd.readouterr()
    with pytest.raises(InputError, match="damaged"):
        load(folder)
    assert capfd.readouterr() == ("", "")


def test_a_keras_model_of_whole_numbers_is_refused() -> None:
    tensorflow()
    import keras

    pixels = keras.Input((32, 32, 1), dtype="uint8")
    scores = keras.layers.Dense(2)(keras.layers.Flatten()(keras.layers.Rescaling(1 / 64, -2)(pixels)))
    with pytest.raises(InputError, match="both float32, this one has the tensors uint8"):
        describe(keras.Model(pixels, scores), "model")


def test_a_sequential_that_was_saved_before_it_had_an_input_is_refused_with_its_mend(tmp_path: Path) -> None:
    tensorflow()
    import keras

    path = tmp_path / "model.keras"
    keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(3)]).save(path)
    with pytest.raises(InputError, match=r"does not say what it takes; build it with keras\.Input"):
        load(path)


def test_a_keras_model_that_names_its_one_output_answers_and_converts_as_one_that_does_not(
    keras_model: Any, network: Network, examples: Examples, tmp_path: Path
) -> None:
    import keras

    path = tmp_path / "model.keras"
    image = keras.Input((32, 32, 1), name="image")
    keras.Model({"image": image}, {"scores": keras_model(image)}).save(path)
    named = load(path)
    assert isinstance(named, KerasNetwork)
    np.testing.assert_allclose(named.logits(examples.inputs), network.logits(examples.inputs), atol=1e-4)
    assert quantize(named, examples.calibration[:5]).model
