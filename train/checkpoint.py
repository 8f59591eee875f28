"""Everything that a run needs to go on where it was interrupted, in one file that is never half written."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import keras
import numpy as np
from numpy.typing import NDArray

from edge.errors import InputError

Weights = list[NDArray[Any]]


class Trained(Protocol):
    """A Keras model, or what trains as one."""

    optimizer: Any
    """With `variables`, each an array to NumPy, that take a value by `assign`."""

    def get_weights(self) -> Weights: ...

    def set_weights(self, weights: Weights) -> None: ...


@dataclass
class State:
    """Where a run stands: what it was asked, epochs done, the best value of the validation, one record an epoch."""

    settings: dict[str, Any]
    epoch: int = 0
    best: float = float("-inf")
    history: list[dict[str, float]] | None = None


def save(path: Path, state: State, model: Trained, average: Weights) -> None:
    arrays = {f"weights_{i}": value for i, value in enumerate(model.get_weights())}
    arrays |= {f"optimizer_{i}": keras.ops.convert_to_numpy(v) for i, v in enumerate(model.optimizer.variables)}
    arrays |= {f"average_{i}": value for i, value in enumerate(average)}
    arrays["state"] = np.array(json.dumps(vars(state)))
    new = path.with_name(path.name + ".new")
    with new.open("wb") as file:
        np.savez(file, **arrays)
    new.replace(path)


def restore(
    path: Path, settings: dict[str, Any], model: Trained, defaults: dict[str, Any] | None = None
) -> tuple[State, Weights]:
    """Puts weights and optimizer back, and gives the state and the averaged weights.

    `defaults`: what a run was asked whose checkpoint does not say, because an earlier version wrote it.

    Raises:
        InputError: the file cannot be read, or belongs to a run that was asked something else.
    """
    try:
        with np.load(path) as file:
            arrays = {key: file[key] for key in file.files}
        state = State(**json.loads(str(arrays.pop("state"))))
    except (OSError, KeyError, ValueError, TypeError, zipfile.BadZipFile):
        raise InputError(f"{path}: the checkpoint cannot be read; delete it to start this run anew.") from None
    before = (defaults or {}) | state.settings
    differing = sorted(key for key in {**before, **settings} if before.get(key) != settings.get(key))
    if differing:
        raise InputError(
            f"{path.parent}: holds a run with another {', '.join(differing)}; give the same options or another folder."
        )

    def numbered(prefix: str) -> Weights:
        return [arrays[f"{prefix}_{i}"] for i in range(sum(key.startswith(f"{prefix}_") for key in arrays))]

    model.set_weights(numbered("weights"))
    for variable, value in zip(model.optimizer.variables, numbered("optimizer"), strict=True):
        variable.assign(value)
    return state, numbered("average")
