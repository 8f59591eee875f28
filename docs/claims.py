"""Where the pages say what in numbers: a page, words in it, and what the numbers among them are.

Words are found whatever the spaces and line ends; each # is a number, … some text. A value that is no word has to be
the shown number once it is rounded to as many digits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import make_models
from constants import CONSTANTS
from truths import (
    NUMBER,
    ROOT,
    Claim,
    agrees,
    card,
    default,
    emotion,
    eyes_of_landmarks,
    faults,
    int8,
    kilobytes,
    labels,
    landmarks,
    recording,
    results,
    sad,
    said,
    speed,
    told,
)

from edge.config import Config
from edge.delivery.topics import Topics

RUNS = ("emotion", "emotion-level")
LEFT_OUT = "leave_one_set_out_auc"
CLOSURES = ("microsleep_s", "sleep_s", "unresponsive_s")

CLAIMS = [
    *(Claim(page, words, lambda values=values: values) for page, rows in CONSTANTS.items() for words, values in rows),
    *(
        Claim("README.md", f"`{task}`, # kB", lambda task=task: [kilobytes(task)])
        for task in ("emotion", "eyes", "landmarks", "face")
    ),
    Claim("README.md", "# % against the FER+ majority, # % against FER2013's labels", lambda: emotion()[:2]),
    Claim("README.md", "called unknown | # %, # %", lambda: emotion()[2:]),
    Claim("README.md", "AUC # near infrared, # CEW, # web",
          lambda: [card("eyes", LEFT_OUT, name) for name in ("nir", "cew", "web")]),
    Claim("README.md", "closed for # s (`microsleep`, warning), # s (`sleep`, critical), # s (`unresponsive`",
          lambda: [default(f"rules.closures.{name}") for name in CLOSURES]),
    Claim("README.md", "over # and # s, advisory from #",
          lambda: [default(f"rules.perclos.{name}") for name in ("short_s", "long_s", "advisory")]),
    Claim("README.md", "(P > #) for at least # % of # seconds",
          lambda: [default("rules.sad.probability"), 100 * default("rules.sad.share"), default("rules.sad.window_s")]),
    Claim("README.md", "on the same ones | # a second on one core, driver found in 100 %; `fer` #, found", speed),
    Claim("README.md", "an hour with # faults mixed in ([docs/soak.json](docs/soak.json)) | memory +# MB", faults),
    Claim("README.md", "seen from the side | face found in # %; # of # told, # s after the threshold",
          lambda: [*told("car_yawn_eyes_closed"), max(recording("car_yawn_eyes_closed")["delay_s"])]),
    Claim("README.md", "closures of 0.4 to 6.5 s | # %; # of #", lambda: told("closure_ladder")),
    Claim("README.md", "50 s of a sad face | # %; # of # each", lambda: told("perclos_rise")),
    Claim("README.md", "50 s of a sad face | # %; # of # each", lambda: told("sad_sustained")),
    Claim("README.md", "eye centres within # to # % of the eye distance", lambda: eyes_of_landmarks()),
    *(
        Claim("docs/vision.md", f"| `{name}` | # % | # % | # % | # % |", lambda name=name: landmarks(name))
        for name in ("cabin", "youtube_faces", "fairface_train")
    ),
    Claim("docs/vision.md", "`landmarks`, which starts from them, reaches # to # %", lambda: eyes_of_landmarks()),
    Claim("docs/vision.md", "Presence: # % of the held-out faces are denied; # % of 3,000 crops",
          lambda: [100 * results("landmarks")["followed_missed"], 100 * results("landmarks")["false"]]),
    Claim("docs/thresholds.md", "With the models that ship it is # and # (`driver-monitor evaluate",
          lambda: [recording(name)["perclos_error"] for name in ("closure_ladder", "perclos_rise")]),
    Claim("docs/emotion.md", "int8, # kB", lambda: [kilobytes("emotion")]),
    Claim("docs/emotion.md", "| accuracy, FER+ majority (# images) | # % | # %",
          lambda: [results("emotion")["labels"]["ferplus"]["images"], emotion()[0], emotion("emotion-level")[0]]),
    Claim("docs/emotion.md", "| accuracy, FER2013's labels (# images) | # % | # %",
          lambda: [results("emotion")["labels"]["fer2013"]["images"], emotion()[1], emotion("emotion-level")[1]]),
    Claim("docs/emotion.md", "| patches without a face called unknown | # %", lambda: emotion()[2:3]),
    Claim("docs/emotion.md", "| sad called sad, arg-max | # | # |", lambda: [sad(name)["recall"] for name in RUNS]),
    Claim("docs/emotion.md", "| sad called sad, P(sad) > # | # | # |",
          lambda: [sad("emotion")["threshold"], *(sad(name)["recall_above"] for name in RUNS)]),
    Claim("docs/emotion.md", "| calibration error, FER+ | # |", lambda: [labels("ferplus")["calibration_error"]]),
    Claim("train/README.md", "against the FER+ majority | # | # % |",
          lambda: [labels("ferplus")["images"], emotion()[0]]),
    Claim("train/README.md", "the same images, against FER2013's labels | # | # % |",
          lambda: [labels("fer2013")["images"], emotion()[1]]),
    Claim("train/README.md", "temperature: # against FER+, # against FER2013's labels",
          lambda: [labels(name)["calibration_error"] for name in ("ferplus", "fer2013")]),
    Claim("train/README.md", "| against the FER+ majority | #, # | #, # | #, # | #, # |",
          lambda: [one[name] for one in labels("ferplus")["classes"].values() for name in ("recall", "precision")]),
    Claim("train/README.md", "left out of training, float, 10 epochs | # | # | # |",
          lambda: [card("eyes", LEFT_OUT, name) for name in ("nir", "cew", "web")]),
    Claim("train/README.md", "kept out of each set, float, levelled | # | # | # |",
          lambda: [card("eyes", "float", "validation-levelled", "auc", name) for name in ("nir", "cew", "web")]),
    Claim("docs/vision.md", "points move by # % of the eye distance on average, # %…both agree on presence in # %",
          lambda: int8("landmarks", "mean", "far", "agreement")),
    Claim("docs/vision.md", "the surest face move by # % of the eye distance", lambda: int8("face", "mean")),
    Claim("docs/vision.md", "both agree on there being a face in # % of # frames",
          lambda: [*int8("face", "agreement"), card("face", "float_against_int8", "pictures")]),
    *(
        Claim("README.md", words, lambda page=page, there=there: said(page, there))
        for words, page, there in (
            ("| # faults (broker, network, power, disk, gpsd, clock), # confirmed events",
             "docs/operations-mqtt.md", "on a quieter one: # faults, # confirmed events"),
            ("first event # s after a kill, connected # s after",
             "docs/operations-mqtt.md", "first event # s after a kill and a vehicle back # s after"),
            ("put p99 # ms, # events a second",
             "docs/operations-mqtt.md", "a put # ms (p99), the drain # events a second"),
            ("| # power cuts on a real kernel, # confirmed",
             "docs/installation.md", "Measured: # cuts, 6 of them in the start, # confirmed events"),
            ("| # camera faults | all told, the driver seen again within # s",
             "docs/operations.md", "# of 140 faults told, … in the median by kind, at most # s"),
            ("640x480 | # % of one core", "docs/operations.md", "together, of one core | # %"),
            ("of one core, # MB, # s to ready",
             "docs/operations.md", "counted once: 129 MB) | # MB |…| start to `READY=1`, median of 5 | # s"),
            ("persons held out | # to 100 % found", "docs/vision.md", "fairface_train, 344 held out | # %"),
            ("made glare called closed | at most # %", "docs/vision.md", "| glare | 0.0 % | # % |"),
            ("make up to # % of open infrared eyes look closed",
             "docs/vision.md", "lamps mirrored before the pupil |…| 9.3, # % |"),
        )
    ),
    Claim("docs/vision.md", "| weights | # k | # k |",
          lambda: [make_models.weights(task) / 1000 for task in ("face", "landmarks")]),
    Claim("docs/vision.md", "| file | # kB | # kB |", lambda: [kilobytes("face"), kilobytes("landmarks")]),
    Claim("train/README.md", "| `emotion.tflite`, int8, # kB", lambda: [kilobytes("emotion")]),
    Claim("train/README.md", "| `eyes.tflite`, int8, # kB", lambda: [kilobytes("eyes")]),
]  # fmt: skip


def thresholds() -> Iterator[str]:
    """Each row of docs/thresholds.md against the defaults: keys and numbers come in one order."""
    tables, _, _ = (ROOT / "docs" / "thresholds.md").read_text(encoding="utf-8").partition("## What P80")
    for row in re.findall(r"^\| (`[^|]+) \| ([^|]+) \|", tables, re.MULTILINE):
        names, shown = re.findall(r"`([\w.]+)`", row[0]), re.findall(NUMBER, row[1])
        section = names[0].rpartition(".")[0]
        keys = [name if "." in name or not section else f"{section}.{name}" for name in names]
        true = [default(one if one.partition(".")[0] in Config.model_fields else f"rules.{one}") for one in keys]
        if len(shown) != len(true) or not all(map(agrees, shown, true)):
            yield f"docs/thresholds.md: {', '.join(keys)}: {row[1]} stands there, the defaults are {true}."


def topics() -> Iterator[str]:
    """The table of topics in docs/events.md against what the publisher uses."""
    page = (ROOT / "docs" / "events.md").read_text(encoding="utf-8")
    made = Topics("<vehicle>")
    names = (made.event("fatigue").replace("fatigue", "<signal>"), made.availability, made.status)
    for name in (*names, made.requests.replace("+", "<name>")):
        if f"| `{name}`" not in page:
            yield f"docs/events.md: the topic {name} is missing."


def all_reported() -> Iterator[str]:
    """The README says that no recording has a false alarm, and that the face is found in all of each."""
    for one in results("recordings")["recordings"]:
        if one["false"] or one["missed"] or one["face_visible"] < 0.9995:
            yield f"README.md: {one['name']} is not without misses and false alarms: {one}."
