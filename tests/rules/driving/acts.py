"""What a driver can be doing, and what can come between him and the camera."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Lids:
    """One eye: open or shut as this person's are, or narrowed to a logit of "closed"; `seen` is a share of time."""

    shut: bool = False
    logit: float | None = None
    sd: float = 1.0
    seen: float = 1.0


@dataclass(frozen=True)
class Mood:
    """Logits of the four emotions, and the standard deviation of each.

    Half of its variance wanders within two seconds, the other half, or all of it, `flickers` within a fifth of one.
    It stays within two standard deviations: recordings show no more.
    """

    happy: float = 0.4
    neutral: float = 3.2
    sad: float = -0.6
    surprise: float = -2.8
    sd: float = 1.0
    happy_sd: float = 1.0
    flickers: bool = False
    known: bool = True


@dataclass(frozen=True)
class Blinks:
    """Blinks a minute, their median length in seconds and its spread (log-normal), within the shortest and longest."""

    a_minute: float = 17.0
    median_s: float = 0.18
    spread: float = 0.25
    shortest_s: float = 0.1
    longest_s: float = 0.3


NATURAL = Blinks()
HEAVY = Blinks(a_minute=24, median_s=0.55, spread=0.3, shortest_s=0.35, longest_s=1.0)
NONE = Blinks(a_minute=0)

CALM = Mood()
CHATTY = Mood(happy=2.1, neutral=2.2, sad=-1.6, surprise=-2.7, sd=1.5, happy_sd=1.6)
MERRY = Mood(happy=4.9, neutral=-0.4, sad=-3.9, surprise=-1.3, sd=1.7, happy_sd=1.0)
"""As a laughing driver looked for 21 s, where happy fell under 0.5 for 0.4 s at most."""
UNDECIDED = Mood(happy=-3.0, neutral=1.6, sad=0.85, surprise=-3.0, sd=0.7, happy_sd=0.7, flickers=True)
"""Between neutral and sad: over the threshold of 0.35 in two fifths of the time."""
UNHAPPY = Mood(happy=-4.3, neutral=3.3, sad=4.2, surprise=-2.9, sd=0.5, happy_sd=0.5)
UNKNOWN = Mood(known=False)

OPEN = Lids()
SHUT = Lids(shut=True)
UNSEEN = Lids(seen=0.0)


@dataclass(frozen=True)
class Act:
    """A state that lasts for some seconds. Degrees are turns from the head's rest: yaw to the left, pitch up.

    `mouth` is its opening over the eye distance (None: under a mask), which wanders by `words` (standard deviation)
    within a second and swings by `syllables` four times a second. Of the frames every `every`-th comes. `silent`: the
    camera gives nothing, and nobody says so.
    """

    right: Lids = OPEN
    left: Lids = OPEN
    blinks: Blinks = NATURAL
    mood: Mood = CALM
    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    mouth: float | None = 0.06
    words: float = 0.0
    syllables: float = 0.0
    face: bool = True
    dark: bool = False
    camera: bool = True
    silent: bool = False
    every: int = 1

    def both(self, lids: Lids) -> Act:
        return replace(self, right=lids, left=lids)


AWAKE = Act()
ASLEEP = Act(SHUT, SHUT, NONE, pitch=4.0)
"""Shut lids seem to lift the head by some degrees: the points of the lids are among those that tell the pose."""
NODDED_OFF = replace(ASLEEP, pitch=-22.0, roll=8.0)
STARING = Act(blinks=NONE)
DROWSY = Act(Lids(logit=-2.0, sd=1.2), Lids(logit=-2.3, sd=1.2), HEAVY)
TALKING = Act(Lids(logit=-2.8, sd=1.5), Lids(logit=-4.0, sd=1.5), mood=CHATTY, mouth=0.11, words=0.04, syllables=0.01)
"""As in 20 s of a real driver: what moves the mouth is slow, syllables hardly show."""
LAUGHING = Act(
    Lids(logit=3.0, sd=1.8), Lids(logit=1.1, sd=1.4, seen=0.7), NONE, MERRY, pitch=8.0, mouth=0.14, words=0.045
)
"""As a real driver looked to the eyes model for 21 s: it called them closed in most frames."""
SMILING = Act(Lids(logit=1.6, sd=0.8), Lids(logit=-1.0, sd=1.2, seen=0.7), mood=replace(MERRY, sd=0.8), pitch=4.0)
YAWNING = Act(Lids(logit=-1.5, sd=1.0), Lids(logit=-1.5, sd=1.0), NONE, UNHAPPY, mouth=0.26)
YAWNING_NARROW = replace(YAWNING.both(Lids(logit=1.0, sd=1.0)), mouth=0.36)
YAWNING_SHUT = replace(YAWNING.both(SHUT), mouth=0.36, pitch=4.0)
INNER_MIRROR = Act(left=Lids(seen=0.3), yaw=-32.0, pitch=6.0)
OUTER_MIRROR = Act(right=Lids(logit=-2.0, sd=2.0, seen=0.5), left=Lids(logit=-2.0, sd=2.0, seen=0.4), yaw=48.0)
OVER_THE_SHOULDER = Act(UNSEEN, UNSEEN, NONE, UNKNOWN, yaw=80.0, face=False)
LOOKING_DOWN = Act(Lids(logit=2.6, sd=1.2), Lids(logit=2.0, sd=1.2), pitch=-14.0)
"""The lids follow the gaze down, and look closed to the model in most frames, seldom surely so."""
PHONE = replace(LOOKING_DOWN, right=Lids(logit=3.0, sd=1.3), left=Lids(logit=2.6, sd=1.3), pitch=-24.0)
NOBODY = Act(UNSEEN, UNSEEN, NONE, UNKNOWN, face=False)
SUNGLASSES = Act(UNSEEN, UNSEEN, NONE)
DARK = replace(NOBODY, dark=True)
UNPLUGGED = replace(NOBODY, camera=False)
SILENCE = replace(NOBODY, silent=True)
