"""A run that is killed, has no memory or no room: what was done stays, and one sentence says what to do."""

from __future__ import annotations

import dataclasses
import errno
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import disks
import keras
import numpy as np
import pytest
import tensorflow as tf

from edge.errors import InputError
from train import fit
from train.batches import Batches
from train.checkpoint import State
from train.data import Examples
from train.recipes import EYES

TINY = dataclasses.replace(
    EYES,
    labels=("open", "closed"),
    options={"stem": 4, "stages": ((4, 1),), "dropout": 0.0},
    epochs=3,
    batch=16,
    steps=2,
    warm_up=0.0,
)


def _examples() -> Examples:
    images = np.random.default_rng(0).integers(0, 256, (32, 48, 48)).astype(np.uint8)
    state = np.arange(32) % 2
    return Examples(
        images, np.eye(2, dtype=np.float32)[state], np.ones(32, np.float32), {"state": state}, np.full(32, "web")
    )


def train(output: Path, epochs: int | None = None) -> State:
    return fit.fit(TINY, _examples(), _examples(), output, seed=0, stop_after=epochs, verbose=0)


def test_a_killed_run_goes_on_where_it_was(tmp_path: Path) -> None:
    program = (
        "import logging, pathlib, sys, test_bad_runs as t\n"
        "logging.basicConfig(level=logging.INFO, format='%(message)s', stream=sys.stdout)\n"
        "t.train(pathlib.Path(sys.argv[1]))"
    )
    here = Path(__file__).parent
    paths = os.pathsep.join(map(str, (here, here.parent, here.parents[1])))
    command = [sys.executable, "-u", "-c", program, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": paths}) as child:
        assert child.stdout is not None
        for line in child.stdout:
            if line.startswith("epoch 2"):  # judged, and now being written
                child.kill()
    assert child.returncode == -signal.SIGKILL
    with np.load(tmp_path / "checkpoint.npz") as file:
        written = str(file["state"])
    state = train(tmp_path)
    assert state.epoch == 3
    assert state.history is not None
    assert f'"seconds": {state.history[0]["seconds"]}' in written  # the first epoch was not trained again
    assert keras.saving.load_model(tmp_path / "model.keras", compile=False).output_shape == (None, 2)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    if reason := disks.mount(folder):
        pytest.skip(reason)
    yield folder
    disks.unmount(folder)


def _whole(output: Path) -> bool:
    with np.load(output / "checkpoint.npz") as file:
        return '"epoch": 1' in str(file["state"])


def test_a_full_disk_leaves_the_run_as_it_was(disk: Path) -> None:
    output = disk / "run"
    train(output, epochs=1)
    ballast = disks.fill(disk)
    with pytest.raises(InputError, match=r"the run cannot be written .*; make room and give the same command again"):
        train(output)
    assert _whole(output)
    keras.saving.load_model(output / "model.keras", compile=False)
    assert sorted(path.name for path in output.iterdir()) == ["checkpoint.npz", "model.keras"]
    ballast.unlink()
    assert train(output).epoch == 3


def test_a_checkpoint_that_does_not_fit_on_the_disk_leaves_the_last_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(tmp_path, epochs=1)

    def half(file: Any, **arrays: Any) -> None:
        file.write(b"PK")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(np, "savez", half)
    with pytest.raises(InputError, match=r"cannot be written \(No space left on device\); make room"):
        train(tmp_path)
    assert _whole(tmp_path)
    assert not list(tmp_path.glob("*.new"))


def test_too_little_memory_for_the_images_names_the_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left(self: Batches, number: int) -> Any:
        raise MemoryError

    monkeypatch.setattr(Batches, "__getitem__", none_left)
    with pytest.raises(InputError, match="not enough memory for batches of 16 images of 32 pixels; give a small"):
        train(tmp_path)


def test_too_little_memory_for_the_network_names_the_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left(*_: Any, **__: Any) -> Any:
        raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor with shape[16,32,32,4]")

    monkeypatch.setattr(keras.Model, "fit", none_left)
    with pytest.raises(InputError, match="give a smaller --batch"):
        train(tmp_path)
