"""The flatbuffer: int8 throughout, the same bytes from the same input, one sentence for what cannot be converted."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter
from drawn_eyes import Examples

from convert.cli import on_device_runner
from convert.compare import Limits, compare, failures
from convert.network import Network, describe, load
from convert.package import training_card
from convert.quantize import quantize
from edge.errors import CheckFailed, InputError
from edge.vision.card import append_card, read_model


def tensors(model_file: Path) -> list[dict[str, Any]]:
    return list(Interpreter(model_content=read_model(model_file)[0]).get_tensor_details())


def test_input_output_and_everything_between_is_integer(converted: Path) -> None:
    interpreter = Interpreter(model_content=read_model(converted)[0])
    assert interpreter.get_input_details()[0]["dtype"] is np.int8
    assert interpreter.get_output_details()[0]["dtype"] is np.int8
    assert {tensor["dtype"] for tensor in tensors(converted)} <= {np.int8, np.int32}


def test_convolutions_have_a_scale_per_channel_and_dense_layers_one(converted: Path) -> None:
    weights = [tensor for tensor in tensors(converted) if tensor["dtype"] is np.int8 and tensor["shape"][0] != 1]
    scales = {tuple(tensor["shape"]): len(tensor["quantization_parameters"]["scales"]) for tensor in weights}
    assert scales == {(8, 3, 3, 1): 8, (16, 1, 1, 8): 16, (3, 1024): 1}


def test_no_operator_computes_shapes_on_the_device(converted: Path) -> None:
    interpreter = Interpreter(model_content=read_model(converted)[0])
    operators = {operator["op_name"] for operator in interpreter._get_ops_details()}
    assert operators == {"CONV_2D", "DEPTHWISE_CONV_2D", "RESHAPE", "FULLY_CONNECTED"}


def test_the_same_input_gives_the_same_bytes_in_another_process_and_nothing_on_stderr(
    converted: Path, model_file: Path, eyes_data: Path, tmp_path: Path
) -> None:
    again = tmp_path / "again.tflite"
    options = ["--task", "eyes", "--data", str(eyes_data), "-o", str(again), "--calibration-count", "100"]
    done = subprocess.run(
        [sys.executable, "-c", "from convert.cli import main; main()", str(model_file), *options],
        capture_output=True,
        text=True,
        check=True,
    )
    assert again.read_bytes() == converted.read_bytes()
    assert done.stderr == ""


def test_calibration_with_inputs_scaled_otherwise_than_in_training_breaks_limits(
    network: Network, examples: Examples, model_file: Path
) -> None:
    card = training_card(model_file.parent / "card.json", "eyes")
    broken = quantize(network, examples.calibration / 64)
    answers = on_device_runner(append_card(broken.model, card), examples.inputs)
    comparison = compare(network.logits(examples.inputs), answers, examples.truth, card.labels)
    assert failures(comparison, Limits())


def test_a_model_trained_on_torch_converts_and_answers_the_same(examples: Examples, tmp_path: Path) -> None:
    script = (
        "import sys, numpy as np, keras; from keras import layers\n"
        "assert keras.backend.backend() == 'torch'\n"
        "m = keras.Sequential([keras.Input((32, 32, 1)), layers.Conv2D(4, 3, strides=4, activation='relu'),"
        " layers.GlobalAveragePooling2D(), layers.Dense(2)])\n"
        "np.save('logits.npy', m.predict(np.load('inputs.npy'), verbose=0)); m.save('torch.keras')\n"
    )
    np.save(tmp_path / "inputs.npy", examples.inputs)
    environment = {**os.environ, "KERAS_BACKEND": "torch"}
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, env=environment, check=True, capture_output=True)
    network = load(tmp_path / "torch.keras")
    np.testing.assert_allclose(network.logits(examples.inputs), np.load(tmp_path / "logits.npy"), atol=1e-4)
    assert quantize(network, examples.calibration).recipe.calibration_count == len(examples.calibration)


@pytest.mark.parametrize(
    "calibration", [np.zeros((0, 32, 32, 1)), np.zeros((5, 32, 32, 3)), np.full((5, 32, 32, 1), np.nan)]
)
def test_a_calibration_set_that_does_not_fit_is_refused(network: Network, calibration: Any) -> None:
    with pytest.raises(InputError, match="calibration set"):
        quantize(network, calibration.astype(np.float32))


def test_a_layer_that_tflite_does_not_have_is_refused_by_name_and_without_noise(
    examples: Examples, keras_model: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    import keras

    image = keras.Input((32, 32, 1))
    numbers = keras.ops.erfinv(keras.layers.GlobalAveragePooling2D()(image) / 100)
    unknown = describe(keras.Model(image, keras.layers.Dense(2)(numbers)), "model")
    with pytest.raises(InputError, match="Erfinv"):
        quantize(unknown, examples.calibration)
    assert capfd.readouterr() == ("", "")


def test_a_model_that_the_device_would_not_load_is_told_without_a_place_that_is_gone(
    examples: Examples, model_file: Path
) -> None:
    foreign = append_card(b"....TFL3" + bytes(100), training_card(model_file.parent / "card.json", "eyes"))
    with pytest.raises(CheckFailed) as caught:
        on_device_runner(foreign, examples.inputs)
    said = str(caught.value)
    assert said.startswith("the device would not load the int8 model: the runtime cannot load the model (")
    assert said.endswith("; replace the layer, or use another --precision.")
    assert "candidate" not in said


def test_a_model_of_two_inputs_or_of_half_precision_is_refused(keras_model: Any) -> None:
    import keras

    image, light = keras.Input((32, 32, 1)), keras.Input((1,))
    flat = keras.layers.Flatten()(image)
    two = keras.Model([image, light], keras.layers.Dense(2)(keras.layers.Concatenate()([flat, light])))
    with pytest.raises(InputError, match="takes one picture"):
        describe(two, "model")
    half = keras.Model(image, keras.layers.Dense(2, dtype="mixed_bfloat16")(flat))
    with pytest.raises(InputError, match="bfloat16"):
        describe(half, "model")


def test_a_recurrent_layer_is_refused_with_its_mend_and_converts_unrolled(examples: Examples) -> None:
    import keras

    def rows(*, unroll: bool) -> Network:
        image = keras.Input((32, 32, 1))
        read = keras.layers.LSTM(4, unroll=unroll)(keras.layers.Reshape((32, 32))(image))
        return describe(keras.Model(image, keras.layers.Dense(2)(read)), "model")

    with pytest.raises(InputError, match="unroll=True"):
        quantize(rows(unroll=False), examples.calibration[:5])
    assert quantize(rows(unroll=True), examples.calibration[:5]).model
