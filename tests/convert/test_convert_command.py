"""The command as a user runs it: what it writes, what it refuses, and the sentence that it says then."""

from __future__ import annotations

import json
import subprocess
import sys
import typing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result
from drawn_eyes import CARD, HELD_OUT, convert_tflite, save, write_eyes

from convert.cli import TASKS
from edge.vision.card import Task, read_card
from edge.vision.tflite import TfliteModel


def refusal(done: Result, exit_code: int = 2) -> str:
    """What the command said as it gave up: one paragraph on standard error, no traceback."""
    assert done.exit_code == exit_code, done.output
    assert done.exception is None or isinstance(done.exception, SystemExit)
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    return done.stderr.strip()


# what it writes


def test_the_vehicle_loads_the_model_and_reads_pictures_with_it(converted: Path, eyes_data: Path) -> None:
    with np.load(eyes_data / "eyes.npz") as file:
        images, closed = file["nir_images"][HELD_OUT], file["nir_closed"][HELD_OUT]
    model = TfliteModel(converted, task="eyes")
    found = [model.probabilities(image[8:40, 8:40])["closed"] > 0.5 for image in images]
    assert np.mean(found == closed) > 0.9


def test_the_card_keeps_what_training_said_and_tells_how_the_model_became_int8(converted: Path) -> None:
    card = read_card(converted)
    assert card.temperature == CARD["temperature"]
    assert card.datasets[0].name == "drawn eyes"
    assert card.results["validation"] == CARD["results"]["validation"]
    assert card.results["float_against_int8"]["agreement"] >= 0.97
    assert set(card.results["float_against_int8"]["recall"]) == {"open", "closed", "not_visible"}
    assert card.source["seed"] == CARD["source"]["seed"]
    conversion = card.source["conversion"]
    assert (conversion["calibration_count"], conversion["seed"]) == (100, 0)
    assert "keras" in conversion["versions"]
    assert len(card.sha256) == 64


def test_the_comparison_is_printed(model_file: Path, eyes_data: Path, tmp_path: Path) -> None:
    done = convert_tflite(model_file, "--task", "eyes", "--data", eyes_data, "-o", tmp_path / "eyes.tflite")
    assert done.exit_code == 0
    assert "recall closed" in done.stdout
    assert "agreement" in done.stdout
    assert f"wrote {tmp_path / 'eyes.tflite'}" in done.stdout
    assert done.stderr == ""
    assert [path.name for path in tmp_path.iterdir()] == ["eyes.tflite"]


def test_the_data_folder_may_come_from_the_environment(
    model_file: Path, eyes_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRIVER_MONITOR_DATA", str(eyes_data))
    assert convert_tflite(model_file, "--task", "eyes", "-o", tmp_path / "eyes.tflite").exit_code == 0


def test_the_card_may_lie_elsewhere(model_file: Path, eyes_data: Path, tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text(json.dumps({**CARD, "version": "9.9.9"}))
    output = tmp_path / "eyes.tflite"
    done = convert_tflite(
        model_file, "--task", "eyes", "--data", eyes_data, "-o", output, "--card", tmp_path / "other.json"
    )
    assert done.exit_code == 0
    assert read_card(output).version == "9.9.9"


# what it refuses: a model that is not what it was


def test_a_model_calibrated_on_overexposed_pictures_is_refused_and_the_old_file_stays(
    model_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("train.data.eye_examples.TRAINED", 1)  # made patches would show the converter some contrast
    data = write_eyes(tmp_path / "data", overexposed_training=True)
    output, report = tmp_path / "eyes.tflite", tmp_path / "report.json"
    output.write_bytes(b"the old one")
    done = convert_tflite(model_file, "--task", "eyes", "--data", data, "-o", output, "--report", report)
    said = refusal(done, exit_code=1)
    assert "agreement" in said
    assert "Look closer with --report" in said
    assert output.read_bytes() == b"the old one"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "eyes.tflite", "report.json", "report.md"]
    found = json.loads(report.read_text())
    assert found["passed"] is False
    assert all(failure in said for failure in found["failures"])
    assert found["comparison"]["worst"][0]["logit_difference"] > 0


def test_a_model_with_one_class_collapsed_is_refused_with_the_class_named(
    keras_model: Any, eyes_data: Path, tmp_path: Path
) -> None:
    import keras

    collapsed = keras.models.clone_model(keras_model)
    collapsed.set_weights(keras_model.get_weights())
    kernel, bias = collapsed.layers[-1].get_weights()
    collapsed.layers[-1].set_weights([kernel, bias + np.array([100, 0, 0])])
    output = tmp_path / "eyes.tflite"
    done = convert_tflite(save(collapsed, tmp_path), "--task", "eyes", "--data", eyes_data, "-o", output)
    said = refusal(done, exit_code=1)
    assert "the model itself, before conversion, does not answer closed, not_visible: " in said
    assert "recall of closed 0.0% (float 0.0%)" in said
    assert said.endswith("then train it again.")
    assert "int8 model loses" not in said  # nor is advised what mends only that
    assert "--seed" not in said
    assert not output.exists()


def test_a_network_that_ends_in_a_softmax_is_refused(keras_model: Any, eyes_data: Path, tmp_path: Path) -> None:
    import keras

    soft = keras.Sequential([keras.Input((32, 32, 1)), keras_model, keras.layers.Softmax()])
    done = convert_tflite(save(soft, tmp_path), "--task", "eyes", "--data", eyes_data, "-o", tmp_path / "eyes.tflite")
    assert "take the softmax off" in refusal(done)


@pytest.mark.parametrize("weight", [np.nan, 1e38])
def test_a_network_whose_scores_are_no_finite_numbers_is_refused_before_the_converter_sees_it(
    weight: float, keras_model: Any, eyes_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import keras

    monkeypatch.setattr("convert.quantize.quantize", None)  # which would end this process without a word
    broken = keras.models.clone_model(keras_model)
    broken.set_weights([np.full_like(weights, weight) for weights in keras_model.get_weights()])
    model = save(broken, tmp_path)
    said = refusal(convert_tflite(model, "--task", "eyes", "--data", eyes_data, "-o", tmp_path / "eyes.tflite"))
    assert said == f"convert-tflite: {model}: the float model's scores are not finite numbers; train it again."


# what it refuses: a card that doesn't fit


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"task": "emotion"}, "the card is of the task emotion, not eyes"),
        ({"labels": ["open", "closed"]}, "2 labels (open, closed), the network gives 3"),
        ({"labels": ["open", "open"]}, "does not fit"),
        ({"input": {"width": 48, "height": 48, "mean": 128.0, "std": 64.0}}, "the network takes (32, 32, 1)"),
        ({"input": {"width": 32, "height": 32, "mean": 0.0, "std": 255.0}}, "must be scaled alike"),
        ({"temperature": 0}, "does not fit at temperature"),
    ],
)
def test_a_card_that_does_not_fit_is_refused(
    changes: dict[str, Any], said: str, model_file: Path, eyes_data: Path, tmp_path: Path
) -> None:
    card = tmp_path / "card.json"
    card.write_text(json.dumps({**CARD, **changes}))
    output = tmp_path / "eyes.tflite"
    done = convert_tflite(model_file, "--task", "eyes", "--data", eyes_data, "-o", output, "--card", card)
    assert said in refusal(done)
    assert not output.exists()


def test_a_network_of_another_input_than_card_and_data_is_refused(
    keras_model: Any, eyes_data: Path, tmp_path: Path
) -> None:
    import keras

    large = keras.Sequential([keras.Input((48, 48, 1)), keras.layers.Flatten(), keras.layers.Dense(2)])
    done = convert_tflite(save(large, tmp_path), "--task", "eyes", "--data", eyes_data, "-o", tmp_path / "eyes.tflite")
    assert "the network takes (48, 48, 1)" in refusal(done)


def test_a_missing_card_is_said_with_the_option_that_names_another(
    model_file: Path, eyes_data: Path, tmp_path: Path
) -> None:
    alone = tmp_path / "model.keras"
    alone.write_bytes(model_file.read_bytes())
    said = refusal(convert_tflite(alone, "--task", "eyes", "--data", eyes_data, "-o", tmp_path / "eyes.tflite"))
    assert str(tmp_path / "card.json") in said
    assert "--card" in said


def test_a_model_beside_others_has_a_card_of_its_own_name(model_file: Path, eyes_data: Path, tmp_path: Path) -> None:
    (tmp_path / "taught.keras").write_bytes(model_file.read_bytes())
    (tmp_path / "taught.card.json").write_text(json.dumps({**CARD, "version": "9.9.9"}))
    (tmp_path / "card.json").write_text(json.dumps({**CARD, "task": "emotion"}))
    output = tmp_path / "eyes.tflite"
    done = convert_tflite(tmp_path / "taught.keras", "--task", "eyes", "--data", eyes_data, "-o", output)
    assert done.exit_code == 0, done.output
    assert read_card(output).version == "9.9.9"


# what it refuses: wrong use


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nosuch/model.keras", "there is no such file"),
        ("model.tflite", "this is no .keras file"),
        ("empty", "this folder holds no SavedModel"),
    ],
)
def test_what_is_no_model_is_told_before_its_card_is_looked_for(name: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "model.tflite").write_bytes(b"TFL3")
    (tmp_path / "empty").mkdir()
    done = convert_tflite(tmp_path / name, "--task", "eyes", "--data", tmp_path, "-o", tmp_path / "eyes.tflite")
    assert refusal(done).startswith(f"convert-tflite: {tmp_path / name}: {said}")


def test_a_foreign_and_a_truncated_model_are_refused(model_file: Path, eyes_data: Path, tmp_path: Path) -> None:
    card = model_file.parent / "card.json"
    content = model_file.read_bytes()
    middle = len(content) // 2
    contents = {
        "foreign": b"not a zip",
        "truncated": content[:middle],
        "damaged": content[:middle] + bytes(2000) + content[middle + 2000 :],
    }
    for name, damaged in contents.items():
        path = tmp_path / f"{name}.keras"
        path.write_bytes(damaged)
        output = tmp_path / "eyes.tflite"
        said = refusal(convert_tflite(path, "--task", "eyes", "--data", eyes_data, "-o", output, "--card", card))
        assert str(path) in said
        assert "save" in said
        assert not output.exists()


def test_an_unknown_task_is_refused_with_the_valid_ones() -> None:
    done = convert_tflite("model.keras", "--task", "mood", "--data", "data", "-o", "out.tflite")
    assert done.exit_code == 2
    assert all(task in done.stderr for task in ("mood", *TASKS))


def test_the_tasks_are_those_that_a_card_may_name() -> None:
    assert typing.get_args(Task) == TASKS


def test_a_missing_model_data_folder_or_output_folder_is_said_with_its_name(
    model_file: Path, eyes_data: Path, tmp_path: Path
) -> None:
    missing, output, card = tmp_path / "missing", tmp_path / "eyes.tflite", model_file.parent / "card.json"
    model = missing / "model.keras"
    no_model = convert_tflite(model, "--task", "eyes", "--data", eyes_data, "-o", output, "--card", card)
    no_data = convert_tflite(model_file, "--task", "eyes", "--data", missing, "-o", output)
    no_folder = convert_tflite(model_file, "--task", "eyes", "--data", eyes_data, "-o", missing / "eyes.tflite")
    a_folder = convert_tflite(model_file, "--task", "eyes", "--data", eyes_data, "-o", tmp_path)
    itself = convert_tflite(model_file, "--task", "eyes", "--data", eyes_data, "-o", model_file)
    for done, name in [
        (no_model, model),
        (no_data, missing),
        (no_folder, missing / "eyes.tflite"),
        (a_folder, tmp_path),
        (itself, model_file),
    ]:
        assert str(name) in refusal(done)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("names", "both"),
    [
        ({"-o": "eyes.tflite", "--report": "eyes.tflite"}, "--output and --report"),
        ({"-o": "eyes.tflite", "--report": "../here/eyes.tflite"}, "--output and --report"),
        ({"-o": "eyes.md", "--report": "eyes.json"}, "--output and the Markdown of --report"),
        ({"-o": "eyes.tflite", "--report": "eyes.md"}, "--report and the Markdown of --report"),
        ({"-o": "eyes.tflite", "--report": "card.json"}, "--card and --report"),
        ({"-o": "other.json", "--card": "other.json"}, "--card and --output"),
        ({"-o": "eyes.tflite", "--report": "model.keras"}, "MODEL and --report"),
    ],
)
def test_a_file_that_is_named_twice_is_refused_before_anything_is_done(
    names: dict[str, str], both: str, tmp_path: Path
) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    options = [part for option, name in names.items() for part in (option, folder / name)]
    said = refusal(convert_tflite(folder / "model.keras", "--task", "eyes", "--data", tmp_path, *options))
    assert f"this file is both {both}; name another" in said
    assert not list(folder.iterdir())


def test_a_folder_without_a_name_is_no_report(tmp_path: Path) -> None:
    options = ("--task", "eyes", "--data", tmp_path, "-o", tmp_path / "eyes.tflite", "--report", ".")
    assert "this is a folder" in refusal(convert_tflite(tmp_path / "model.keras", *options))


def test_help_answers_at_once_for_nothing_heavy_is_imported() -> None:
    heavy = "{'tensorflow', 'keras', 'numpy', 'pydantic', 'cv2'}"
    script = f"import sys, convert.cli; sys.exit(', '.join({heavy} & set(sys.modules)) or 0)"
    subprocess.run([sys.executable, "-c", script], check=True)
