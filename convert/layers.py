"""Where a network breaks in int8: every layer's own error, with inputs as the float network gives them."""

from __future__ import annotations

import csv
import io
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert.network import Network, tensorflow
from convert.quantize import converter
from convert.quiet import quiet

PICTURES = 50
"""Of the calibration set: each runs through the float and the int8 form of every layer."""


def errors(network: Network, calibration: NDArray[np.float32]) -> list[dict[str, Any]]:
    """A row for each layer's output, worst first.

    `relative`: root mean square error in steps of the output's scale; rounding alone makes 0.29 (1 / sqrt(12)), so
    clearly more means that a layer's own weights or range lose something. `largest`: in the layer's own unit.
    """
    tf = tensorflow()
    pictures = calibration[:PICTURES]
    statistics = io.StringIO()
    with converter(network, calibration) as made, quiet():
        debugger = tf.lite.experimental.QuantizationDebugger(
            converter=made, debug_dataset=lambda: ([picture[None]] for picture in pictures)
        )
        debugger.run()
        debugger.layer_statistics_dump(statistics)
    statistics.seek(0)
    rows = [
        {
            "layer": row["tensor_name"].split(";")[0],
            "operator": row["op_name"],
            "values": int(float(row["num_elements"])),
            "scale": float(row["scale"]),
            "largest": float(row["max_abs_error"]),
            "relative": float(row["mean_squared_error"]) ** 0.5 / float(row["scale"]),
        }
        for row in csv.DictReader(statistics)
        if float(row["scale"]) > 0
    ]
    return sorted(rows, key=lambda row: -row["relative"])


def table(rows: list[dict[str, Any]], most: int = 10) -> str:
    """The worst layers as lines for a terminal."""
    lines = [f"{'error in steps':>14}  {'largest':>9}  operator           layer"]
    lines += [
        f"{row['relative']:14.2f}  {row['largest']:9.4f}  {row['operator']:17}  {row['layer']}" for row in rows[:most]
    ]
    return "\n".join(lines)
