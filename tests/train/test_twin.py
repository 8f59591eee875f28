"""The PyTorch twin of a Keras network, and the loop that trains it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np
import pytest
import torch

from train.architectures import face, landmarks
from train.places.loop import Batch, Schedule, fit
from train.places.twin import Twin

NETWORKS = {
    "landmarks": lambda: landmarks.build((96, 96, 1), 7),
    "face": lambda: face.build((64, 96, 1), 5),
}


def _shaken(network: keras.Model) -> keras.Model:
    random = np.random.default_rng(0)
    network.set_weights(
        [value + np.abs(random.normal(0, 0.02, value.shape)).astype(np.float32) for value in network.get_weights()]
    )
    return network


def _answers(network: keras.Model, twin: Twin) -> tuple[np.ndarray, np.ndarray]:
    image = np.random.default_rng(1).normal(0, 1, (2, *network.input_shape[1:])).astype(np.float32)
    with torch.no_grad():
        ours = twin.eval()(torch.from_numpy(image).permute(0, 3, 1, 2)).numpy()
    return ours, np.asarray(network.predict(image, verbose=0))


@pytest.mark.parametrize("name", list(NETWORKS))
def test_the_twin_answers_as_the_network_does(name: str) -> None:
    network = _shaken(NETWORKS[name]())
    ours, theirs = _answers(network, Twin(network))
    assert np.abs(ours - theirs).max() < 1e-4 * np.abs(theirs).max()


@pytest.mark.parametrize("name", list(NETWORKS))
def test_what_the_twin_learns_is_in_the_network(name: str) -> None:
    network = NETWORKS[name]()
    twin = Twin(network)
    with torch.no_grad():
        for weight in twin.parameters():
            weight += 0.01
    ours, theirs = _answers(twin.give_back(), twin)
    assert np.abs(ours - theirs).max() < 1e-4 * np.abs(theirs).max()


BEGUN: list[int] = []
"""Epochs from which batches were asked for."""


def _batches(epoch: int) -> Iterator[Batch]:
    BEGUN.append(epoch)
    generator = torch.Generator().manual_seed(epoch)
    while True:
        image = torch.randn(4, 1, 32, 32, generator=generator)
        yield image, image.mean((1, 2, 3))


def _fit(folder: Path, epochs: int) -> list[int]:
    seen: list[int] = []
    image = keras.Input((32, 32, 1))
    x = landmarks.convolution(image, 4, 3, 2)
    network = keras.Model(image, keras.layers.Dense(1)(keras.layers.Flatten()(x)))
    fit(
        Twin(network),
        _batches,
        lambda output, mean: (output[:, 0] - mean).square().mean(),
        Schedule(epochs=epochs, steps=3, rate=1e-3, warm_up=2),
        folder,
        lambda _, epoch: seen.append(epoch),
    )
    return seen


def test_a_run_that_broke_off_goes_on_where_it_was(tmp_path: Path) -> None:
    BEGUN.clear()
    assert _fit(tmp_path, 2) == [1, 2]
    assert _fit(tmp_path, 3) == [3]
    assert BEGUN == [0, 2]  # what the first epochs were taught is not drawn again


def test_a_run_that_is_over_is_measured_again(tmp_path: Path) -> None:
    """It may have been stopped between its last checkpoint and the model that comes of it."""
    assert _fit(tmp_path, 2) == [1, 2]
    assert _fit(tmp_path, 2) == [2]


def test_the_rate_rises_then_falls() -> None:
    schedule = Schedule(epochs=10, steps=100, rate=1.0, warm_up=50)
    rates = [schedule.rate_at(step) for step in range(1000)]
    assert rates[0] == pytest.approx(0.02, rel=0.01)
    assert max(rates) == pytest.approx(rates[50], rel=0.02)
    assert rates[-1] < 0.02
