"""What `eyes` learns from: eyes of three sets and of whole pictures, as they are, disturbed, hidden, behind lenses that
mirror in part, and no eyes.

What covers an eye is laid over open and closed ones alike, so that it says nothing about the lids. What is made over a
held-out eye is held out with it, what is cut from a held-out person with that person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from train.data import eyes, face_eyes, hidden_eyes, lens_reflections
from train.data.examples import Examples

NOT_VISIBLE = eyes.CLASSES.index("not_visible")
FACE = "face"
"""The source of eyes cut from whole pictures, as they are counted and balanced."""

TRAINED, HELD_OUT = 2500, 1000
"""Made patches of each kind a set of eyes, for training and for measuring."""

BESIDE = ("cabin", "fairface_train")
"""Sets that patches without an eye are cut from; `youtube_faces` is left for measuring."""

COVERS = {
    "glare": ("glare",),
    "covered": ("sunglasses", "sunglasses", "held before", "held before", "smeared", "smeared", "in the dark"),
}
"""What hides an eye, by the source that it is counted and balanced as; named twice, it comes twice as often."""

DISTURBED = (0.1, 0.09, 0.1, 0.08, 0.08, 0.35, 0.1, 0.1)
"""How often each of `hidden_eyes.DISTURBANCES` comes: the lamps most often, they are what a network takes for a lid."""


def everything(data: Path, sets: Sequence[str], *, held_out: bool) -> Examples:
    """Seen eyes of `sets` and of whole pictures, disturbed ones, hidden ones, and what lies beside.

    Raises:
        InputError: a set is missing or damaged.
    """
    others = _beside(data, held_out=held_out)
    images, states = face_eyes.read(data, held_out=held_out)
    pictures = _examples(list(images), states.tolist(), FACE)
    hidden = states == NOT_VISIBLE
    seen = eyes.read(data, sets, held_out=held_out).joined(pictures.take(~hidden))
    count, seed = (HELD_OUT, 1) if held_out else (TRAINED, 0)
    count = min(count, len(seen))
    made = [make(seen, others, count, seed) for make in (_disturbed, _hidden, _mirrored)]
    parts = (*made, pictures.take(hidden), others)
    return reduce(Examples.joined, parts, seen)


def left_out(data: Path, name: str) -> Examples:
    """A whole set, and as many of its eyes hidden."""
    seen = eyes.read(data, (name,))
    return seen.joined(_hidden(seen, _beside(data, held_out=True), min(HELD_OUT, len(seen)), seed=2))


def _examples(patches: Sequence[NDArray[Any]], states: Sequence[int], source: str) -> Examples:
    square = (eyes.SIDE, eyes.SIDE)
    images = np.clip(np.rint(np.array(patches, np.float32).reshape(-1, *square)), 0, 255).astype(np.uint8)
    state = np.array(states, np.int64)
    targets = np.eye(len(eyes.CLASSES), dtype=np.float32)[state]
    return Examples(images, targets, np.ones(len(state), np.float32), {"state": state}, np.full(len(state), source))


def _beside(data: Path, *, held_out: bool) -> Examples:
    patches = hidden_eyes.beside(data, BESIDE, held_out=held_out)
    return _examples(list(patches), [NOT_VISIBLE] * len(patches), "beside")


def _hidden(seen: Examples, others: Examples, count: int, seed: int) -> Examples:
    """`count` patches a set of `seen` and source of COVERS; `others` come before the eye, or are mirrored in a lens."""
    random = np.random.default_rng((seed, 1))
    parts = []
    for source, covers in COVERS.items():
        patches = []
        for name in np.unique(seen.source):
            for number in random.choice(np.flatnonzero(seen.source == name), count):
                cover = hidden_eyes.COVERS[covers[random.integers(len(covers))]]
                other = others.images[random.integers(len(others))].astype(np.float32)
                patches.append(cover(hidden_eyes.framed(seen.images[number], str(name)), other, random))
        parts.append(_examples(patches, [NOT_VISIBLE] * len(patches), source))
    return reduce(Examples.joined, parts)


def _disturbed(seen: Examples, others: Examples, count: int, seed: int) -> Examples:
    """`count` patches a set of `seen` in which the eye can still be read, with its label."""
    random = np.random.default_rng((seed, 2))
    chosen = [random.choice(np.flatnonzero(seen.source == name), count) for name in np.unique(seen.source)]
    numbers = np.concatenate(chosen)
    patches = []
    for number in numbers:
        other = others.images[random.integers(len(others))].astype(np.float32)
        how = hidden_eyes.DISTURBANCES[random.choice(len(DISTURBED), p=DISTURBED)]
        patch = hidden_eyes.framed(seen.images[number], str(seen.source[number]))
        patches.append(hidden_eyes.disturb(patch, other, random, how))
    return _examples(patches, [int(seen.labels["state"][n]) for n in numbers], "disturbed")


def _mirrored(seen: Examples, others: Examples, count: int, seed: int) -> Examples:
    """`count` patches a set of `seen` behind lenses that mirror in part: with its label, hidden, or in doubt between.

    An eye in doubt has a part of both targets, and as its label the larger one.
    """
    random = np.random.default_rng((seed, 4))
    numbers = np.concatenate([random.choice(np.flatnonzero(seen.source == s), count) for s in np.unique(seen.source)])
    patches, shares = [], []
    for number in numbers:
        other = others.images[random.integers(len(others))].astype(np.float32)
        patch = hidden_eyes.framed(seen.images[number], str(seen.source[number]))
        patch, through = lens_reflections.mirrored(patch, other, random)
        patches.append(patch)
        shares.append(lens_reflections.readable(through))
    share = np.array(shares, np.float32)
    state = np.where(share >= 0.5, seen.labels["state"][numbers], NOT_VISIBLE)
    made = _examples(patches, state.tolist(), "mirrored")
    hidden = np.eye(len(eyes.CLASSES), dtype=np.float32)[NOT_VISIBLE]
    return replace(made, targets=share[:, None] * seen.targets[numbers] + (1 - share[:, None]) * hidden)
