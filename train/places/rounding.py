"""The twin of a network as it will be in int8: every weight and every tensor between two operators is rounded.

Trained so for its last epochs, a network finds weights whose int8 model answers as it does itself. What is rounded is
what the converter makes of the network: batch normalisation is folded into the convolution before it, ReLU into the
operator before it; weights are symmetric, one step a channel (of dense layers one step in all); every other tensor has
one step, from the least and the greatest value that were seen. Gradients pass the rounding as if it were not there
(Jacob et al. 2018).
"""

from __future__ import annotations

from typing import Any

import keras
import torch
from torch import nn
from torch.nn import functional

from train.places.twin import Add, Convolution, Dense, Normalisation, Twin

_FORGET = 0.01
"""By how much of itself a range shrinks a batch: it is about that of the last hundred batches."""
_OUTLYING = 5.0
"""Root mean squares beyond which a value is an outlier."""
_COMPUTES = (Convolution, Dense, Normalisation, Add, nn.ReLU)


class Range(nn.Module):
    """Rounds a tensor to 256 steps over the range of what came by in training."""

    low: torch.Tensor
    high: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("low", torch.zeros(1))
        self.register_buffer("high", torch.zeros(1))
        self.rounds = True

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.training:
            with torch.no_grad():
                low, high = torch.aminmax(x.detach().float())
                self.low.copy_(torch.minimum(self.low * (1 - _FORGET), low))
                self.high.copy_(torch.maximum(self.high * (1 - _FORGET), high))
        if not self.rounds:
            return x
        step = max(float(self.high - self.low) / 255, 1e-8)
        zero = round(-128 - float(self.low) / step)
        return _Rounded.apply(x, step, -128 - zero, 127 - zero)


class _Rounded(torch.autograd.Function):
    """To whole steps, between a least and a most; gradients pass. Faster than PyTorch's own, above all in bfloat16."""

    @staticmethod
    def forward(_: Any, x: torch.Tensor, step: float, least: int, most: int) -> torch.Tensor:
        return x.div(step).round_().clamp_(least, most).mul_(step)

    @staticmethod
    def backward(_: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, None, None, None]:
        return gradient, None, None, None


def rounded(kernel: torch.Tensor, *, by_channel: bool) -> torch.Tensor:
    """A kernel, channels of its output first, as symmetric int8 holds it."""
    steps = (kernel.detach().abs().flatten(1).amax(1) / 127).clamp(min=1e-8)
    if not by_channel:
        steps = steps.amax().expand_as(steps)
    steps = steps.reshape(-1, *[1] * (kernel.ndim - 1))
    whole = (kernel.detach() / steps).round() * steps
    return kernel + (whole - kernel).detach()


def _far(x: torch.Tensor) -> torch.Tensor:
    """How far the farthest values lie out: a ReLU may make nothing of them, and they widen the step of all others."""
    usual = float(x.detach().square().mean(dtype=torch.float32).sqrt().clamp(min=1e-6))
    beyond = (x.abs() - _OUTLYING * usual).relu() / usual
    return beyond.square().mean(dtype=torch.float32)


class RoundedTwin(Twin):
    """A twin that computes as the int8 model will; normalisation stands still and is only a factor.

    Args:
        network: a trained Keras model.
    """

    def __init__(self, network: keras.Model) -> None:
        super().__init__(network)
        readers: dict[str, list[str]] = {}
        for name, inputs in self.steps:
            for each in inputs:
                readers.setdefault(each, []).append(name)
        self.folded: dict[str, str] = {}
        self.ranges = nn.ModuleDict({self.start: Range()})
        self.rounds_weights = True
        self._far: list[torch.Tensor] = []
        for name, _ in self.steps:
            after = readers.get(name, [])
            module = self.layers[name]
            then = self.layers[after[0]] if len(after) == 1 else None
            if isinstance(module, Convolution) and isinstance(then, Normalisation):
                self.folded[name] = after[0]
            elif isinstance(module, _COMPUTES) and not isinstance(then, nn.ReLU):
                self.ranges[name] = Range()

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        self._far = []
        values = {self.start: self.ranges[self.start](image)}
        for name, inputs in self.steps:
            module, given = self.layers[name], [values[each] for each in inputs]
            if isinstance(module, Convolution):
                value = self._convolved(module, given[0], self.folded.get(name))
            elif isinstance(module, Dense):
                kernel = rounded(module.weight, by_channel=False) if self.rounds_weights else module.weight
                value = functional.linear(given[0], kernel, module.bias)
            elif isinstance(module, Normalisation):
                value = given[0]  # is in the convolution
                if self.training and name in self.ranges:
                    self._far.append(_far(value))
            else:
                value = module(*given)
            values[name] = self.ranges[name](value) if name in self.ranges else value
        result = values[self.end]
        return result.permute(0, 2, 3, 1) if result.ndim == 4 else result

    def outliers(self) -> torch.Tensor | float:
        """The farthest values of the sums' branches, which is where single steps were found to be widest."""
        return sum(self._far, start=torch.zeros(()))

    def _convolved(self, module: Convolution, x: torch.Tensor, folded: str | None) -> torch.Tensor:
        kernel, bias = module.kernel, module.bias
        if folded is not None:
            normal: Any = self.layers[folded]
            factor = normal.weight / torch.sqrt(normal.running_var + normal.eps)
            kernel = kernel * factor[:, None, None, None]
            bias = normal.bias - normal.running_mean * factor + (0 if bias is None else bias * factor)
        if self.rounds_weights:
            kernel = rounded(kernel, by_channel=True)
        return module.convolve(x, kernel, bias)
