"""A small made FER2013 for the tests of the comparison: each class has its own bright quarter or bar."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from train.data import fer2013

HEADER = "index,split,label,duplicate_group," + ",".join(f"ferplus_{name}" for name in fer2013.VOTES)
LABELS = ("happy", "neutral", "sad", "surprise", "angry", "fear", "disgust")
VOTED = {"happy": "happiness", "sad": "sadness", "angry": "anger"}
COUNTS = {"Training": 20, "PublicTest": 6, "PrivateTest": 6}
"""Images of each class."""


def write_fer2013(folder: Path) -> Path:
    """`fer2013/` in the folder: 224 images; of `PrivateTest`, the first sad one is neutral to the voters, and is the
    first sad one of `Training`, too.
    """
    random = np.random.default_rng(0)
    tiles, rows = [], []
    for split, count in COUNTS.items():
        for number in range(count * len(LABELS)):
            kind = number % len(LABELS)
            tile = random.integers(20, 90, (48, 48))
            tile[kind * 6 : kind * 6 + 12, 6:42] = 230
            label = LABELS[kind]
            voted = VOTED.get(label, label)
            group = len(rows)
            if split == "PrivateTest" and number == LABELS.index("sad"):
                voted, group = "neutral", LABELS.index("sad")
            votes = [8 if name == voted else 1 if name in ("contempt", "unknown") else 0 for name in fer2013.VOTES]
            rows.append(f"{len(rows)},{split},{label},{group},{','.join(map(str, votes))}")
            tiles.append(tile.astype(np.uint8))
    tiles += [np.zeros((48, 48), np.uint8)] * (-len(tiles) % 32)
    mosaic = np.stack(tiles).reshape(-1, 32, 48, 48).swapaxes(1, 2).reshape(-1, 32 * 48)
    (folder / "fer2013").mkdir(parents=True)
    (folder / "fer2013" / "labels.csv").write_text("\n".join([HEADER, *rows]) + "\n")
    cv2.imwrite(str(folder / "fer2013" / "00.webp"), mosaic, [cv2.IMWRITE_WEBP_QUALITY, 101])
    return folder
