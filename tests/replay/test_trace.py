"""The trace explains each frame: what was seen, what held for this driver, which rule held or which guard withheld."""

from __future__ import annotations

import csv
import io

from edge.config import RulesConfig
from edge.monitor import Step
from edge.records import Box, Emotion, Eyes, Face, HeadPose, Observation
from edge.replay.trace import COLUMNS, TraceWriter
from edge.rules.policy import Policy

FACE = Face(box=Box(200, 100, 200, 200), right_eye=(260, 180), left_eye=(340, 180), mouth=(300, 250), score=0.9)


def _trace(closed: list[float], happy: float = 0.0) -> list[dict[str, str]]:
    stream, policy = io.StringIO(), Policy(RulesConfig())
    writer = TraceWriter(stream)
    for index, probability in enumerate(closed):
        seen = Observation(
            index / 15,
            FACE,
            Eyes(probability, probability),
            Emotion(happy, 1.0 - happy, 0.0, 0.0),
            0.05,
            HeadPose(1.0, 2.0, 3.0),
        )
        writer.write(Step(seen.time, seen, policy.step(seen, 12.5), ()))
    return list(csv.DictReader(io.StringIO(stream.getvalue())))


def test_every_column_has_its_value() -> None:
    row = _trace([0.01] * 65 * 15)[-1]
    assert tuple(row) == COLUMNS
    empty = {name for name, value in row.items() if not value}
    assert empty == {"perclos_long", "alarm_long", "shows", "withheld", "signals"}
    own = (row["speed"], row["own_learned"], row["own_pitch"], row["closed_above"])
    assert own == ("12.5000", "1.0000", "2.5", "0.6000")


def test_the_trace_names_the_guard_that_withheld() -> None:
    row = _trace([0.01] * 150 + [0.97] * 30, happy=0.9)[-1]
    assert (row["shows"], row["withheld"]) == ("laughing", "laughing")
    assert row["reason"] == "microsleep withheld: laughing"
    assert row["closed_above"] == "0.9500"


def test_the_trace_names_the_rule_that_held() -> None:
    row = _trace([0.01] * 150 + [0.97] * 30)[-1]
    assert row["reason"] == "microsleep"
    assert row["withheld"] == ""
