"""A Keras network as plain PyTorch modules: on a processor without a GPU they train it at almost twice the speed.

Keras on PyTorch computes batch normalisation in pieces; PyTorch's own module does it in one call. The network is still
defined once, in Keras: the twin follows its layers, and `give_back` writes the trained weights into it.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import torch
from torch import nn
from torch.nn import functional


class Convolution(nn.Module):
    """Conv2D and DepthwiseConv2D, padded as TensorFlow pads: of an odd number the larger half goes below and right."""

    def __init__(self, layer: Any, channels: int) -> None:
        super().__init__()
        kernel, *bias = (np.asarray(weight) for weight in layer.get_weights())
        self.groups = channels if isinstance(layer, keras.layers.DepthwiseConv2D) else 1
        self.stride = layer.strides
        order = (2, 3, 0, 1) if self.groups > 1 else (3, 2, 0, 1)
        self.kernel = nn.Parameter(torch.tensor(kernel.transpose(order).copy()))
        self.bias = nn.Parameter(torch.tensor(bias[0])) if bias else None
        self.even = 0
        self.odd: tuple[int, ...] = ()
        if layer.padding == "same":
            sides = []
            for length, stride, taps in zip(layer.input.shape[1:3], self.stride, layer.kernel_size, strict=True):
                total = max(0, (-(-length // stride) - 1) * stride + taps - length)
                sides.append((total // 2, total - total // 2))
            (top, bottom), (left, right) = sides
            if top == bottom == left == right:
                self.even = top
            else:
                self.odd = (left, right, top, bottom)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.convolve(x, self.kernel, self.bias)

    def convolve(self, x: torch.Tensor, kernel: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
        """The layer with another kernel and bias."""
        if self.odd:
            x = functional.pad(x, self.odd)
        stride = self.stride
        if kernel.shape[2:] == (1, 1):
            # the same, and PyTorch 2.13 overruns memory in the gradient of strided 1x1 convolutions in bfloat16
            x, stride = x[:, :, :: stride[0], :: stride[1]], (1, 1)
        return functional.conv2d(x, kernel, bias, stride, self.even, groups=self.groups)

    def weights(self) -> list[np.ndarray]:
        order = (2, 3, 0, 1)  # its own inverse for depthwise
        kernel = self.kernel.detach().numpy()
        kernel = kernel.transpose(order) if self.groups > 1 else kernel.transpose(2, 3, 1, 0)
        return [kernel] + ([self.bias.detach().numpy()] if self.bias is not None else [])


class Normalisation(nn.BatchNorm2d):
    def __init__(self, layer: Any, channels: int) -> None:
        super().__init__(channels, eps=layer.epsilon, momentum=1 - layer.momentum)

    def weights(self) -> list[np.ndarray]:
        return [value.detach().numpy() for value in (self.weight, self.bias, self.running_mean, self.running_var)]


class Dense(nn.Linear):
    def __init__(self, layer: Any, channels: int) -> None:
        super().__init__(channels, layer.units)

    def weights(self) -> list[np.ndarray]:
        return [self.weight.detach().numpy().T, self.bias.detach().numpy()]


class _Flatten(nn.Module):
    """Flattens height, width, channels in Keras's order."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.permute(0, 2, 3, 1).flatten(1)


class _Average(nn.Module):
    """The mean of each channel."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.mean((2, 3))


class _Concatenate(nn.Module):
    def __init__(self, layer: Any) -> None:
        super().__init__()
        if layer.axis not in (-1, 3):
            raise ValueError(f"{layer.name}: only channels can be concatenated")

    def forward(self, *parts: torch.Tensor) -> torch.Tensor:
        return torch.cat(parts, 1)


class Add(nn.Module):
    def forward(self, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        return first + second


def _module(layer: Any) -> nn.Module:
    kinds = keras.layers
    if isinstance(layer, (kinds.Conv2D, kinds.DepthwiseConv2D)):
        return Convolution(layer, layer.input.shape[-1])
    if isinstance(layer, kinds.BatchNormalization):
        return Normalisation(layer, layer.input.shape[-1])
    if isinstance(layer, kinds.Dense):
        return Dense(layer, layer.input.shape[-1])
    if isinstance(layer, kinds.ReLU):
        return nn.ReLU()
    if isinstance(layer, kinds.Add):
        return Add()
    if isinstance(layer, kinds.Concatenate):
        return _Concatenate(layer)
    if isinstance(layer, kinds.UpSampling2D):
        return nn.Upsample(scale_factor=float(layer.size[0]), mode="nearest")
    if isinstance(layer, kinds.Flatten):
        return _Flatten()
    if isinstance(layer, kinds.GlobalAveragePooling2D):
        return _Average()
    if isinstance(layer, kinds.Dropout):
        return nn.Dropout(layer.rate)
    raise ValueError(f"{layer.name}: {type(layer).__name__} has no twin yet; add it to train/places/twin.py")


class Twin(nn.Module):
    """The network in PyTorch: float32[n, channels, height, width] in; its outputs as Keras gives them.

    Args:
        network: a functional Keras model, untrained or trained, of one input and one output.
    """

    def __init__(self, network: keras.Model) -> None:
        super().__init__()
        self.network = [network]  # in a list: the Keras model is no part of this module
        self.steps: list[tuple[str, list[str]]] = []
        self.layers = nn.ModuleDict()
        for layer in network.layers:
            if isinstance(layer, keras.layers.InputLayer):
                continue
            inputs = layer.input if isinstance(layer.input, list) else [layer.input]
            self.steps.append((layer.name, [tensor._keras_history.operation.name for tensor in inputs]))
            self.layers[layer.name] = _module(layer)
        self.start = next(layer.name for layer in network.layers if isinstance(layer, keras.layers.InputLayer))
        self.end = network.output._keras_history.operation.name
        self.take()

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        values = {self.start: image}
        for name, inputs in self.steps:
            values[name] = self.layers[name](*(values[each] for each in inputs))
        result = values[self.end]
        return result.permute(0, 2, 3, 1) if result.ndim == 4 else result

    def outliers(self) -> torch.Tensor | float:
        """What a loss adds for values of the last forward pass that lie far from the others: here none."""
        return 0.0

    def take(self) -> None:
        """Takes the Keras network's weights."""
        for name, module in self.layers.items():
            if hasattr(module, "weights"):
                values = self.network[0].get_layer(name).get_weights()
                with torch.no_grad():
                    for ours, theirs in zip(module.weights(), values, strict=True):
                        ours[...] = theirs  # views of the parameters

    def give_back(self) -> keras.Model:
        """The Keras network with this twin's weights."""
        for name, module in self.layers.items():
            if hasattr(module, "weights"):
                self.network[0].get_layer(name).set_weights(module.weights())
        return self.network[0]
