"""The training loop of the two networks that find and follow the face: one optimiser, one schedule, one checkpoint.

Cosine schedule with a warm-up, AdamW, a moving average of the weights (the average is what is measured and kept), a
checkpoint at each epoch's end from which a broken run goes on. One processor core does it; more make it faster.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn
from tqdm import tqdm

from train.places.twin import Twin

Batch = tuple[torch.Tensor, ...]
"""Images float32[n, 1, height, width] first, then what the loss needs."""


@dataclass(frozen=True)
class Schedule:
    """`epochs` of `steps` batches; the rate rises over the first `warm_up` steps and then falls as a cosine to 1 %."""

    epochs: int
    steps: int
    rate: float
    weight_decay: float = 0.01
    warm_up: int = 200
    averaging: float = 0.998

    def rate_at(self, step: int) -> float:
        total = self.epochs * self.steps
        rise = min(1.0, (step + 1) / self.warm_up)
        fall = 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, step / total)))
        return self.rate * rise * fall


def fit(
    twin: Twin,
    batches: Callable[[int], Iterator[Batch]],
    loss: Callable[..., torch.Tensor],
    schedule: Schedule,
    folder: Path,
    measured: Callable[[Twin, int], None],
) -> Twin:
    """Trains the twin; gives the one with averaged weights.

    Args:
        twin: the network.
        batches: without end, from the epoch of that number on; a run that goes on does not draw the first ones again.
        loss: of the network's output and the rest of a batch.
        schedule: how long and how fast.
        folder: where `checkpoint.pt` is written, and read if it is there.
        measured: called with the averaged twin and the number of the epoch, at each epoch's end.
    """
    twin = twin.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    average = copy.deepcopy(twin).eval()
    optimiser = torch.optim.AdamW(decay_groups(twin, schedule.weight_decay), lr=schedule.rate)
    path, first = folder / "checkpoint.pt", 0
    if path.exists():
        saved = torch.load(path, weights_only=True)
        _load(twin, saved["twin"])
        _load(average, saved["average"])
        optimiser.load_state_dict(saved["optimiser"])
        first = saved["epoch"]
        if first >= schedule.epochs:  # it was stopped while the last one was measured
            measured(average, first)
    drawn = batches(first)
    for epoch in range(first, schedule.epochs):
        began, total = time.monotonic(), 0.0
        twin.train()
        told = f"epoch {epoch + 1}/{schedule.epochs}"
        for number in tqdm(range(schedule.steps), desc=told, mininterval=10, disable=None):  # None: on a terminal alone
            step = epoch * schedule.steps + number
            for group in optimiser.param_groups:
                group["lr"] = schedule.rate_at(step)
            images, *rest = next(drawn)
            images = images.to(memory_format=torch.channels_last)
            with torch.autocast("cpu", torch.bfloat16):
                output = twin(images)
            value = loss(output.float(), *rest) + twin.outliers()
            optimiser.zero_grad(set_to_none=True)
            value.backward()
            nn.utils.clip_grad_norm_(twin.parameters(), 5.0)
            optimiser.step()
            total += float(value.detach())
            average_into(average, twin, min(schedule.averaging, (step + 1) / (step + 20)))
        print(
            f"epoch {epoch + 1}: loss {total / schedule.steps:.5f}, rate {schedule.rate_at(step):.2g}, "
            f"{time.monotonic() - began:.0f} s",
            flush=True,
        )
        part = path.with_suffix(".part")
        torch.save(
            {
                "twin": list(twin.state_dict().values()),
                "average": list(average.state_dict().values()),
                "optimiser": optimiser.state_dict(),
                "epoch": epoch + 1,
            },
            part,
        )
        part.replace(path)
        measured(average, epoch + 1)
    return average


def _load(twin: Twin, values: list[torch.Tensor]) -> None:
    """In order: the names of Keras's layers count up with every network that a process builds."""
    twin.load_state_dict(dict(zip(twin.state_dict(), values, strict=True)))


def decay_groups(twin: Twin, decay: float) -> list[dict[str, object]]:
    """Kernels decay, biases and normalisation don't."""
    kernels = [weight for weight in twin.parameters() if weight.ndim > 1]
    others = [weight for weight in twin.parameters() if weight.ndim <= 1]
    return [{"params": kernels, "weight_decay": decay}, {"params": others, "weight_decay": 0.0}]


@torch.no_grad()
def average_into(average: Twin, twin: Twin, decay: float) -> None:
    for ours, theirs in zip(average.state_dict().values(), twin.state_dict().values(), strict=True):
        if ours.dtype.is_floating_point:
            ours.lerp_(theirs, 1 - decay)
