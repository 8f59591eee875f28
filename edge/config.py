"""The whole configuration, one tree; `config/default.yaml` shows every value with its reason.

Unknown keys are refused. An error says the file, the line, the key, its value, and what is allowed.
"""

from __future__ import annotations

import difflib
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator, model_validator

from edge.errors import ConfigError

SHIPPED_MODELS = Path(__file__).parent / "models"

Probability = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Section(BaseModel):
    # strict: YAML's `yes` is no number, and a number in quotes is a slip
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True)

    @field_validator("*", mode="before")
    @classmethod
    def _paths_from_the_file(cls, value: Any, info: ValidationInfo) -> Any:
        """A relative path is meant from the folder of the file that names it, not from where the command is run."""
        field = cls.model_fields[info.field_name] if info.field_name else None
        if field and isinstance(value, str) and Path in (field.annotation, *getattr(field.annotation, "__args__", ())):
            return (info.context or {}).get("folder", Path()) / value
        return value


class CameraConfig(Section):
    kind: Literal["picamera", "v4l2", "recording"] = "picamera"
    """Where frames come from: the Raspberry Pi's camera, a video device, or a recording (the fake camera)."""
    path: Path | None = None
    """The recording: a folder with video.mp4 or numbered images, or a video file."""
    device: str = "/dev/video0"
    """The video device, for v4l2."""
    width: Annotated[int, Field(ge=160, le=4096)] = 640
    """Pixels asked of picamera and v4l2."""
    height: Annotated[int, Field(ge=120, le=4096)] = 480
    """Pixels asked of picamera and v4l2."""
    frames_per_second: Annotated[float, Field(ge=5, le=60)] = 15.0
    """Blinks need 15 frames a second."""
    exposure_us: Annotated[int, Field(gt=0)] | None = None
    """Microseconds of exposure, for picamera; null leaves it to the camera."""
    gain: Annotated[float, Field(ge=1, le=64)] | None = None
    """Analogue gain, for picamera; null leaves it to the camera."""
    realtime: bool = True
    """A recording is played at its own speed; false: as fast as it can."""
    loop: bool = False
    """A recording begins anew at its end; false: the daemon ends with it."""
    stall_s: Seconds = 2.0
    """No frame for so long is a camera fault."""

    @model_validator(mode="after")
    def _recording_has_a_path(self) -> CameraConfig:
        if self.kind == "recording" and self.path is None:
            raise ValueError("kind: recording needs path: the folder or video file to play")
        return self


class SeatRegion(Section):
    """Where the driver's face is looked for, as shares of the frame; the default is all of it."""

    left: Probability = 0.0
    top: Probability = 0.0
    right: Probability = 1.0
    bottom: Probability = 1.0

    @model_validator(mode="after")
    def _holds_something(self) -> SeatRegion:
        if not (self.left < self.right and self.top < self.bottom):
            raise ValueError("left must be less than right, and top less than bottom")
        return self


class FaceConfig(Section):
    detector: Literal["native", "haar", "yunet"] = "native"
    """How the face is found where it is not yet followed."""
    search_height: Annotated[int, Field(ge=96, le=1080)] = 240
    """Haar and yunet search a frame at this height in pixels; less is faster and misses small faces."""
    smallest: Annotated[float, Field(gt=0, lt=1)] = 0.2
    """The smallest face that haar looks for, as a share of the frame's height."""
    seat: SeatRegion = SeatRegion()
    """Of several faces the largest in this region is the driver."""
    native_model: Path = SHIPPED_MODELS / "face.tflite"
    """The model file of the project's own detector."""
    yunet_model: Path | None = None
    """The ONNX file of OpenCV's YuNet, for detector yunet."""
    yunet_sha256: Annotated[str, Field(pattern="^[0-9a-fA-F]{64}$")] | None = None
    """Its hash: a model that decides what is seen is not to be exchanged unseen."""


class VisionConfig(Section):
    face: FaceConfig = FaceConfig()
    landmarks_model: Path = SHIPPED_MODELS / "landmarks.tflite"
    eyes_model: Path = SHIPPED_MODELS / "eyes.tflite"
    emotion_model: Path = SHIPPED_MODELS / "emotion.tflite"
    emotion_interval_s: Annotated[float, Field(ge=0, le=2)] = 0.1
    """Emotion changes slowly: it is read at most this often, which spares the processor."""
    threads: Annotated[int, Field(ge=1, le=8)] = 1
    """Threads of each model and of OpenCV; one is fastest for models this small."""
    dark_below: Annotated[float, Field(ge=0, le=255)] = 12.0
    """Mean grey value of a frame under which it is too dark to see anything."""


class ClosuresConfig(Section):
    closed_above: Probability = 0.6
    """Probability above which the eyes count as closed."""
    open_below: Probability = 0.4
    """Probability under which they count as open again; between the two they stay what they were."""
    microsleep_s: Seconds = 1.5
    """Guardian, in trucks, fires at 1.5 s (s)."""
    sleep_s: Seconds = 3.0
    """Sleep from 3 s: Euro NCAP driver engagement 2026 (s)."""
    unresponsive_s: Seconds = 6.0
    """Unresponsive from 6 s: Euro NCAP driver engagement 2026 (s)."""
    unseen_s: Seconds = 0.3
    """A closure goes on over so much time without visible eyes; beyond it the closure ends as unknown."""
    flicker_s: Annotated[float, Field(ge=0, le=0.5)] = 0.15
    """Eyes that seem open for less, amid a closure, are the model's noise: one frame at 10 a second, four at 30.
    A true opening takes 0.2 s or more (own choice, to be measured)."""
    open_to_end_s: Seconds = 1.0
    """The episode ends when the eyes have been open for so long."""

    @model_validator(mode="after")
    def _rising(self) -> ClosuresConfig:
        if not self.microsleep_s < self.sleep_s < self.unresponsive_s:
            raise ValueError("microsleep_s, sleep_s and unresponsive_s must rise")
        if not self.open_below <= self.closed_above:
            raise ValueError("open_below must not be above closed_above")
        return self


class PerclosConfig(Section):
    short_s: Seconds = 60.0
    """PERCLOS is defined over one minute (Wierwille 1994, s)."""
    long_s: Seconds = 180.0
    """One minute alone is the least reliable window: NHTSA's field trial used 3 minutes too (s)."""
    blink_s: Annotated[float, Field(ge=0, le=1)] = 0.25
    """A closure shorter than this is a blink and does not count."""
    covered_above: Probability = 0.95
    """Probability above which the lids surely cover the eye: what P80 asks for, as near as a model of closed against
    open comes to it (own choice: the error is at most 0.03 from 0.95 to 0.995)."""
    advisory: Probability = 0.12
    """PERCLOS over the short window from which it is told; NHTSA's field trial warned at 0.12 (s)."""
    warning_short: Probability = 0.15
    """Drowsy: over 0.15 (s) ..."""
    warning_long: Probability = 0.10
    """... with so much over the long window, once it has passed; NHTSA's field trial: 0.09 to 0.12 (s)."""
    advisory_sad: Probability = 0.08
    """The advisory's threshold where the driver is sad; NHTSA's field trial advised at 0.08 (s)."""
    sad_share: Probability = 0.5
    """Sad is more than this share of the short window."""
    end_share: Probability = 0.67
    """It ends below this share of the threshold that was passed: 0.08 after 0.12 (own choice)."""
    repeat_s: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 20.0
    """Not told again within so long after a fatigue alarm that ended, unless it is higher. Closures always are."""


class GuardsConfig(Section):
    """What narrows the eyes without sleep: a guard withholds a microsleep, never sleep."""

    laughing: bool = True
    """Lifted cheeks narrow the eyes: withholds, and asks for `perclos.covered_above` to call them closed."""
    happy: Probability = 0.5
    """Laughing is P(happy) above this: more likely than all else together."""
    one_eye: bool = True
    """One eye that is seen open: a wink withholds."""


class SadConfig(Section):
    probability: Probability = 0.35
    """The lowered threshold of the deployment that this follows: P(sad) > 0.35."""
    share: Probability = 0.6
    """Share of the window's valid time that must be sad."""
    window_s: Seconds = 30.0
    end_share: Probability = 0.3
    """It ends when the share was under this ..."""
    end_s: Seconds = 10.0
    """... for so long."""


class VisibilityConfig(Section):
    lost_s: Seconds = 8.0
    """Face or eyes not seen for so long is told; Euro NCAP 2026 asks for at most 10 s (s)."""
    back_s: Seconds = 2.0
    """Told to be over when they have been seen for so long."""
    valid_share: Probability = 0.5
    """No decision on less valid time than this share of a window."""


class RulesConfig(Section):
    closures: ClosuresConfig = ClosuresConfig()
    guards: GuardsConfig = GuardsConfig()
    perclos: PerclosConfig = PerclosConfig()
    sad: SadConfig = SadConfig()
    visibility: VisibilityConfig = VisibilityConfig()
    longest_step_s: Seconds = 0.2
    """A frame stands for the time until the next one, at most this long; beyond it is time not seen."""


class MqttConfig(Section):
    host: str
    """Name or address of the broker."""
    port: Annotated[int, Field(ge=1, le=65535)] = 1883
    username: str | None = None
    password_file: Path | None = None
    """A file that holds the password alone; the configuration never does."""
    tls: bool = False
    """Encrypt the connection (TLS 1.2 or later); without it only this machine is spoken to. Brokers use port 8883."""
    ca_file: Path | None = None
    """The authority that signed the broker's certificate, PEM; null: those that the system trusts."""
    certificate_file: Path | None = None
    """This vehicle's own certificate, PEM, for brokers that ask for one."""
    private_key_file: Path | None = None
    """Its private key, PEM without passphrase, mode 600."""
    allow_plaintext: bool = False
    """Speak to another machine without encryption, where the network itself is trusted."""
    keepalive_s: Annotated[int, Field(ge=5, le=3600)] = 60
    reconnect_min_s: Seconds = 1.0
    """The first wait before connecting again; it doubles each time ..."""
    reconnect_max_s: Seconds = 120.0
    """... up to this."""
    queue: Annotated[int, Field(ge=1, le=1_000_000)] = 10_000
    """Events kept while the broker cannot be reached; beyond it the oldest go, counted and said in the log."""
    status_interval_s: Seconds = 60.0
    evidence: bool = False
    """Publish the numbers behind a decision, too. They say more about the driver: decide it with him."""


class OutboxConfig(Section):
    key_file: Path | None = None
    """The key that waiting events are encrypted with; null: systemd's credential outbox.key, else outbox.key in the
    state directory, which the first start makes."""
    events: Annotated[int, Field(ge=1, le=1_000_000)] = 100_000
    """Events kept in the state directory at most; beyond it the oldest of the lowest level go, counted."""
    megabytes: Annotated[int, Field(ge=1, le=10_000)] = 64
    """The same bound in 1,000,000 bytes of encrypted events; 100,000 take about 40, and the file about twice that."""
    days: Annotated[float, Field(gt=0, le=3650)] = 30.0
    """Life of an event: undelivered for so long it goes, counted, and the broker lets it go then, too."""


VehicleName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")]


class Config(Section):
    """The whole configuration."""

    vehicle: VehicleName = "vehicle"
    """Name of the vehicle in events and topics: letters, digits, dot, underscore, hyphen."""
    camera: CameraConfig = CameraConfig()
    vision: VisionConfig = VisionConfig()
    rules: RulesConfig = RulesConfig()
    mqtt: MqttConfig | None = None
    """Where events go; without it they are printed on standard output."""
    outbox: OutboxConfig = OutboxConfig()
    """Where events wait for the broker, on the disk; needs the state directory."""
    state_directory: Path | None = None
    """Where the daemon keeps what must outlive it; null: systemd's STATE_DIRECTORY, or nothing is kept."""


class _Loader(yaml.SafeLoader):
    """A key that stands twice in a section is refused, as YAML 1.2 wants it; PyYAML would take the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[object] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(None, None, f"{key.value} stands twice", key.start_mark)
                seen.add(key.value)
        return super().construct_mapping(node, deep)


def load_config(path: Path | None) -> Config:
    """The configuration of a YAML file; with None every value is its default.

    Raises:
        ConfigError: the file is missing or unreadable, is not YAML, or a key or value is not allowed.
    """
    if path is None:
        return Config()
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(
            f"{path}: there is no such configuration; copy config/default.yaml there or name another with --config."
        ) from None
    except OSError as error:
        raise ConfigError(
            f"{path}: the configuration cannot be read ({error.strerror}); mend its permissions."
        ) from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: the configuration is not UTF-8 text; save it as UTF-8.") from None
    try:
        loader = _Loader(text)
        root = loader.get_single_node()
        values = {} if root is None else loader.construct_document(root)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigError(f"{path}, line {line}: this is not YAML ({error.problem}); mend that line.") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: a date such as 2026-99-99
        raise ConfigError(
            f"{path}: this is not YAML ({' '.join(str(error).split())}); mend it, and save it as plain text."
        ) from None
    if values is None:
        values = {}
    if not isinstance(values, dict):
        raise ConfigError(
            f"{path}, line 1: expected keys with values such as 'vehicle: bus-17'; see config/default.yaml."
        )
    try:
        return Config.model_validate(values, context={"folder": path.parent})
    except ValidationError as error:
        errors = error.errors()  # a misspelt key is told before the required one that it should have been
        first = next((one for one in errors if one["type"] == "extra_forbidden"), errors[0])
        raise ConfigError(f"{path}, {_tell(first, root)}") from None


def _tell(error: Any, root: yaml.Node | None) -> str:
    """'line N: key = value: what is wrong; what to do.'"""
    where: Sequence[str | int] = error["loc"]
    line = _line_of(root, where)
    key = ".".join(str(part) for part in where) or "the file"
    if error["type"] == "extra_forbidden":
        known = _keys_at(where[:-1])
        near = difflib.get_close_matches(str(where[-1]), known, 1)
        mend = f"did you mean {near[0]}?" if near else f"allowed here are {', '.join(known)}."
        return f"line {line}: {key} is not a key that exists; {mend}"
    if error["type"] == "missing":
        return f"line {line}: {key} is missing; add it."
    if error["type"] == "model_type":
        return (
            f"line {line}: {key} = {error['input']!r} is wrong: it holds keys with values of their own; "
            "give one, or take the line away."
        )
    reason = error["msg"].removeprefix("Value error, ")
    if isinstance(error["input"], dict | Section):
        return f"line {line}: {key}: {reason}."
    return (
        f"line {line}: {key} = {error['input']!r} is wrong: {reason[0].lower()}{reason[1:]}; see config/default.yaml."
    )


def _line_of(root: yaml.Node | None, where: Sequence[str | int]) -> int:
    """The line, from 1, of the deepest key of the path that stands in the file."""
    node, line = root, 1
    for part in where:
        if not isinstance(node, yaml.MappingNode):
            break
        for key, value in node.value:
            if key.value == str(part):
                line, node = key.start_mark.line + 1, value
                break
        else:
            break
    return line


def _keys_at(where: Sequence[str | int]) -> list[str]:
    section: type[BaseModel] = Config
    for part in where:
        annotation = section.model_fields[str(part)].annotation
        candidates = [annotation, *getattr(annotation, "__args__", ())]
        section = next(c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel))
    return list(section.model_fields)
