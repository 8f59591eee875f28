"""What else the command can do: other numbers, other sources, outliers left out, a look inside."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from drawn_eyes import HELD_OUT, Examples, convert_tflite

from convert.cli import on_device_runner
from convert.clip import requantize
from convert.inspect import inspect
from convert.network import KerasNetwork, load
from convert.package import training_card
from convert.quantize import converter, quantize
from edge.errors import InputError
from edge.vision.card import append_card, read_model
from edge.vision.tflite import TfliteModel


@pytest.mark.parametrize(("precision", "largest"), [("int8-weights", 0.6), ("float16", 0.9)])
def test_a_model_of_another_precision_is_smaller_than_float_and_reads_pictures_on_the_device(
    precision: str, largest: float, model_file: Path, eyes_data: Path, tmp_path: Path
) -> None:
    output = tmp_path / "eyes.tflite"
    done = convert_tflite(model_file, "--task", "eyes", "--data", eyes_data, "-o", output, "--precision", precision)
    assert done.exit_code == 0, done.output
    with np.load(eyes_data / "eyes.npz") as file:
        images, closed = file["nir_images"][HELD_OUT], file["nir_closed"][HELD_OUT]
    model = TfliteModel(output, task="eyes")
    found = [model.probabilities(image[8:40, 8:40])["closed"] > 0.5 for image in images]
    assert np.mean(found == closed) > 0.9
    assert model.card.source["conversion"]["input_and_output"] == "float32"
    floats = 4 * load(model_file).model.count_params()  # type: ignore[attr-defined]
    assert inspect(output)["flatbuffer_bytes"] < largest * floats + 4000


def test_a_saved_model_converts_to_the_same_answers_as_the_keras_file(
    model_file: Path, network: KerasNetwork, eyes_data: Path, examples: Examples, tmp_path: Path
) -> None:
    folder = tmp_path / "saved"
    network.model.export(str(folder), format="tf_saved_model", verbose=False)
    np.testing.assert_allclose(load(folder).logits(examples.inputs), network.logits(examples.inputs), atol=1e-4)
    output = tmp_path / "eyes.tflite"
    card = model_file.parent / "card.json"
    done = convert_tflite(folder, "--task", "eyes", "--data", eyes_data, "-o", output, "--card", card)
    assert done.exit_code == 0, done.output
    assert inspect(output)["integer_only"]


def test_a_folder_that_is_no_saved_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no SavedModel"):
        load(tmp_path)


def test_an_outlier_among_the_calibration_pictures_costs_less_where_it_is_clipped(
    network: KerasNetwork, examples: Examples
) -> None:
    """One picture a thousand times too bright widens every range; percentiles leave it out."""
    calibration = np.concatenate([examples.calibration, examples.calibration[:1]])
    calibration[-1, 10:14, 10:14] *= 30

    def scale_of_hidden_tensors(model: bytes) -> float:
        from ai_edge_litert.interpreter import Interpreter

        interpreter = Interpreter(model_content=model)
        ends = {interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]}
        return max(
            tensor["quantization"][0]
            for tensor in interpreter.get_tensor_details()
            if tensor["index"] not in ends and tensor["shape"].size == 4 and tensor["shape"][0] == 1
        )

    wide = quantize(network, calibration)
    narrow = quantize(network, calibration, clip_percentile=99.0)
    assert narrow.recipe.clip_percentile == 99.0
    assert scale_of_hidden_tensors(narrow.model) < 0.6 * scale_of_hidden_tensors(wide.model)


def test_percentiles_that_leave_nothing_out_give_the_ranges_of_plain_calibration(
    network: KerasNetwork, examples: Examples, model_file: Path
) -> None:
    with converter(network, examples.calibration) as made:
        made._experimental_calibrate_only = True
        calibrated = made.convert()
    card = training_card(model_file.parent / "card.json", "eyes")
    clipped = append_card(requantize(calibrated, examples.calibration, 100.0), card)
    plain = append_card(quantize(network, examples.calibration).model, card)
    answers = [on_device_runner(model, examples.inputs) for model in (clipped, plain)]
    # A range may end one rounding apart, which moves a rare value by a step of the scores.
    assert np.mean(answers[0] == answers[1]) > 0.99
    np.testing.assert_allclose(*answers, atol=0.2)


def test_the_layers_that_lose_most_are_told_and_the_report_reads_for_people(
    model_file: Path, eyes_data: Path, tmp_path: Path
) -> None:
    report = tmp_path / "report.json"
    done = convert_tflite(
        *(model_file, "--task", "eyes", "--data", eyes_data, "-o", tmp_path / "eyes.tflite"),
        *("--report", report, "--layers"),
    )
    assert done.exit_code == 0, done.output
    assert "error in steps" in done.stdout
    found = json.loads(report.read_text())
    assert found["integer_only"] is True
    assert found["median_ms"] > 0
    page = report.with_suffix(".md").read_text()
    assert page.startswith("# Conversion of eyes: may ship")
    assert "| open |" in page
    assert "CONV_2D" in page


def test_inspect_prints_card_operators_and_time(converted: Path) -> None:
    done = convert_tflite("--inspect", converted)
    assert done.exit_code == 0, done.output
    said = done.stdout
    for part in ("eyes 0.0.1", "open, closed", "2 CONV_2D", "integers    throughout", "ms a call", "drawn eyes: none"):
        assert part in said


def test_inspect_of_what_is_no_model_is_one_sentence(tmp_path: Path) -> None:
    foreign = tmp_path / "foreign.tflite"
    foreign.write_bytes(b"not a model")
    done = convert_tflite("--inspect", foreign)
    assert done.exit_code == 78
    assert done.stderr.count("\n") == 1
    assert "this is not a TFLite model" in done.stderr


def test_inspect_of_a_network_cut_short_under_a_sound_card_is_one_sentence(converted: Path, tmp_path: Path) -> None:
    flatbuffer, card = read_model(converted)
    cut = tmp_path / "cut.tflite"
    cut.write_bytes(append_card(flatbuffer[: len(flatbuffer) // 2], card))
    done = convert_tflite("--inspect", cut)
    assert done.exit_code == 78
    assert done.stderr.startswith(f"convert-tflite: {cut}: the runtime cannot load the model (")
    assert done.stderr.count("\n") == 1


def test_inspect_of_a_network_that_fails_as_it_runs_is_one_sentence(
    converted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(_: object, __: object) -> None:
        raise RuntimeError("node 3 failed to invoke.\nmore")

    monkeypatch.setattr(TfliteModel, "run", failing)
    done = convert_tflite("--inspect", converted)
    assert done.exit_code == 78
    assert "the runtime cannot run the model (node 3 failed to invoke); convert it again" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("commands", [5, "train-model fit"])
def test_inspect_of_a_card_whose_commands_are_no_list_is_one_sentence(
    commands: Any, converted: Path, tmp_path: Path
) -> None:
    flatbuffer, card = read_model(converted)
    odd = tmp_path / "odd.tflite"
    odd.write_bytes(append_card(flatbuffer, card.model_copy(update={"source": {"commands": commands}})))
    done = convert_tflite("--inspect", odd)
    assert done.exit_code == 78
    assert f"{odd}: the model's card does not fit at source.commands" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "missing MODEL, --task, --data, --output"),
        (["model.keras", "--task", "eyes", "--data", "d", "-o", "o", "--precision", "float16", "--layers"], "int8"),
        (["--precision", "int4"], "int8-weights"),
        (["--clip-percentile", "40"], "50"),
    ],
)
def test_wrong_use_is_told_with_what_is_right(options: list[Any], said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DRIVER_MONITOR_DATA", raising=False)
    done = convert_tflite(*options)
    assert done.exit_code == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
