"""What the command does for the tasks that tell places, `face` and `landmarks`: train one, measure a model file."""

from __future__ import annotations

import dataclasses
import zipfile
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.errors import InputError


def fit(
    task: str,
    data: Path,
    output: Path,
    *,
    epochs: int | None,
    seed: int,
    start: Path | None,
    rate: float | None,
    quantized: bool = False,
) -> dict[str, float]:
    """Trains, or goes on, and gives what the last epoch's model measured on persons that were kept out.

    Raises:
        InputError: the data, or the model to start from, cannot be read.
    """
    module = import_module(f"train.places.{task}")
    recipe = module.RECIPE
    schedule = recipe.schedule
    if epochs is not None:
        schedule = dataclasses.replace(schedule, epochs=epochs)
    if rate is not None:
        schedule = dataclasses.replace(schedule, rate=rate)
    if start is not None and not start.is_file():
        raise InputError(f"{start}: there is no such file; name the model.keras of a finished run.")
    results: dict[str, float] = module.fit(
        data, output, dataclasses.replace(recipe, schedule=schedule, seed=seed, start=start, quantized=quantized)
    )
    return results


def evaluate(task: str, model: Path, data: Path) -> dict[str, float]:
    """Measures a .keras or an int8 .tflite file on persons that were kept out of training.

    Raises:
        InputError: the data or the model cannot be read.
        ConfigError: the model file is damaged, or another task's.
    """
    module = import_module(f"train.places.{task}")
    if model.suffix == ".tflite":
        from edge.vision.tflite import TfliteModel

        runner = TfliteModel(model, task)

        def answer(images: NDArray[np.uint8]) -> NDArray[np.float32]:
            return np.stack([runner.run(image) for image in images])
    else:
        import keras

        if model.suffix != ".keras" or not zipfile.is_zipfile(model):
            raise InputError(f"{model}: this is no .keras file of Keras 3; name a .keras or a .tflite file.")
        network: Any = keras.saving.load_model(model, compile=False)

        def answer(images: NDArray[np.uint8]) -> NDArray[np.float32]:
            return np.asarray(network.predict(module.scaled(images), batch_size=128, verbose=0), np.float32)

    results: dict[str, float] = module.held_out_crops(data).measure(answer)
    return results


def table(results: dict[str, float]) -> str:
    """Lines for a terminal: name and figure."""
    width = max(map(len, results))
    return "\n".join(f"{name:{width}}  {100 * value:7.2f} %" for name, value in results.items())
