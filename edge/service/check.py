"""Whether everything that a start needs is there: one finding a thing, each with its mend."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from edge.alerts.probe import looks
from edge.cameras.camera import CameraError
from edge.cameras.factory import open_camera, require_consent
from edge.clock.gps_time import EARLIEST
from edge.clock.system import is_synchronised
from edge.config import Config, FaceConfig, MqttConfig, load_config
from edge.delivery.outbox_store import look_at_outbox
from edge.delivery.probe import try_broker
from edge.errors import CheckFailed, ConfigError, UserError, as_sentence, disk_mend
from edge.gps.gpsd_probe import try_gpsd
from edge.service.clock import patience
from edge.service.installed import as_the_service, locked_away
from edge.service.session import state_directory
from edge.vision.card import read_card
from edge.vision.emotion import EmotionReader
from edge.vision.eyes import EyeReader
from edge.vision.face import face_detector
from edge.vision.landmarks import LandmarkReader

PROBE_BYTES = 65_536
"""What the outbox needs to begin with."""
FIRST_FRAME_S = 15.0
"""A camera needs a second or two to begin, and the process that captures as long again to load what it needs."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; `detail` says what was found, or what is wrong and how to mend it."""

    name: str
    ok: bool
    detail: str

    @property
    def is_needed(self) -> bool:
        """Whether the daemon watches nobody without it."""
        return not self.name.startswith(("broker", "gpsd", "clock", "alert"))

    def line(self) -> str:
        return f"{'ok  ' if self.ok else 'FAIL'} {self.name}: {self.detail}"


def check_all(config_file: Path | None) -> Iterator[Finding]:
    """Look at one thing after the other; without a configuration there is nothing more to look at."""
    try:
        asked = load_config(config_file)
        config = as_the_service(asked, config_file)
    except ConfigError as error:
        yield Finding("configuration", False, str(error))
        return
    locked = locked_away(asked, config_file)
    yield Finding("configuration", locked is None, locked or str(config_file or "every value at its default"))
    yield _look("consent", partial(_consent, config))
    vision = config.vision
    yield _look("face detector", partial(_detector, vision.face))
    yield _look("model landmarks", partial(_model, LandmarkReader, vision.landmarks_model))
    yield _look("model eyes", partial(_model, EyeReader, vision.eyes_model))
    yield _look("model emotion", partial(_model, EmotionReader, vision.emotion_model))
    yield _look("camera", partial(_camera, config))
    if config.mqtt is None:
        yield Finding("broker", True, "none is configured, events are printed")
    else:
        yield _look("broker", partial(_broker, config.mqtt))
    yield _look("state directory", partial(_state, config))
    if config.mqtt is not None:
        yield _look("outbox", partial(_outbox, config))
    outputs = list(looks(config.alerts))
    if not outputs:
        yield Finding("alerts", True, "no output is configured, the driver is warned by nothing in the vehicle")
    for name, look in outputs:
        yield _look(f"alert {name}", look)
    yield _look("gpsd", partial(_gpsd, config))
    yield _look("clock", partial(_clock, config))


def _look(name: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(name, True, look())
    except UserError as error:
        return Finding(name, False, str(error))
    except OSError as error:
        if (told := as_sentence(error)) is None:
            raise
        return Finding(name, False, told)


def _detector(config: FaceConfig) -> str:
    face_detector(config)
    return config.detector


def _model(reader: Callable[[Path], object], path: Path) -> str:
    reader(path)  # as the daemon does, so what it would refuse is refused here
    card = read_card(path)
    return f"{path.name} {card.version}, sha256 {card.sha256[:12]}"


def _camera(config: Config) -> str:
    with open_camera(config.camera, config.consent) as camera:
        try:
            frame = camera.read(FIRST_FRAME_S)
        except CameraError as error:
            raise CheckFailed(str(error)) from None
    height, width = frame.image.shape
    return f"{config.camera.kind} gives frames of {width}x{height} pixels"


def _broker(config: MqttConfig) -> str:
    try_broker(config)
    return f"{config.host}:{config.port} accepts this vehicle"


def _state(config: Config) -> str:
    folder = state_directory(config.state_directory)
    if folder is None:
        return "none is configured, nothing is kept"
    probe = folder / ".check"
    made = [one for one in (folder, *folder.parents) if not one.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(bytes(PROBE_BYTES))
    except OSError as error:
        mend = disk_mend(error, "let the daemon's user write there")
        without = "or events wait in memory alone"
        raise CheckFailed(f"{folder}: it cannot be written ({error.strerror}); {mend}, {without}.") from None
    finally:
        with contextlib.suppress(OSError):
            probe.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # it would be ours, and the service, another user, could not write there
            for one in made:
                one.rmdir()
    return f"{folder} can be written"


def _outbox(config: Config) -> str:
    folder = state_directory(config.state_directory)
    if folder is None:
        return "there is no state directory, events wait in memory"
    return look_at_outbox(folder, config.outbox)


def _consent(config: Config) -> str:
    require_consent(config.camera, config.consent)
    if config.consent is None:
        return "none is needed for a recording"
    return f"{config.consent.who} agreed to {config.consent.text}, {config.consent.when}"


def _gpsd(config: Config) -> str:
    return "none is configured, events have no position" if config.gps.kind == "none" else try_gpsd(config.gps)


def _clock(config: Config) -> str:
    if time.time() < EARLIEST:
        raise CheckFailed("the system's clock was never set; let it synchronise by network time or GPS.")
    now = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime())
    if is_synchronised():
        return f"{now}, kept by network time"
    if config.clock.trust_system:
        return f"{now}, trusted as configured"
    gps = ", unless GPS tells it" if config.gps.kind != "none" else ""
    wait = f"wait up to {wait_s:g} s for it, then " if (wait_s := patience(config)) else ""
    return f"{now}, kept by nothing that is known{gps}: events {wait}go as unsynchronised"
