"""A small driving simulator: what a driver does, as a vision with realistic noise would have seen it.

`drive.py` tells a story, `acts.py` has what a driver can be doing, `person.py` how this person's eyes look to the
models, `camera.py` films the story, `told.py` hears the rules out and holds what they said against what was expected.
"""

from driving.acts import Act, Lids, Mood
from driving.camera import Camera, Film, Shot
from driving.drive import Drive, alert_hour, under_way
from driving.person import CAR, GLASSES, NARROW, Person
from driving.told import Heard, between, ends, hear, rises, starts

__all__ = [
    "CAR",
    "GLASSES",
    "NARROW",
    "Act",
    "Camera",
    "Drive",
    "Film",
    "Heard",
    "Lids",
    "Mood",
    "Person",
    "Shot",
    "alert_hour",
    "between",
    "ends",
    "hear",
    "rises",
    "starts",
    "under_way",
]
