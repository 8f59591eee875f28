"""Who looks at an installed vehicle from outside its unit sees the places that the service has."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from edge.config import Config, MqttConfig
from edge.service.check import check_all
from edge.service.installed import LENT, as_the_service, locked_away


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    (tmp_path / "etc").mkdir()
    (tmp_path / "state").mkdir()
    return tmp_path / "etc"


def _seen(config: Config, kept: Path, environment: dict[str, str] | None = None, file: str = "config.yaml") -> Config:
    state = kept.parent / "state"
    return as_the_service(config, kept / file, kept=kept, state=state, environment=environment or {})


def test_state_key_and_what_the_unit_lends_are_found_where_they_lie(kept: Path) -> None:
    mqtt = MqttConfig(host="h", username="bus", password_file=LENT / "password", ca_file=Path("/etc/ssl/own.pem"))
    seen = _seen(Config(mqtt=mqtt), kept)
    assert (seen.state_directory, seen.outbox.key_file) == (kept.parent / "state", kept / "outbox.key")
    assert seen.mqtt is not None
    assert (seen.mqtt.password_file, seen.mqtt.ca_file) == (kept / "password", Path("/etc/ssl/own.pem"))


def test_what_is_configured_stays(kept: Path) -> None:
    config = Config.model_validate({"state_directory": "/srv/monitor", "outbox": {"key_file": "/srv/key"}})
    assert _seen(config, kept) == config


@pytest.mark.parametrize(
    ("environment", "file"), [({"STATE_DIRECTORY": "/var/lib/driver-monitor"}, "config.yaml"), ({}, "other.yaml")]
)
def test_the_service_itself_and_other_configurations_are_left_alone(
    kept: Path, environment: dict[str, str], file: str
) -> None:
    assert _seen(Config(), kept, environment, file) == Config()


def test_the_installed_configuration_is_known_by_every_way_to_it(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (kept / "config.yaml").touch()
    monkeypatch.chdir(kept)
    state = kept.parent / "state"
    for way in (Path("config.yaml"), kept / ".." / kept.name / "config.yaml"):
        seen = as_the_service(Config(), way, kept=kept, state=state, environment={})
        assert seen.state_directory == state
        secret = Config(mqtt=MqttConfig(host="h", username="bus", password_file=kept / "password"))
        assert locked_away(secret, way, kept=kept) is not None


def test_check_tells_of_the_installed_vehicles_own_state(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = partial(as_the_service, kept=kept, state=kept.parent / "state", environment={})
    monkeypatch.setattr("edge.service.check.as_the_service", here)
    (kept / "config.yaml").write_text("vehicle: bus\ncamera: {kind: recording, path: nothing}\n")
    told = {finding.name: finding for finding in check_all(kept / "config.yaml")}
    assert told["state directory"].detail == f"{kept.parent / 'state'} can be written"


@pytest.mark.parametrize("name", ["password_file", "private_key_file"])
def test_a_secret_that_is_named_where_only_root_may_look_is_told(kept: Path, name: str) -> None:
    """Root, who checks, reads it; the service, which is to use it, cannot."""
    tls = {"tls": True, "certificate_file": Path("/etc/ssl/own.pem"), "private_key_file": LENT / "key.pem"}
    named = MqttConfig(host="h", username="bus", **(tls | {name: kept / "secret"}))
    told = locked_away(Config(mqtt=named), kept / "config.yaml", kept=kept)
    assert told is not None
    assert f"mqtt.{name} = {kept}/secret is root's alone; write {LENT}/secret" in told
    lent = MqttConfig(host="h", username="bus", **(tls | {name: LENT / "secret"}))
    assert locked_away(Config(mqtt=lent), kept / "config.yaml", kept=kept) is None
    assert locked_away(Config(mqtt=named), kept / "another.yaml", kept=kept) is None
