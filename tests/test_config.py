"""The configuration: what it takes, what it refuses and how it says so."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel

from edge.config import Config, ConsentConfig, MqttConfig, load_config
from edge.errors import ConfigError

ROOT = Path(__file__).resolve().parent.parent
DEFAULT = ROOT / "config" / "default.yaml"
MODEL_KEYS = {"vision.face.native_model", "vision.landmarks_model", "vision.eyes_model", "vision.emotion_model"}

BASELINE = "rules.baseline: default_above must not be above most_above, and most_above must be below 1."
Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(text: str) -> Path:
        path = tmp_path / "config.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def refusal(write: Write) -> Callable[[str], str]:
    """What is said of a file with this text, without the file's path."""

    def refusal(text: str) -> str:
        path = write(text)
        with pytest.raises(ConfigError) as caught:
            load_config(path)
        sentence = str(caught.value)
        assert sentence.startswith(str(path))
        assert "\n" not in sentence
        return sentence.removeprefix(str(path)).lstrip(", ")

    return refusal


def _keys(section: type[BaseModel], before: str = "") -> Iterator[str]:
    """Every key of the tree, with dots, sections left out."""
    for name, field in section.model_fields.items():
        candidates = (field.annotation, *getattr(field.annotation, "__args__", ()))
        inner = [c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)]
        if inner:
            yield from _keys(inner[0], f"{before}{name}.")
        else:
            yield f"{before}{name}"


def _written(values: object, before: str = "") -> Iterator[str]:
    if isinstance(values, dict) and values:
        for name, value in values.items():
            yield from _written(value, f"{before}.{name}" if before else name)
    else:
        yield before


def _commented(section: str) -> dict[str, object]:
    """The example of a section that is null in default.yaml, without the comment's hashes."""
    text = DEFAULT.read_text()
    lines = text[text.index(f"#   {section}:") : text.index(f"\n{section}: null")].splitlines()
    return yaml.safe_load("\n".join(line.removeprefix("# ") for line in lines))[section]


def test_the_default_file_holds_the_defaults() -> None:
    assert load_config(DEFAULT) == Config()


def test_without_a_file_every_value_is_its_default() -> None:
    assert load_config(None) == Config()


def test_an_empty_file_is_all_defaults(write: Write) -> None:
    assert load_config(write("# nothing yet\n")) == Config()


def test_the_default_file_names_every_key() -> None:
    shown = set(_written(yaml.safe_load(DEFAULT.read_text())))
    wanted = {key for key in _keys(Config) if not key.startswith(("mqtt.", "consent."))}
    assert wanted - shown == MODEL_KEYS
    assert shown - wanted == {"mqtt", "consent"}


def test_the_default_file_names_the_model_keys_in_a_comment() -> None:
    text = DEFAULT.read_text()
    assert [key for key in MODEL_KEYS if key.removeprefix("vision.") not in text] == []


def test_the_default_file_names_every_key_of_a_broker_in_a_comment() -> None:
    assert set(_commented("mqtt")) == set(MqttConfig.model_fields)


def test_the_consent_of_the_comment_is_one() -> None:
    assert set(_commented("consent")) == set(ConsentConfig.model_fields)
    ConsentConfig.model_validate(_commented("consent"))


def test_the_broker_of_the_comment_has_the_default_values() -> None:
    broker = _commented("mqtt")
    defaults = MqttConfig(host="broker")
    without_default = {"host", "port", "tls", "username", "password_file"}
    differing = {k: v for k, v in broker.items() if k not in without_default and v != getattr(defaults, k)}
    assert differing == {}


def test_the_demo_configuration_is_valid_and_names_the_shipped_recording(synthetic_recording: Path) -> None:
    config = load_config(ROOT / "config" / "demo.yaml")
    assert config.camera.path is not None
    assert config.camera.path.resolve() == synthetic_recording


def test_a_missing_file_is_told_with_its_mend(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.yaml: there is no such configuration; .*--config"):
        load_config(tmp_path / "nowhere.yaml")


def test_a_folder_is_no_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(tmp_path)


def test_a_path_through_a_file_cannot_be_read(write: Write) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(write("vehicle: a") / "config.yaml")


def test_a_binary_file_is_not_text(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_bytes(bytes(range(128, 256)))
    with pytest.raises(ConfigError, match="not UTF-8 text"):
        load_config(path)


@pytest.mark.parametrize(
    "text",
    [
        "vehicle: [bus",
        "vehicle: a\n\tcamera: b",
        "vehicle: a\n---\nvehicle: b",
        "? [a]\n: b",
        "\x00",
        "vehicle: 2026-99-99",  # a date to YAML, and none that exists
        "camera:\n  width: 0b_",  # an integer to YAML, without a digit
        "vehicle: *unknown",
        "vehicle: !!python/object/apply:os.getcwd []",
        "[" * 1000,
    ],
)
def test_what_is_not_yaml_is_refused_in_one_sentence(refusal: Callable[[str], str], text: str) -> None:
    assert "this is not YAML" in refusal(text)


def test_broken_yaml_is_told_with_its_line(refusal: Callable[[str], str]) -> None:
    assert refusal("vehicle: a\ncamera: {kind: v4l2\nmqtt: null\n").startswith("line 3: ")


@pytest.mark.parametrize("text", ["- vehicle", "bus-17", "17"])
def test_a_file_without_keys_is_refused(refusal: Callable[[str], str], text: str) -> None:
    assert "expected keys with values" in refusal(text)


def test_a_key_that_stands_twice_is_refused_with_the_second_line(refusal: Callable[[str], str]) -> None:
    sentence = refusal("camera:\n  kind: v4l2\n  width: 320\n  kind: picamera\n")
    assert sentence.startswith("line 4: ")
    assert "kind stands twice" in sentence


def test_a_section_that_stands_twice_is_refused(refusal: Callable[[str], str]) -> None:
    assert "camera stands twice" in refusal("camera: {width: 320}\nvehicle: a\ncamera: {height: 240}\n")


def test_the_same_key_in_two_sections_is_no_repetition(write: Write) -> None:
    config = load_config(write("rules:\n  sad: {share: 0.5}\n  visibility: {valid_share: 0.4, lost_s: 5}\n"))
    assert config.rules.sad.share == 0.5


def test_a_merged_section_may_be_overridden(write: Write) -> None:
    path = write("camera: &one {width: 320, height: 240}\n")
    assert load_config(path).camera.width == 320
    path = write("camera:\n  <<: {width: 320, height: 240}\n  width: 640\n")
    assert (load_config(path).camera.width, load_config(path).camera.height) == (640, 240)


def test_a_misspelt_key_is_told_with_line_and_the_nearest_key(refusal: Callable[[str], str]) -> None:
    sentence = refusal("vehicle: bus-17\nrules:\n  closures:\n    microslep_s: 1.4\n")
    assert sentence == ("line 4: rules.closures.microslep_s is not a key that exists; did you mean microsleep_s?")


def test_a_key_that_resembles_none_is_told_with_those_allowed(refusal: Callable[[str], str]) -> None:
    sentence = refusal("vision:\n  face:\n    xyzzy: 1\n")
    assert sentence.startswith("line 3: vision.face.xyzzy is not a key that exists; allowed here are detector, ")


def test_a_misspelt_required_key_is_told_as_misspelt_not_as_missing(refusal: Callable[[str], str]) -> None:
    assert refusal("mqtt:\n  hots: broker\n") == "line 2: mqtt.hots is not a key that exists; did you mean host?"


def test_a_missing_key_is_told(refusal: Callable[[str], str]) -> None:
    assert refusal("vehicle: a\nmqtt:\n  port: 1883\n") == "line 2: mqtt.host is missing; add it."


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("vision:\n  threads: many", "vision.threads", "'many'"),
        ("vision:\n  threads: yes", "vision.threads", "True"),
        ("vision:\n  threads: '2'", "vision.threads", "'2'"),
        ("vision:\n  threads: 1.5", "vision.threads", "1.5"),
        ("vision:\n  threads: 9", "vision.threads", "9"),
        ("vision:\n  dark_below: on", "vision.dark_below", "True"),
        ("vision:\n  eyes_model: 3", "vision.eyes_model", "3"),
        ("camera:\n  realtime: 1", "camera.realtime", "1"),
        ("camera:\n  kind: webcam", "camera.kind", "'webcam'"),
        ("camera:\n  stall_s: .inf", "camera.stall_s", "inf"),
        ("camera:\n  stall_s: 0", "camera.stall_s", "0"),
        ("camera:\n", "camera", "None"),
        ("#\nvehicle: bus/17", "vehicle", "'bus/17'"),
        ("#\nvehicle: 17", "vehicle", "17"),
        ("#\nvehicle: no", "vehicle", "False"),
        ("#\nmqtt: localhost", "mqtt", "'localhost'"),
    ],
)
def test_a_wrong_value_is_told_with_line_key_and_value(
    refusal: Callable[[str], str], text: str, key: str, value: str
) -> None:
    line = len(text.rstrip("\n").splitlines())
    assert refusal(text).startswith(f"line {line}: {key} = {value} is wrong: ")


@pytest.mark.parametrize("key", ["closed_above", "microsleep_s", "flicker_s"])
def test_what_is_no_number_is_refused(refusal: Callable[[str], str], key: str) -> None:
    assert f"rules.closures.{key} = nan is wrong" in refusal(f"rules:\n  closures:\n    {key}: .nan\n")


def test_thresholds_that_do_not_rise_are_refused_at_their_section(refusal: Callable[[str], str]) -> None:
    sentence = refusal("vehicle: a\nrules:\n  closures:\n    microsleep_s: 3.5\n")
    assert sentence == "line 3: rules.closures: microsleep_s, sleep_s and unresponsive_s must rise."


@pytest.mark.parametrize(
    ("section", "sentence"),
    [
        ("perclos: {short_s: 200}", "rules.perclos: short_s must not be above long_s."),
        ("perclos: {advisory: 0.2}", "rules.perclos: advisory must not be above warning_short."),
        ("sad: {end_share: 0.7}", "rules.sad: end_share must not be above share."),
        ("baseline: {default_above: 0.95}", BASELINE),
        ("baseline: {default_above: 1.0, most_above: 1.0}", BASELINE),
    ],
)
def test_a_signal_that_would_begin_and_end_at_once_is_refused(
    refusal: Callable[[str], str], section: str, sentence: str
) -> None:
    assert refusal(f"rules:\n  {section}\n") == f"line 2: {sentence}"


@pytest.mark.parametrize("value", ["!!bool maybe", "!!int ''", "!!timestamp x", "!!float abc"])
def test_a_tag_that_does_not_fit_its_value_is_told(refusal: Callable[[str], str], value: str) -> None:
    assert "is not YAML" in refusal(f"vehicle: {value}\n")


def test_a_recording_without_path_is_refused(refusal: Callable[[str], str]) -> None:
    assert re.match(r"line 1: camera: .*needs path", refusal("camera:\n  kind: recording\n"))


def test_the_first_of_several_errors_alone_is_told(refusal: Callable[[str], str]) -> None:
    sentence = refusal("vision: {threads: 0}\ncamera: {width: 1}\n")
    assert ("camera.width" in sentence) != ("vision.threads" in sentence)


def test_relative_paths_are_from_the_files_folder(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    path = write(
        "camera: {kind: recording, path: drives/one}\n"
        "vision: {eyes_model: eyes.tflite}\n"
        "mqtt: {host: h, username: u, password_file: ../password}\n"
        "state_directory: state\n"
    )
    config = load_config(path)
    folder = path.parent
    assert config.camera.path == folder / "drives" / "one"
    assert config.vision.eyes_model == folder / "eyes.tflite"
    assert config.mqtt is not None
    assert config.mqtt.password_file == folder / ".." / "password"
    assert config.state_directory == folder / "state"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("rules: {longest_step_s: 0.05}", "rules.longest_step_s"),
        ("camera: {frames_per_second: 5}\nrules: {longest_step_s: 0.19}", "rules.longest_step_s"),
        ("camera: {stall_s: 60}", "camera.stall_s"),
        ("alerts: {stale_s: 1.5}", "camera.stall_s"),
    ],
)
def test_values_that_would_make_closures_shorter_or_alarms_silent_are_refused(
    write: Write, text: str, key: str
) -> None:
    with pytest.raises(ConfigError, match=f"{re.escape(key)} must be"):
        load_config(write(text + "\n"))


def test_no_drivers_threshold_is_learned_below_the_one_for_all(write: Write) -> None:
    with pytest.raises(ConfigError, match=r"closures\.closed_above must not be above baseline\.most_above"):
        load_config(write("rules: {baseline: {default_above: 0.5, most_above: 0.5}}\n"))


def test_covered_is_told_apart_from_what_no_model_answers(write: Write) -> None:
    with pytest.raises(ConfigError, match=r"less than or equal to 0\.995"):
        load_config(write("rules: {perclos: {covered_above: 1.0}}\n"))


def test_absolute_paths_stay(write: Write) -> None:
    assert load_config(write("state_directory: /var/lib/dm\n")).state_directory == Path("/var/lib/dm")


def test_a_video_device_is_a_name_and_no_path_of_the_folder(write: Write) -> None:
    assert load_config(write("camera: {kind: v4l2, device: '0'}\n")).camera.device == "0"


def test_a_whole_number_may_stand_for_seconds(write: Write) -> None:
    assert load_config(write("camera: {stall_s: 3}\n")).camera.stall_s == 3.0


def test_a_configuration_cannot_be_changed_once_loaded() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Config().vision.threads = 4


@pytest.mark.parametrize("text", ['state_directory: "a\\0b"', 'vehicle: "a\\ud800b"', 'vision: {eyes_model: "\\0"}'])
def test_characters_that_no_text_has_are_refused(refusal: Callable[[str], str], text: str) -> None:
    assert "it holds a character that no text and no name of a file has" in refusal(text)


def test_a_path_may_begin_with_the_home_of_who_starts_it(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/installer")
    assert load_config(write("state_directory: ~/state\n")).state_directory == Path("/home/installer/state")


def test_a_home_that_is_not_there_is_told(refusal: Callable[[str], str]) -> None:
    assert "there is no such user's home" in refusal("state_directory: ~nobody-of-that-name/state\n")


def test_a_folder_as_configuration_is_told_with_its_mend(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Is a directory\\); name a file in it"):
        load_config(tmp_path)


def test_a_broker_without_a_name_is_refused(refusal: Callable[[str], str]) -> None:
    assert "mqtt.host = '' is wrong" in refusal("mqtt: {host: ''}\n")
