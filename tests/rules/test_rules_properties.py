"""What must hold for any input, however wild."""

from __future__ import annotations

import pickle
import time
from dataclasses import replace
from itertools import pairwise
from statistics import median

from hypothesis import given, settings
from hypothesis import strategies as st
from story import AWAY, DARK, FACE, OPEN, SAD_FACE, SHUT, SUNGLASSES, Camera, State, play

from edge.config import RulesConfig, SpeedGateConfig
from edge.records import Emotion, Eyes, HeadPose, Observation, Signal
from edge.rules.policy import Policy

probabilities = st.none() | st.floats(0, 1)
wild_numbers = st.floats(allow_nan=True, allow_infinity=True)
wild_times = wild_numbers


@st.composite
def observations(draw: st.DrawFn, times: st.SearchStrategy[float]) -> Observation:
    sad = draw(probabilities)
    happy = draw(st.booleans())
    return Observation(
        draw(times),
        draw(st.sampled_from([None, FACE])),
        Eyes(draw(probabilities), draw(probabilities)),
        None if sad is None else Emotion((1.0 - sad) * happy, (1.0 - sad) * (not happy), sad, 0.0),
        mouth_open=draw(st.none() | wild_numbers),
        pose=draw(st.none() | st.builds(HeadPose, wild_numbers, wild_numbers, wild_numbers)),
        dark=draw(st.booleans()),
    )


def assert_sound(signals: list[Signal]) -> None:
    """Each episode starts once, rises, ends once; its number belongs to it alone."""
    open_ones: dict[int, Signal] = {}
    seen: set[int] = set()
    for signal in signals:
        if signal.phase == "start":
            assert signal.episode not in seen
            assert signal.signal not in {other.signal for other in open_ones.values()}
            seen.add(signal.episode)
            open_ones[signal.episode] = signal
            continue
        before = open_ones[signal.episode]
        assert signal.signal == before.signal
        if signal.phase == "update":
            assert (signal.level, signal.cause) != (before.level, before.cause)
            open_ones[signal.episode] = signal
        else:
            assert (signal.level, signal.cause) == (before.level, before.cause)
            del open_ones[signal.episode]
    assert not open_ones
    assert sorted(seen) == list(range(1, len(seen) + 1))


@given(st.lists(observations(wild_times) | wild_times | observations(st.floats(0, 200)), max_size=80), wild_times)
@settings(max_examples=100, deadline=None)
def test_no_input_raises_and_every_start_has_one_end(shots: list[Observation | float], end: float) -> None:
    policy = Policy(RulesConfig())
    signals = play(shots, policy).signals
    assert_sound([*signals, *policy.close(end)])


@given(st.lists(st.tuples(observations(st.floats(0, 200)), st.none() | wild_numbers), max_size=80))
@settings(max_examples=100, deadline=None)
def test_no_speed_raises_and_every_start_has_one_end(shots: list[tuple[Observation, float | None]]) -> None:
    policy = Policy(RulesConfig(speed_gate=SpeedGateConfig(enabled=True)))
    signals = [signal for shot, speed in shots for signal in policy.step(shot, speed).signals]
    assert_sound([*signals, *policy.close(200.0)])


steps = st.sampled_from([0.0, 1 / 64, 1 / 15, 0.1, 0.2, 0.5, 2.0, 9.0, -0.1, -5.0])


@given(st.lists(st.tuples(steps, st.integers(1, 60), observations(st.just(0.0)), st.booleans()), max_size=40))
@settings(max_examples=100, deadline=None)
def test_any_drive_keeps_shares_between_0_and_1_and_every_start_has_one_end(
    drive: list[tuple[float, int, Observation, bool]],
) -> None:
    policy, now, signals = Policy(RulesConfig()), 10.0, []
    for step, times, observation, camera in drive:
        for _ in range(times):
            now += step
            decision = policy.step(replace(observation, time=now)) if camera else policy.camera_fault(now)
            signals += decision.signals
            shares = (decision.perclos_short, decision.perclos_long, decision.sad_share)
            assert all(share is None or 0 <= share <= 1 for share in shares)
            assert 0 <= decision.valid_short <= 1
            assert decision.closed_for_s >= 0
    assert_sound([*signals, *policy.close(now)])


MERRY = Emotion(0.9, 0.1, 0.0, 0.0)
AHEAD, DOWN, ASIDE = State(pitch=0.0), State(0.9, pitch=-15.0), State(pitch=0.0, yaw=50.0)
LAUGHING, LAUGHING_SHUT = State(0.8, emotion=MERRY), State(0.97, emotion=MERRY)
YAWN, NARROW = State(0.8, mouth=0.4), State(0.7)
plain = [OPEN, SHUT, SUNGLASSES, AWAY, DARK, SAD_FACE]
states = st.sampled_from([*plain, AHEAD, DOWN, ASIDE, LAUGHING, LAUGHING_SHUT, YAWN, NARROW])
FRAME_S = 1 / 16  # a power of two, so that adding up times does not round


@given(st.lists(st.tuples(states, st.sampled_from([1, 2, 3, 4, 8, 20, 30, 60, 150, 400])), min_size=1, max_size=15))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_doubling_the_frame_rate_moves_no_decision_by_more_than_a_frame(drive: list[tuple[object, int]]) -> None:
    shots = [state.observe(0.0, 0.0) for state, frames in drive for _ in range(frames)]
    shots.append(shots[-1])
    slow = [replace(shot, time=index * FRAME_S) for index, shot in enumerate(shots)]
    fast = [replace(shot, time=index * FRAME_S + half) for index, shot in enumerate(shots) for half in (0, FRAME_S / 2)]
    once, twice = play(slow), play(fast[:-1])
    for cause in ("fatigue", "sad", "degraded"):
        first = [(s.phase, s.cause, s.time) for s in once.signals if s.signal == cause]
        second = [(s.phase, s.cause, s.time) for s in twice.signals if s.signal == cause]
        assert [said[:2] for said in first] == [said[:2] for said in second]
        assert all(abs(a[2] - b[2]) <= FRAME_S for a, b in zip(first, second, strict=True))
    assert once.decisions[-1].perclos_short == twice.decisions[-1].perclos_short


def _said(signals: list[Signal], name: str, phase: str) -> list[Signal]:
    return [signal for signal in signals if (signal.signal, signal.phase) == (name, phase)]


def _came_to(signals: list[Signal], name: str) -> list[str]:
    """The highest cause of each episode of a signal."""
    return list({signal.episode: signal.cause for signal in signals if signal.signal == name}.values())


@given(st.lists(st.tuples(states, st.sampled_from([4, 20, 30, 60, 150])), min_size=2, max_size=8), st.data())
@settings(max_examples=60, deadline=None, derandomize=True)
def test_splitting_a_gap_moves_no_decision_beyond_the_next_frame(
    drive: list[tuple[object, int]], data: st.DataObject
) -> None:
    shots = [state.observe(0.0, 0.0) for state, frames in drive for _ in range(frames)]
    film = [replace(shot, time=index * FRAME_S) for index, shot in enumerate(shots)]
    cut = data.draw(st.integers(0, len(film) - 2))
    gap_s = data.draw(st.sampled_from([0.5, 1.0, 3.0, 7.0]))
    late = [replace(shot, time=shot.time + gap_s) for shot in film[cut + 1 :]]
    whole = play([*film[: cut + 1], *late])
    split = play([*film[: cut + 1], film[cut].time + 0.25, film[cut].time + 0.25 + gap_s / 4, *late])
    # Within the gap a cause may rise in between, and a sliding share (sad) may pass its threshold unseen and come back.
    for name in ("fatigue", "degraded"):
        for phase in ("start", "end"):
            first, second = (_said(played.signals, name, phase) for played in (whole, split))
            assert len(first) == len(second)
            assert all(abs(a.time - b.time) <= gap_s + FRAME_S for a, b in zip(first, second, strict=True))
        assert _came_to(whole.signals, name) == _came_to(split.signals, name)


def test_memory_stays_as_it_is_over_a_simulated_day() -> None:
    policy, kept = Policy(RulesConfig()), []
    for index in range(24 * 3600 * 2):
        state = SHUT if index % 7 < 3 else AWAY if index % 611 < 30 else SAD_FACE if index % 13 else OPEN
        policy.step(state.observe(index / 2, 0.0))
        if index % 3600 == 3599:
            kept.append(len(pickle.dumps(policy)))
    assert len(kept) == 48
    assert max(kept[1:]) < 1.2 * min(kept[1:])


def test_frames_faster_than_a_thousand_a_second_are_left_out() -> None:
    policy = Policy(RulesConfig())
    for index in range(20_000):
        policy.step((SHUT if index % 2 else OPEN).observe(index / 1e6, 0.0))
    kept = sum(len(share) for share in (policy._perclos.short, policy._perclos.long, policy._sad.window))
    assert kept < 100


def test_a_step_costs_at_most_a_tenth_of_a_millisecond() -> None:
    policy = Policy(RulesConfig())
    took = []
    for shot in Camera(30, jitter=0.3, lost=0.05).film([(30, OPEN), (4, SHUT), (30, SAD_FACE), (5, AWAY), (30, OPEN)]):
        begin = time.perf_counter()
        policy.step(shot)
        took.append(time.perf_counter() - begin)
    assert median(took) < 1e-4


def test_time_only_rises_within_a_decision() -> None:
    played = play(Camera(15, jitter=0.5, lost=0.1).film([(10, OPEN), (4, SHUT), (20, AWAY)]))
    assert all(a.time < b.time for a, b in pairwise(played.decisions))
