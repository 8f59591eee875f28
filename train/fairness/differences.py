"""How far groups of people lie apart in what is said of them: shares with intervals, differences, verdicts.

Nothing here looks at a picture: what was said of whom comes in as arrays.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from train.fairness.limits import Limits

YOUNG = ("0-2", "3-9", "10-19")
"""FairFace's ages that are listed and not judged: nobody of them, or hardly anybody, drives."""
OLD = ("60-69", "more than 70")
"""Few, so they are judged together as `OLDER`, and listed one by one."""
OLDER = "60 and over"

SHUFFLES = 2000
"""Times that persons are dealt to the groups at random, to see how far those lie apart by chance."""

Verdict = Literal["within", "not within", "too few to tell"]


@dataclass(frozen=True)
class Group:
    """The share 0..1 of a group's pictures of which something was said, and its 95 % interval (Wilson 1927)."""

    name: str
    pictures: int
    share: float
    low: float
    high: float


@dataclass(frozen=True)
class Finding:
    """One measure by one attribute: its groups, of which the first `judged` are those that are judged.

    `difference` 0..1 is that of `most` and `least`, the groups with the highest and the lowest share, `low` and `high`
    its 95 % interval (Newcombe 1998, method 10). `chance`: so far or less do groups of these sizes lie apart in 95 of
    100 cases where persons are dealt to them at random. `limit` is a share, too.
    """

    measure: str
    attribute: str
    groups: tuple[Group, ...]
    judged: int
    most: Group
    least: Group
    difference: float
    low: float
    high: float
    chance: float
    limit: float

    @property
    def verdict(self) -> Verdict:
        """A difference over the limit counts where it is more than chance makes of groups so small."""
        if self.difference <= self.limit:
            return "within"
        return "not within" if self.difference > self.chance else "too few to tell"


def judge(
    measure: str,
    said: NDArray[np.float64],
    people: Mapping[str, NDArray[np.str_]],
    limits: Limits,
    *,
    seed: int = 0,
) -> list[Finding]:
    """A finding for each attribute in which at least two groups of adults are large enough to be judged.

    Args:
        measure: its name among the limits.
        said: float64[n], 1 or 0, NaN where it could not be asked of a picture.
        people: by attribute the group of each, str[n]; `age` in FairFace's words.
        limits: of this and other measures.
        seed: of the shuffles.
    """
    asked = np.isfinite(said)
    adult = asked & ~np.isin(people["age"], YOUNG)
    found = []
    for attribute, names in people.items():
        merged = np.where(np.isin(names, OLD), OLDER, names) if attribute == "age" else names
        groups = shares(said[adult], merged[adult])
        judged = [group for group in groups if group.pictures >= limits.least_pictures]
        if len(judged) < 2:
            continue
        listed = [group for group in groups if group not in judged]
        if attribute == "age":
            listed += shares(said[asked], names[asked], of=(*OLD, *YOUNG))
        enough = adult & np.isin(merged, [group.name for group in judged])
        most, least = max(judged, key=lambda one: one.share), min(judged, key=lambda one: one.share)
        found.append(
            Finding(
                measure,
                attribute,
                (*judged, *listed),
                len(judged),
                most,
                least,
                most.share - least.share,
                *newcombe(most, least),
                by_chance(said[enough], merged[enough], np.random.default_rng(seed)),
                limits.points[measure].limit / 100,
            )
        )
    return found


def shares(said: NDArray[np.float64], names: NDArray[np.str_], of: tuple[str, ...] | None = None) -> list[Group]:
    """The share of each group by fairlearn's MetricFrame, ordered by name, or only the groups `of`, in that order."""
    from fairlearn.metrics import MetricFrame, count, selection_rate

    if not len(said):
        return []
    answers = said.astype(int)
    frame = MetricFrame(
        metrics={"share": selection_rate, "pictures": count},
        y_true=answers,
        y_pred=answers,
        sensitive_features=names,
    )
    rows = {str(name): (int(row["pictures"]), float(row["share"])) for name, row in frame.by_group.iterrows()}
    wanted = [name for name in of if name in rows] if of else sorted(rows)
    return [Group(name, *rows[name], *wilson(*rows[name])) for name in wanted]


def wilson(pictures: int, share: float) -> tuple[float, float]:
    """The 95 % interval of a share by Wilson's score method."""
    from scipy.stats import binomtest

    interval = binomtest(round(pictures * share), pictures).proportion_ci(0.95, "wilson")
    return float(interval.low), float(interval.high)


def newcombe(most: Group, least: Group) -> tuple[float, float]:
    """The 95 % interval of the difference of two groups' shares, from the Wilson intervals of both."""
    difference = most.share - least.share
    low = difference - math.hypot(most.share - most.low, least.high - least.share)
    high = difference + math.hypot(most.high - most.share, least.share - least.low)
    return low, high


def by_chance(said: NDArray[np.float64], names: NDArray[np.str_], random: np.random.Generator) -> float:
    """The 95th percentile of how far the groups lie apart when their members are dealt anew at random."""
    group, sizes = np.unique(names, return_inverse=True, return_counts=True)[1:]
    spreads = np.empty(SHUFFLES)
    for number in range(SHUFFLES):
        each = np.bincount(group, weights=random.permutation(said), minlength=len(sizes)) / sizes
        spreads[number] = each.max() - each.min()
    return float(np.quantile(spreads, 0.95))
