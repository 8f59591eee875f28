"""Beginning with the weights of an earlier model, also where the network has become narrower since.

Of a layer's channels those stay that the following layers make most of (the norms of the weights that read them, times
the scale that normalisation gives them); channels that a shortcut adds to each other go or stay together. Training
afterwards makes up for what was taken away. Answers that the earlier model did not have begin untrained.
"""

from __future__ import annotations

import keras
import numpy as np
from numpy.typing import NDArray

Weight = NDArray[np.float32]


def take_over(source: keras.Model, model: keras.Model) -> None:
    """Gives `model` the weights of `source`, a network of the same layers and at least its width.

    Raises:
        ValueError: the layers differ, or the earlier ones are narrower, but for the answers of the last.
    """
    old, new = source.get_weights(), model.get_weights()
    if [weight.ndim for weight in old] != [weight.ndim for weight in new]:
        raise ValueError("the layers differ")
    axes = _axes(model)
    widths = {group: (old[w].shape[axis], new[w].shape[axis]) for group, places in axes.items() for w, axis in places}
    for group, (before, now) in widths.items():
        if before < now and (len(old) - 1, 0) not in axes[group]:
            raise ValueError("the earlier network is narrower")
    kept = {group: _chosen(axes[group], old, *widths[group], model.weights) for group in axes}
    for group, places in axes.items():
        for w, axis in places:
            old[w] = np.take(old[w], kept[group], axis)
    for w, (before, now) in enumerate(zip(old, new, strict=True)):
        now[tuple(slice(length) for length in before.shape)] = before
        new[w] = now
    model.set_weights(new)


def _chosen(
    places: list[tuple[int, int]], old: list[Weight], before: int, now: int, variables: list[keras.Variable]
) -> NDArray[np.int64]:
    """The channels of a group that stay, in their order."""
    if before <= now:
        return np.arange(before)
    read, scale = np.zeros(before), np.zeros(before)
    for w, axis in places:
        if old[w].ndim > 1 and axis == old[w].ndim - 2:  # the side of a kernel that reads the channels
            read += np.square(np.moveaxis(old[w], axis, 0)).reshape(before, -1).sum(axis=1)
        elif variables[w].name == "gamma":
            scale += np.square(old[w])
    return np.sort(np.argsort(-read * scale, kind="stable")[:now])


def _axes(model: keras.Model) -> dict[int, list[tuple[int, int]]]:
    """For each group of channels that go together, where they lie: numbers of weights and axes of them."""
    place = {id(variable): number for number, variable in enumerate(model.weights)}
    group_of: dict[int, int] = {}  # of a tensor
    same: list[int] = []  # the group that a group was found to be part of, or itself

    def root(group: int) -> int:
        while same[group] != group:
            group = same[group]
        return group

    found: list[tuple[int, int, int]] = []
    for layer in model.layers:
        if isinstance(layer, keras.layers.InputLayer):
            same.append(len(same))
            group_of[id(layer.output)] = len(same) - 1
            continue
        sources = layer.input if isinstance(layer.input, list) else [layer.input]
        groups = [group_of[id(tensor)] for tensor in sources]
        if isinstance(layer, keras.layers.Conv2D | keras.layers.Dense):
            same.append(len(same))
            out = len(same) - 1
            kernel, *bias = layer.weights
            axis = len(kernel.shape) - 1
            found += [(groups[0], place[id(kernel)], axis - 1), (out, place[id(kernel)], axis)]
            found += [(out, place[id(variable)], 0) for variable in bias]
        else:
            out = groups[0]
            for other in groups[1:]:
                same[root(other)] = root(out)
            found += [(out, place[id(variable)], 0) for variable in layer.weights if len(variable.shape) == 1]
        group_of[id(layer.output)] = out
    axes: dict[int, list[tuple[int, int]]] = {}
    for group, number, axis in found:
        axes.setdefault(root(group), []).append((number, axis))
    return axes
