"""What a data set holds before anything is trained on it: classes, light, identical images, labels that disagree.

Identical means byte for byte, found by hash over the images themselves, not taken from a column of the set.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.errors import UserError
from train.data import eyes, fer2013

Names = NDArray[np.str_]


@dataclass(frozen=True)
class Found:
    """A set as it lies on the disk, nothing dropped.

    `images` uint8[n, h, w]; `split` str[n]; `labels`: a name each str[n] by label set, "" where it has none; `order`:
    the names of a label set in the order of tables; `votes` int64[n, k]; `apart`: the splits are sets of different
    making, whose light is looked at one by one.
    """

    images: NDArray[np.uint8]
    split: Names
    labels: dict[str, Names]
    order: dict[str, tuple[str, ...]]
    votes: NDArray[np.int64] | None = None
    apart: bool = False

    def part(self, split: str) -> Found:
        """One split."""
        chosen = self.split == split
        labels = {name: values[chosen] for name, values in self.labels.items()}
        return Found(self.images[chosen], self.split[chosen], labels, self.order)


def read(task: str, data: Path) -> Found:
    """The set of a task.

    Raises:
        UserError: there is nothing to explore for the task; a file is missing or damaged.
    """
    if task == "emotion":
        index = fer2013.read_index(data / "fer2013")
        images = fer2013.read_images(data / "fer2013", len(index.split))
        majority = np.array(fer2013.VOTES)[index.votes.argmax(axis=1)]
        majority = np.where(index.votes.max(axis=1) > 0, majority, "")
        return Found(
            images,
            index.split,
            {"fer2013": index.label, "ferplus": majority},
            {"fer2013": fer2013.LABELS, "ferplus": fer2013.VOTES},
            index.votes,
        )
    if task == "eyes":
        patches = eyes.read(data)
        states = np.array(eyes.CLASSES)[patches.labels["state"]]
        return Found(patches.images, patches.source, {"state": states}, {"state": eyes.CLASSES[:2]}, apart=True)
    raise UserError(f"there is nothing to explore for the task '{task}'; choose one of: emotion, eyes.")


def _splits(found: Found) -> list[str]:
    """In the order in which they first come."""
    return list(dict.fromkeys(found.split.tolist()))


def views(found: Found) -> dict[str, tuple[Found, str]]:
    """What light is looked at of, by title: each label set, of each split where these lie apart."""
    if not found.apart:
        return {name: (found, name) for name in found.labels}
    return {f"{name}-{split}": (found.part(split), name) for name in found.labels for split in _splits(found)}


def classes(found: Found) -> dict[str, dict[str, dict[str, int]]]:
    """Images by label set, split and label; "" counts those without a label."""
    counts: dict[str, dict[str, dict[str, int]]] = {}
    for name, labels in found.labels.items():
        counts[name] = {}
        for split in _splits(found):
            of = Counter(labels[found.split == split].tolist())
            counts[name][split] = {label: of.get(label, 0) for label in (*found.order[name], "")}
    return counts


def histograms(found: Found, label_set: str) -> dict[str, NDArray[np.float64]]:
    """Share of the pixels of each label at each grey level, float64[256]."""
    shares = {}
    for label in found.order[label_set]:
        pixels = found.images[found.labels[label_set] == label]
        if len(pixels):
            shares[label] = np.bincount(pixels.ravel(), minlength=256) / pixels.size
    return shares


def intensity(found: Found, label_set: str) -> dict[str, dict[str, float]]:
    """Grey levels of each label: mean and deviation of all pixels, 5th, 50th, 95th percentile, and the spread of the
    images' own means, by which one could tell how much brightness alone gives away.
    """
    rows = {}
    for label, share in histograms(found, label_set).items():
        levels = np.arange(256)
        mean = float(share @ levels)
        means = found.images[found.labels[label_set] == label].mean(axis=(1, 2))
        low, middle, high = (int(np.searchsorted(share.cumsum(), part)) for part in (0.05, 0.5, 0.95))
        rows[label] = {
            "mean": mean,
            "deviation": float(np.sqrt(share @ (levels - mean) ** 2)),
            "p5": low,
            "p50": middle,
            "p95": high,
            "deviation_of_means": float(means.std()),
        }
    return rows


def identical(images: NDArray[np.uint8]) -> list[NDArray[np.int64]]:
    """Groups of two and more byte-identical images: their numbers, ascending."""
    of: dict[bytes, list[int]] = {}
    for number, image in enumerate(images):
        of.setdefault(hashlib.sha256(image.tobytes()).digest(), []).append(number)
    return [np.array(group, np.int64) for group in of.values() if len(group) > 1]


def _contradicting(groups: Sequence[NDArray[np.int64]], labels: Names) -> list[list[int]]:
    return [group.tolist() for group in groups if len({label for label in labels[group].tolist() if label}) > 1]


def duplicates(found: Found) -> dict[str, Any]:
    """Groups of identical images, within a split and across splits, and groups whose labels contradict each other.

    `leaks` counts, for each pair of splits, the images of the first of which an identical one stands in the second;
    `leaking` those of which one stands in any other split.
    """
    groups = identical(found.images)
    splits = _splits(found)
    leaks = {}
    for first in splits:
        for second in splits:
            if first != second:
                count = sum(
                    int((found.split[group] == first).sum()) for group in groups if second in found.split[group]
                )
                leaks[f"{first} in {second}"] = count
    leaking = {
        split: sum(int((found.split[group] == split).sum()) for group in groups if (found.split[group] != split).any())
        for split in splits
    }
    within = {split: sum(max(0, int((found.split[group] == split).sum()) - 1) for group in groups) for split in splits}
    return {
        "groups": len(groups),
        "images": int(sum(len(group) for group in groups)),
        "superfluous": int(sum(len(group) - 1 for group in groups)),
        "largest": max((len(group) for group in groups), default=0),
        "within": within,
        "across": sum(len(set(found.split[group].tolist())) > 1 for group in groups),
        "leaks": leaks,
        "leaking": leaking,
        "contradicting": {name: _contradicting(groups, labels) for name, labels in found.labels.items()},
        "members": [group.tolist() for group in groups],
    }


def entropy(votes: NDArray[np.int64]) -> NDArray[np.float64]:
    """Of each row's votes, in bits: 0 where all agree; NaN without votes. float64[n]."""
    total = votes.sum(axis=1, keepdims=True)
    share = votes / np.maximum(total, 1)
    bits = -(share * np.log2(np.where(share > 0, share, 1))).sum(axis=1)
    return np.where(total[:, 0] > 0, bits, np.nan)


def disagreement(found: Found) -> dict[str, Any]:
    """One label set (rows) against another, in counts; agreement, and the entropy of the votes by label.

    Empty where there is one label set alone.
    """
    if found.votes is None:
        return {}
    (first, rows), (second, columns) = found.labels.items()
    across = (*found.order[second], "")
    table = {
        label: {other: int(((rows == label) & (columns == other)).sum()) for other in across}
        for label in found.order[first]
    }
    bits = entropy(found.votes)
    same = {label: (label, fer2013.VOTES_OF_ANSWER.get(label, (label,))[0]) for label in found.order[first]}
    same |= {"angry": ("angry", "anger")}
    agreed = {
        label: table[label].get(same[label][1], 0)
        / max(1, sum(count for other, count in table[label].items() if other))
        for label in found.order[first]
    }
    return {
        "rows": first,
        "columns": second,
        "table": table,
        "agreed": agreed,
        "entropy": {
            label: {
                "mean": float(np.nanmean(bits[chosen])),
                "p90": float(np.nanpercentile(bits[chosen], 90)),
                "unanimous": float((bits[chosen] == 0).mean()),
            }
            for label in found.order[first]
            if (chosen := (rows == label) & np.isfinite(bits)).any()
        },
    }


def sample(found: Found, label_set: str, each: int, seed: int) -> dict[str, NDArray[np.uint8]]:
    """`each` images of every label at most, drawn by the seed, of all splits."""
    random = np.random.default_rng(seed)
    drawn = {}
    for label in found.order[label_set]:
        members = np.flatnonzero(found.labels[label_set] == label)
        if len(members):
            drawn[label] = found.images[np.sort(random.permutation(members)[:each])]
    return drawn
