"""What a bug report holds, and what it must never hold: secrets, persons and places are planted, and looked for."""

from __future__ import annotations

import json
import secrets
import shutil
import stat
import tarfile
import zipfile
from datetime import date
from pathlib import Path

import pytest
import yaml
from certificates import Authority
from command import tell, write_clip, write_config
from sample_events import EVENT as SHORT
from sample_events import LONGEST

from edge.config import Config, load_config
from edge.delivery.message import encode
from edge.service import bundle
from edge.service.bundle import collect, write_bundle
from edge.service.local import answering
from edge.service.scrub import OUT, Scrubber, plain_config
from edge.service.status import Status

WHO = "Maria Beispiel and Jean Exemple of depot 3"
TEXT = "signed by Maria on paper 4711"
PASSWORD = "corRect-horse battery"  # noqa: S105  a made one
USER = "broker-user-0815"
PLACE = '"position":{"latitude":45.5017,"longitude":-73.5673,"speed":11.2}'
EVENT = f'{{"schema":1,"id":"0199f2c4","vehicle":"bus-17","signal":"fatigue","cause":"sleep",{PLACE}}}'
LOG = f"""2026-11-20T07:12:01+0000 driver-monitor[411]: INFO session 42 of bus-17 begins
2026-11-20T07:12:03+0000 driver-monitor[411]: {EVENT}
2026-11-20T07:12:04+0000 driver-monitor[411]: WARNING refused {USER} with {PASSWORD}
2026-11-20T07:12:05+0000 driver-monitor[411]: $GPRMC,120000.00,A,4530.1020,N,07334.0380,W,30.0,90.0,201126,,,A*6A
2026-11-20T07:12:06+0000 driver-monitor[411]: ERROR /home/maria/models/eyes.tflite: the model cannot be read
2026-11-20T07:12:07+0000 driver-monitor[411]: INFO mqtt://{USER}:{PASSWORD}@broker.example lost, password = hunter22
2026-11-20T07:12:08+0000 driver-monitor[411]: the camera gives frames again
2026-11-20T07:12:09+0000 sudo[500]: Maria : TTY=pts/0 ; COMMAND=/usr/bin/systemctl restart driver-monitor
"""


@pytest.fixture(scope="module")
def clip(synthetic_recording: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(synthetic_recording, tmp_path_factory.mktemp("clip"))


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory, clip: Path) -> tuple[Path, dict[str, bytes]]:
    """A vehicle's configuration with everything that is nobody's business, and what must not be found by its name."""
    folder = tmp_path_factory.mktemp("vehicle")
    authority = Authority(folder)
    certificate, private = authority.sign("bus-17")
    (folder / "password").write_text(PASSWORD + "\n")
    (folder / "state").mkdir()
    key = secrets.token_bytes(32)
    (folder / "state" / "outbox.key").write_bytes(key)
    (folder / "state" / "outbox.key").chmod(0o600)
    file = write_config(
        folder,
        vehicle="bus-17",
        consent={"who": WHO, "text": TEXT, "when": date(2026, 11, 20)},
        camera={"kind": "recording", "path": str(clip)},
        mqtt={
            "host": "127.0.0.1",
            "port": 1,
            "username": USER,
            "password_file": "password",
            "tls": True,
            "ca_file": str(authority.file),
            "certificate_file": str(certificate),
            "private_key_file": str(private),
        },
        state_directory="state",
    )
    with file.open("a") as more:
        more.write(f"# a note: {PASSWORD} is the password of {WHO}\n")
    lines = [line for line in private.read_text().splitlines() if not line.startswith("-")]
    return file, {
        "who agreed": WHO.encode(),
        "a name": b"Maria",
        "another name": b"Jean",
        "to what": b"4711",
        "the broker's password": PASSWORD.encode(),
        "the broker's user": USER.encode(),
        "another password": b"hunter22",
        "a home": b"maria",
        "the outbox's key": key,
        "its digits": key.hex().encode(),
        "the private key": lines[1].encode(),
        "a latitude": b"45.5017",
        "a longitude": b"73.5673",
        "a receiver's sentence": b"GPRMC",
        "what was noticed": b'"fatigue"',
    }


def contents(path: Path) -> dict[str, bytes]:
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            return {name: archive.read(name) for name in archive.namelist()}
    with tarfile.open(path) as archive:
        files = {entry.name: archive.extractfile(entry) for entry in archive.getmembers()}
        return {name: file.read() for name, file in files.items() if file}


@pytest.mark.parametrize("ending", ["tar.gz", "zip"])
def test_nothing_that_was_planted_is_inside(
    planted: tuple[Path, dict[str, bytes]], tmp_path: Path, ending: str
) -> None:
    file, never = planted
    write_bundle(tmp_path / f"report.{ending}", file, lambda: LOG)
    whole = b"\n".join(contents(tmp_path / f"report.{ending}").values())
    assert [what for what, secret in never.items() if secret in whole] == []
    raw = (tmp_path / f"report.{ending}").read_bytes()
    assert [what for what, secret in never.items() if secret in raw] == []


def test_the_planted_would_be_found_if_they_were_there(planted: tuple[Path, dict[str, bytes]]) -> None:
    """The proof above can fail."""
    file, never = planted
    everything = file.read_bytes() + LOG.encode()
    found = {what for what, secret in never.items() if secret in everything}
    assert found == set(never) - {"the outbox's key", "its digits", "the private key"}


def test_what_a_bug_report_needs_is_inside(planted: tuple[Path, dict[str, bytes]], tmp_path: Path) -> None:
    file, _ = planted
    names = write_bundle(tmp_path / "report.zip", file, lambda: LOG)
    parts = {name.partition("/")[2]: text.decode() for name, text in contents(tmp_path / "report.zip").items()}
    assert set(parts) == set(names)
    assert "INFO session 42 of bus-17 begins" in parts["log.txt"]
    assert "the camera gives frames again" in parts["log.txt"]
    assert "/models/eyes.tflite: the model cannot be read" in parts["log.txt"]
    assert "2 lines with an event or a place" in parts["log.txt"]
    told = yaml.safe_load(parts["configuration.yaml"])
    assert told["vehicle"] == "bus-17"
    assert told["consent"] == {"who": OUT, "text": OUT, "when": date(2026, 11, 20)}
    assert told["mqtt"]["username"] == OUT
    assert (told["mqtt"]["tls"], told["mqtt"]["port"]) == (True, 1)
    assert "ok   model eyes: eyes.tflite" in parts["check.txt"]
    assert f"ok   consent: {OUT}" in parts["check.txt"]
    assert "FAIL broker: " in parts["check.txt"]
    assert json.loads(parts["models.json"])["eyes.tflite"]["task"] == "eyes"
    about = json.loads(parts["about.json"])
    assert about["driver-monitor"] == "0.1.0"
    assert about["packages"]["numpy"]
    assert "No daemon answers" in parts["status.txt"]


def test_everything_inside_is_text_and_no_image(planted: tuple[Path, dict[str, bytes]], tmp_path: Path) -> None:
    file, _ = planted
    write_bundle(tmp_path / "report.tar.gz", file, lambda: LOG)
    for name, content in contents(tmp_path / "report.tar.gz").items():
        assert name.endswith((".txt", ".json", ".yaml"))
        text = content.decode("utf-8")
        assert "\0" not in text
        assert not any(len(word) > 200 for word in text.split()), "no picture as text either"


def test_the_status_of_a_running_daemon_is_inside(tmp_path: Path, clip: Path) -> None:
    camera = {"kind": "recording", "path": str(clip)}
    file = write_config(tmp_path, vehicle="bus-17", camera=camera, state_directory="state")
    status = Status(load_config(file), 42)
    with answering(tmp_path / "state", lambda: status.local_report(status.facts())):
        parts = collect(file, lambda: "")
    assert json.loads(parts["status.json"])["session"] == 42
    assert parts["status.txt"].startswith("driver-monitor 0.1.0 on bus-17, session 42")
    assert parts["check.txt"].startswith("# The daemon was running")


def test_a_daemon_of_another_version_does_not_end_it(tmp_path: Path, clip: Path) -> None:
    file = write_config(tmp_path, camera={"kind": "recording", "path": str(clip)}, state_directory="state")
    with answering(tmp_path / "state", lambda: {"version": "9.0"}):
        assert "of another version" in collect(file, lambda: "")["status.txt"]


@pytest.mark.parametrize(
    "content",
    [
        f"mqtt: {{host: b, port: {PASSWORD}}}",
        f"consent: {WHO}",
        f"mqtt:\n  host: b\n password: [{PASSWORD}",
        f"&{USER} *{PASSWORD}",
    ],
)
def test_a_configuration_that_cannot_be_used_is_told_without_what_stands_in_it(content: str, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(content)
    parts = collect(tmp_path / "config.yaml", lambda: "")
    assert parts["configuration.yaml"].startswith("# It cannot be used: ")
    assert parts["check.txt"].startswith("FAIL configuration: It cannot be used: ")
    whole = "".join(parts.values())
    assert [one for one in (PASSWORD, WHO, USER) if one in whole] == []


def test_only_its_owner_may_read_it(planted: tuple[Path, dict[str, bytes]], tmp_path: Path) -> None:
    write_bundle(tmp_path / "report.tgz", planted[0], lambda: LOG)
    assert stat.S_IMODE((tmp_path / "report.tgz").stat().st_mode) == 0o600


def test_a_file_that_is_there_stays(tmp_path: Path, capfd) -> None:
    (tmp_path / "report.zip").write_text("mine")
    told = tell(capfd, "bundle", tmp_path / "report.zip")
    assert told.code == 2
    assert told.sentence == f"{tmp_path / 'report.zip'}: this file is there already; name another, or delete it."
    assert (tmp_path / "report.zip").read_text() == "mine"


@pytest.mark.parametrize("name", ["report", "report.tar", "report.png", "no/such/folder/report.zip"])
def test_a_name_that_cannot_be_used_is_one_clear_sentence(name: str, tmp_path: Path, capfd) -> None:
    told = tell(capfd, "bundle", tmp_path / name)
    assert told.code == 2
    assert told.sentence.startswith(f"{tmp_path / name}: ")
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_bundle_leaves_no_half(planted: tuple[Path, dict[str, bytes]], tmp_path: Path) -> None:
    def interrupted() -> str:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_bundle(tmp_path / "report.zip", planted[0], interrupted)
    assert list(tmp_path.iterdir()) == []


def test_the_command_says_what_it_collected(planted: tuple[Path, dict[str, bytes]], tmp_path: Path, capfd) -> None:
    told = tell(capfd, "bundle", tmp_path / "report.zip", "--config", planted[0])
    assert told.code == 0
    assert told.output.startswith(f"{tmp_path / 'report.zip'}: README.txt, about.json, ")


def test_a_machine_without_a_journal_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    assert "no journalctl here" in bundle._journal()


def test_every_free_text_of_the_configuration_is_left_out_unless_it_is_named() -> None:
    config = Config.model_validate(
        {"mqtt": {"host": "anna:secret@broker", "username": USER}, "camera": {"device": "/dev/video2"}}
    )
    told = plain_config(config)
    assert told["mqtt"]["host"] == OUT
    assert told["camera"]["device"] == "/dev/video2"
    assert told["camera"]["kind"] == "picamera"


def test_a_broker_user_that_is_the_vehicles_name_hides_no_vehicle() -> None:
    config = Config.model_validate({"vehicle": "bus-17", "mqtt": {"host": "b", "username": "bus-17"}})
    assert Scrubber(config).text("session 42 of bus-17 begins") == "session 42 of bus-17 begins"


def test_short_names_of_who_agreed_are_left_out_too() -> None:
    consent = {"who": "Ann Lee and Li Ng", "text": "signed by all", "when": date(2026, 11, 20)}
    scrubber = Scrubber(Config.model_validate({"consent": consent}))
    assert (
        scrubber.text("/srv/Lee/rec, /srv/Ng/rec, Ann.mp4, Leeds")
        == f"/srv/{OUT}/rec, /srv/{OUT}/rec, {OUT}.mp4, Leeds"
    )


def test_an_event_as_it_is_published_never_passes() -> None:
    for event in (SHORT, LONGEST):
        told = Scrubber(Config()).log(encode(event).decode())
        assert told == f"{OUT}: 1 lines with an event or a place\n"
