"""An hour of a driver who is awake: blinks, glances, talk and laughter, and nothing to tell."""

from __future__ import annotations

import os
import random

import pytest
from story import AWAY, CALM, OPEN, Camera, State, play

from edge.records import Emotion

HOUR_S = 3600.0
LAUGHTER = Emotion(0.9, 0.1, 0.0, 0.0)
TALKING = Emotion(0.3, 0.5, 0.1, 0.1)
SEEDS = range(int(os.environ.get("ALERT_HOURS", "2")))


def alert_driving(seed: int) -> list[tuple[float, State]]:
    """Blinks of 0.1 to 0.35 s every 2 to 6 s; a glance of 0.5 to 2 s, a laugh of 0.5 to 2.5 s, or talk now and then."""
    chance = random.Random(seed)
    story: list[tuple[float, State]] = []
    while sum(seconds for seconds, _ in story[-2000:]) < HOUR_S and len(story) < 2000:
        what = chance.random()
        emotion = CALM
        if what < 0.08:
            story.append((chance.uniform(0.5, 2.0), AWAY))
        elif what < 0.12:
            story.append((chance.uniform(0.5, 2.5), State(chance.uniform(0.8, 0.99), emotion=LAUGHTER)))
        elif what < 0.4:
            emotion = TALKING
        story.append((chance.uniform(2.0, 6.0), State(chance.uniform(0.01, 0.2), emotion=emotion)))
        story.append((min(0.35, max(0.1, chance.gauss(0.2, 0.06))), State(0.97, emotion=emotion)))
    return [(5.0, OPEN), *story]


@pytest.mark.parametrize("seed", SEEDS)
def test_an_hour_of_alert_driving_says_nothing(seed: int) -> None:
    film = Camera(15, jitter=0.4, lost=0.05, seed=seed).film(alert_driving(seed))
    assert film[-1].time > 0.9 * HOUR_S
    assert play(film).told == []
