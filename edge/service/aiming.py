"""Whether the camera sees the driver well, and what to move where it does not. Pure: numbers in, sentences out.

Sides are the driver's own, as he sits: the installer may stand anywhere. The picture shows him as another person sees
him, so his right is at its left.
"""

from __future__ import annotations

import math
import statistics
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from edge.service.aim_view import View

Grade = Literal["good", "fair", "bad", "unknown"]
Arrow = Literal["", "left", "right", "up", "down"]

SPAN_S = 2.0
"""Judged is the middle of so much time: a blink or a glance aside is none of the camera's faults."""
EYE_DISTANCE_CM = 6.3
"""Of a mean adult; one person differs by a tenth, so lengths are told in steps of 5 cm."""

GOOD_PX, LEAST_PX = 50.0, 30.0
"""Between the eyes. The model `eyes` sees 32x32 pixels of a patch 0.6 times as wide: from 53 on nothing is made up, at
30 a patch has 18, and under 17 it is not read at all (`edge.vision.eyes.SMALLEST_PATCH`)."""
GOOD_HEIGHT, MOST_HEIGHT = 0.7, 0.85
"""Of the frame: the networks learned from faces of up to 0.7 of it (docs/vision.md); beyond, a nod leaves the frame."""
FREE, ABOVE, CENTRED = 0.5, 0.25, 0.08
"""Half a face is to be free on each side, as who sits leans by that (`edge.vision.pipeline.LEANING`), a quarter above
and below (own choice); a face so near the middle needs no moving: where it has no room it is too large."""
GOOD_YAW, MOST_YAW = 15.0, 25.0
"""Degrees to the side: from about 25 the far eye is seen from its side, and is not read (`landmarks.AVERTED`)."""
GOOD_PITCH, MOST_PITCH = 20.0, 30.0
"""Degrees up or down; the head of a mean person makes an offset of some degrees (`edge.vision.pose`). Own choice: from
far above lids cover open eyes, from far below cheeks do."""
GOOD_ROLL, MOST_ROLL = 15.0, 30.0
"""Degrees: turned by 30 the detector finds 94.9 instead of 98.3 % (docs/vision.md)."""
DIM, DARK = 45.0, 25.0
"""Mean grey of the face. Own choice, a margin: a face at an eighth of its light is still found (docs/vision.md), but a
real sensor's noise comes with darkness, and with sigma 15 its points stand 0.9 % of the eye distance worse."""
BRIGHT, WHITE = 200.0, 225.0
UNEVEN, ONE_SIDED = 2.5, 4.0
"""One half of the face over the other: at 4, in saturation, 71 instead of 98 % are found (docs/vision.md)."""
FACE_GLARE, FACE_BLIND = 0.02, 0.10
"""Share of the face that is white (own choice) ..."""
EYE_GLARE, EYE_BLIND = 0.03, 0.10
"""... and of an eye's patch: lamps mirrored before the pupil make 12 % of open eyes look closed (docs/vision.md)."""
GOOD_SEEN, LEAST_SEEN = 0.9, 0.5
"""Share of frames; under `rules.visibility.valid_share` (0.5) nothing is decided."""
GOOD_RATE, LEAST_RATE = 14.0, 10.0
"""Frames a second: blinks need 15, PERCLOS 10 (s)."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing judged: what it is now, what it should be, and where it is not good, what to do.

    `arrow` is where the camera should go, as the picture shows that side.
    """

    name: str
    grade: Grade
    now: str = ""
    wanted: str = ""
    advice: str = ""
    arrow: Arrow = ""


class Aiming:
    """Takes what each frame showed and judges the last `SPAN_S` of it."""

    def __init__(self) -> None:
        self._views: deque[View] = deque()

    def take(self, view: View) -> list[Check]:
        """All checks, in one order."""
        self._views.append(view)
        while view.time - self._views[0].time > SPAN_S:
            self._views.popleft()
        return list(_checks(list(self._views)))


def worst(checks: Sequence[Check]) -> Check | None:
    """What to mend first; None where all is well."""
    for grade in ("bad", "fair"):
        for check in checks:
            if check.grade == grade:
                return check
    return None


def _checks(views: Sequence[View]) -> Iterator[Check]:
    seen = [view for view in views if view.face]
    yield _light(views, seen)
    yield _face(views, seen)
    if len(seen) >= LEAST_SEEN * len(views):
        yield from (check(seen) for check in (_size, _place, _yaw, _pitch, _roll, _sides, _glare, _eyes))
    else:
        yield from (Check(name, "unknown") for name in _OF_A_FACE)
    yield _rate(views)


_OF_A_FACE = ("Size", "Place", "Side", "Height", "Tilt", "Evenness", "Glare", "Eyes")


def _light(views: Sequence[View], seen: Sequence[View]) -> Check:
    name, wanted = "Light", f"the face between {DIM:.0f} and {BRIGHT:.0f} of 255"
    if _is_dark(views):
        now = f"the picture {_middle(views, lambda view: view.brightness):.0f}"
        return Check(name, "bad", now, wanted, "Take the cover off the lens, or switch the lamp on: it is too dark.")
    if not seen:
        return Check(name, "unknown", f"the picture {_middle(views, lambda view: view.brightness):.0f}", wanted)
    grey = _middle(seen, lambda view: view.face_brightness)
    now = f"the face {grey:.0f}"
    if grey < DIM:
        return Check(
            name, "bad" if grey < DARK else "fair", now, wanted, "Give the face more light, or longer exposure."
        )
    if grey > BRIGHT:
        advice = "Give the face less light: shade it, dim the lamp, or shorten the exposure."
        return Check(name, "bad" if grey > WHITE else "fair", now, wanted, advice)
    return Check(name, "good", now, wanted)


def _face(views: Sequence[View], seen: Sequence[View]) -> Check:
    if _is_dark(views):
        return Check("Face", "unknown")
    share = len(seen) / len(views)
    grade = _fall(share, GOOD_SEEN, LEAST_SEEN)
    advice = "No face is found: turn the camera to the driver's face, or bring it nearer if the face is small."
    if share >= LEAST_SEEN:
        advice = "Keep hands and wheel out of the way of the camera: the face comes and goes."
    return Check(
        "Face", grade, f"found in {100 * share:.0f} % of the frames", "in 90 % or more", _unless(grade, advice)
    )


def _size(seen: Sequence[View]) -> Check:
    name = "Size"
    wanted = f"{GOOD_PX:.0f} pixels or more between the eyes, face up to {100 * GOOD_HEIGHT:.0f} % of the height"
    eyes, height = _middle(seen, lambda view: view.eye_distance), _middle(seen, lambda view: view.height)
    now = f"{eyes:.0f} pixels, {100 * height:.0f} %"
    if height > GOOD_HEIGHT:
        back = _distance(seen) * (height / (0.9 * GOOD_HEIGHT) - 1)
        grade: Grade = "bad" if height > MOST_HEIGHT else "fair"
        return Check(name, grade, now, wanted, f"Move the camera {_cm(back)} away from the driver.")
    if eyes < GOOD_PX:
        nearer = _distance(seen) * (1 - eyes / (1.1 * GOOD_PX))
        grade = "bad" if eyes < LEAST_PX else "fair"
        return Check(
            name, grade, now, wanted, f"Move the camera {_cm(nearer)} towards the driver, or take a longer lens."
        )
    return Check(name, "good", now, wanted)


def _place(seen: Sequence[View]) -> Check:
    wanted = "half a face free on each side, a quarter above and below"
    x, y = _middle(seen, lambda view: view.x), _middle(seen, lambda view: view.y)
    width, height = _middle(seen, lambda view: view.width), _middle(seen, lambda view: view.height)
    scale = EYE_DISTANCE_CM / max(1.0, _middle(seen, lambda view: view.eye_distance))
    frame = seen[-1].frame
    sideways, upright = _room(x, width, FREE), _room(y, height, ABOVE)
    grade = max((sideways, upright), key=("good", "fair", "bad").index)
    now = f"{100 * x:.0f} % from the left, {100 * y:.0f} % from the top"
    if grade == "good":
        return Check("Place", grade, now, wanted)
    if ("good", "fair", "bad").index(sideways) >= ("good", "fair", "bad").index(upright):
        side = "right" if x < 0.5 else "left"
        length = _cm(abs(x - 0.5) * frame[0] * scale)
        advice = f"Turn the camera to the driver's {side}, or move it {length} there."
        return Check("Place", grade, now, wanted, advice, "left" if side == "right" else "right")
    way: Arrow = "up" if y < 0.5 else "down"
    length = _cm(abs(y - 0.5) * frame[1] * scale)
    advice = f"Tilt the camera {way}, or mount it {length} {'higher' if way == 'up' else 'lower'}."
    return Check("Place", grade, now, wanted, advice, way)


def _room(middle: float, size: float, wanted: float) -> Grade:
    """Of the free space on the nearer side of a face, all as shares of the frame."""
    free = min(middle, 1 - middle) - size / 2
    if abs(middle - 0.5) <= CENTRED or free >= wanted * size:
        return "good"
    return "fair" if free > 0 else "bad"


def _yaw(seen: Sequence[View]) -> Check:
    yaw = _middle(seen, lambda view: view.yaw)
    grade = _rise(abs(yaw), GOOD_YAW, MOST_YAW)
    side = "left" if yaw > 0 else "right"
    now = "from the front" if abs(yaw) < 1 else f"{abs(yaw):.0f}° from the driver's {'right' if yaw > 0 else 'left'}"
    advice = f"Move the camera {_shift(seen, yaw)} to the driver's {side}, and turn it back to his face."
    wanted = f"within {GOOD_YAW:.0f}° when he looks at the road"
    return _with_arrow(Check("Side", grade, now, wanted, advice, "right" if yaw > 0 else "left"))


def _pitch(seen: Sequence[View]) -> Check:
    pitch = _middle(seen, lambda view: view.pitch)
    grade = _rise(abs(pitch), GOOD_PITCH, MOST_PITCH)
    now = "level" if abs(pitch) < 1 else f"{abs(pitch):.0f}° from {'below' if pitch > 0 else 'above'}"
    way = "higher" if pitch > 0 else "lower"
    advice = f"Mount the camera {_shift(seen, pitch)} {way}, and tilt it back to his face."
    wanted = f"within {GOOD_PITCH:.0f}° when he looks at the road"
    return _with_arrow(Check("Height", grade, now, wanted, advice, "up" if pitch > 0 else "down"))


def _roll(seen: Sequence[View]) -> Check:
    roll = _middle(seen, lambda view: view.roll)
    grade = _rise(abs(roll), GOOD_ROLL, MOST_ROLL)
    way = "clockwise" if roll > 0 else "counterclockwise"
    advice = f"Turn the camera {abs(roll):.0f}° {way}, as seen from behind it."
    now = "upright" if abs(roll) < 1 else f"{abs(roll):.0f}° {way}"
    return Check("Tilt", grade, now, f"within {GOOD_ROLL:.0f}°", _unless(grade, advice))


def _sides(seen: Sequence[View]) -> Check:
    ratio = _middle(seen, lambda view: view.right_over_left)
    most = max(ratio, 1 / ratio)
    grade = _rise(most, UNEVEN, ONE_SIDED)
    side = "right" if ratio > 1 else "left"
    advice = f"Shade the driver's {side}, or light the other side: the light comes from one side."
    now = f"his {side} is {most:.1f} times as bright" if most > 1.2 else "even"
    return Check("Evenness", grade, now, f"one side at most {UNEVEN:g} times the other", _unless(grade, advice))


def _glare(seen: Sequence[View]) -> Check:
    face, eyes = _middle(seen, lambda view: view.face_white), _middle(seen, lambda view: view.eyes_white)
    grade = max(
        (_rise(face, FACE_GLARE, FACE_BLIND), _rise(eyes, EYE_GLARE, EYE_BLIND)), key=("good", "fair", "bad").index
    )
    advice = "Move the lamp away from the camera, or the camera to the side: light is mirrored before the eyes."
    if _rise(face, FACE_GLARE, FACE_BLIND) == grade:
        advice = "Shade the face, dim the lamp, or shorten the exposure: parts of the face are white."
    now = f"{100 * face:.0f} % of the face, {100 * eyes:.0f} % of the eyes"
    wanted = f"white in under {100 * FACE_GLARE:.0f} and {100 * EYE_GLARE:.0f} %"
    return Check("Glare", grade, now, wanted, _unless(grade, advice))


def _eyes(seen: Sequence[View]) -> Check:
    right = statistics.fmean(view.right_closed is not None for view in seen)
    left = statistics.fmean(view.left_closed is not None for view in seen)
    grade = _fall(min(right, left), GOOD_SEEN, LEAST_SEEN)
    if max(right, left) >= GOOD_SEEN and grade == "bad":
        grade = "fair"  # one eye is enough to decide, two are better
    now = f"right read in {100 * right:.0f} %, left in {100 * left:.0f} %"
    hidden = "eyes" if max(right, left) < GOOD_SEEN else "right eye" if right < left else "left eye"
    advice = f"Free the {hidden}: look for glare on glasses, a frame, hair, or a camera too far to the side."
    return Check("Eyes", grade, now, "both in 90 % of the frames or more", _unless(grade, advice))


def _rate(views: Sequence[View]) -> Check:
    span = views[-1].time - views[0].time
    if span < SPAN_S / 2:
        return Check("Frames", "unknown")
    rate = (len(views) - 1) / span
    grade = _fall(rate, GOOD_RATE, LEAST_RATE)
    advice = "Give more light or shorten camera.exposure_us, and see camera.frames_per_second: too few frames come."
    return Check("Frames", grade, f"{rate:.0f} a second", "15 a second", _unless(grade, advice))


def _is_dark(views: Sequence[View]) -> bool:
    return statistics.fmean(view.dark for view in views) > 1 - LEAST_SEEN


def _middle(views: Sequence[View], of: Callable[[View], float]) -> float:
    return statistics.median(of(view) for view in views)


def _rise(value: float, good: float, most: float) -> Grade:
    """The more, the worse."""
    return "good" if value <= good else "fair" if value <= most else "bad"


def _fall(value: float, good: float, least: float) -> Grade:
    """The less, the worse."""
    return "good" if value >= good else "fair" if value >= least else "bad"


def _unless(grade: Grade, advice: str) -> str:
    return "" if grade in ("good", "unknown") else advice


def _with_arrow(check: Check) -> Check:
    """Good needs neither advice nor arrow."""
    return replace(check, advice="", arrow="") if check.grade == "good" else check


def _distance(seen: Sequence[View]) -> float:
    """Centimetres from camera to face, by the distance of the eyes; the lens is taken for one of 53 degrees, as the
    pose takes it.
    """
    return statistics.median(
        EYE_DISTANCE_CM * math.cos(math.radians(view.yaw)) * max(view.frame) / max(1.0, view.eye_distance)
        for view in seen
    )


def _shift(seen: Sequence[View], degrees: float) -> str:
    return _cm(_distance(seen) * math.tan(math.radians(min(abs(degrees), 60.0))))


def _cm(length: float) -> str:
    steps = max(1, round(length / 5))
    return f"about {5 * steps} cm" if steps <= 20 else "by more than a metre"
