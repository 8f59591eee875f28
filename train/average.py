"""Two trainings of one network as one, weight by weight: what lies between them (WiSE-FT, Wortsman et al. 2022).

It holds where the second training began with the weights of the first, or near them: then what lies between them is
often as right as the better one, and keeps more of what the first knew than the second does.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from edge.errors import InputError
from train import remake, report
from train.evaluate import load


def between(first: Any, second: Any, share: float) -> Any:
    """The second keras.Model itself, with `share` of its own weights and the rest of the first's.

    Raises:
        InputError: they are not the same network.
    """
    weights: list[Sequence[Any]] = [first.get_weights(), second.get_weights()]
    if [each.shape for each in weights[0]] != [each.shape for each in weights[1]]:
        raise InputError("the models have weights of other shapes: they are not one network; name two runs of one.")
    second.set_weights([(1 - share) * a + share * b for a, b in zip(*weights, strict=True)])
    return second


def write(
    task: str, first: Path, second: Path, share: float, folder: Path, output: Path, command: str
) -> report.Results:
    """Writes the run folder `output` with the model that lies between; gives the figures of the validation.

    Raises:
        InputError: a model or its card cannot be used, they do not go together, or `output` holds a model already.
    """
    paths = [first, second]
    remake.cards_of(paths, task)
    model = between(*map(load, paths), share)
    return remake.write(task, paths, model, folder, output, command)
