"""What can be wrong between a vehicle and its broker or disk: one clear sentence in the log, and one of `check`."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from broker import Broker, wait_for
from certificates import Authority
from command import tell, write_config
from disks import fill, mount, remount_read_only, unmount
from sample_events import EVENT

from edge.config import load_config
from edge.delivery.outbox import Outbox
from edge.delivery.publisher import Publisher
from edge.errors import ConfigError

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Broker]]:
    """Starts a mosquitto with those options or users."""
    running: list[Broker] = []

    def make(*options: str, users: dict[str, str] | None = None) -> Broker:
        root = ["user root"] * (os.geteuid() == 0 and users is None)
        running.append(Broker(tmp_path, users=users, options=[*options, *root]))
        running[-1].start()
        return running[-1]

    yield make
    for broker in running:
        broker.kill()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1 MB."""
    if reason := mount(tmp_path / "disk"):
        pytest.skip(reason)
    yield tmp_path / "disk"
    unmount(tmp_path / "disk")


def config(folder: Path, state: Path | None = None, **mqtt: object) -> Path:
    recording = ROOT / "tests" / "recordings" / "synthetic_closure"
    return write_config(
        folder,
        camera={"kind": "recording", "path": str(recording)},
        mqtt={"host": "127.0.0.1", **mqtt},
        **({"state_directory": str(state)} if state else {}),
    )


def check(capfd: pytest.CaptureFixture[str], file: Path, name: str) -> str:
    """The one line of `check` on that thing, which must be a FAIL and a sentence."""
    (line,) = [line for line in tell(capfd, "check", "--config", file).output.splitlines() if f" {name}: " in line]
    assert line.startswith("FAIL ")
    assert line.endswith(".")
    return line


def logged(file: Path, caplog: pytest.LogCaptureFixture) -> str:
    """What a publisher with an event to send says, once; the event is kept."""
    caplog.set_level(logging.WARNING)
    loaded = load_config(file)
    assert loaded.mqtt
    publisher = Publisher(loaded.mqtt, "bus-17", 42)
    publisher.put(EVENT)
    publisher.start()
    wait_for(lambda: caplog.records, "it is said")
    publisher.close(timeout=0)
    assert publisher.stats().waiting == 1
    (record, *_) = caplog.records
    return record.getMessage()


def secured(broker: Broker, authority: Authority, **more: object) -> dict[str, object]:
    return {"port": broker.port, "tls": True, "ca_file": str(authority.file), **more}


def test_an_expired_certificate_of_the_broker(serve, authority, tmp_path: Path, capfd, caplog) -> None:
    certificate, key = authority.sign("broker", days=-1)
    file = config(tmp_path, **secured(serve(f"certfile {certificate}", f"keyfile {key}"), authority))
    for told in (check(capfd, file, "broker"), logged(file, caplog)):
        assert "shows a certificate that is not accepted (certificate has expired); correct the certificate" in told


def test_a_broker_of_another_name(serve, authority, tmp_path: Path, capfd, caplog) -> None:
    certificate, key = authority.sign("broker", address="127.0.0.9")
    file = config(tmp_path, **secured(serve(f"certfile {certificate}", f"keyfile {key}"), authority))
    for told in (check(capfd, file, "broker"), logged(file, caplog)):
        assert "(IP address mismatch, certificate is not valid for '127.0.0.1'); correct the certificate, or" in told


def test_a_vehicle_whose_certificate_was_revoked(serve, authority, tmp_path: Path, capfd, caplog) -> None:
    own, own_key = authority.sign("stolen")
    revoked = authority.revoke_all()
    certificate, key = authority.sign("broker")
    options = [f"certfile {certificate}", f"keyfile {key}", f"cafile {authority.file}", f"crlfile {revoked}"]
    broker = serve(*options, "require_certificate true")
    more = {"certificate_file": str(own), "private_key_file": str(own_key)}
    file = config(tmp_path, **secured(broker, authority, **more))
    for told in (check(capfd, file, "broker"), logged(file, caplog)):
        assert "does not accept this vehicle's certificate (" in told
        assert "revoked); correct the certificate" in told


def test_a_user_who_was_taken_out(serve, tmp_path: Path, capfd, caplog) -> None:
    broker = serve(users={"bus-18": "right"})
    secret = tmp_path / "password"
    secret.touch(mode=0o600)
    secret.write_text("right\n")
    file = config(tmp_path, port=broker.port, username="bus-17", password_file=str(secret))
    for told in (check(capfd, file, "broker"), logged(file, caplog)):
        assert "refuses this client (Not authorized); correct mqtt.username and mqtt.password_file, or let" in told


def with_an_outbox(state: Path, folder: Path) -> Path:
    file = config(folder, state, port=9)
    outbox = Outbox(state, load_config(file).outbox)
    outbox.put(EVENT)
    outbox.close()
    return file


def test_the_key_of_another_outbox(tmp_path: Path, capfd, caplog) -> None:
    state = tmp_path / "state"
    file = with_an_outbox(state, tmp_path)
    (state / "outbox.key").write_bytes(bytes(32))
    assert "is not the key that" in (told := check(capfd, file, "outbox"))
    assert "put the right one there, or its events will be set aside" in told
    Outbox(state, load_config(file).outbox).close()
    (record,) = caplog.records
    assert "written with another key; it is kept as" in record.getMessage()


def test_a_key_that_everyone_can_read(tmp_path: Path, capfd) -> None:
    state = tmp_path / "state"
    file = with_an_outbox(state, tmp_path)
    (state / "outbox.key").chmod(0o644)
    sentence = f"others can use the outbox's key; run 'chmod 600 {state / 'outbox.key'}'."
    assert sentence in check(capfd, file, "outbox")
    with pytest.raises(ConfigError) as refused:
        Outbox(state, load_config(file).outbox)
    assert sentence in str(refused.value)


def test_a_full_disk(small_disk: Path, tmp_path: Path, capfd, caplog) -> None:
    file = with_an_outbox(small_disk, tmp_path)
    fill(small_disk)
    assert "(No space left on device); make room on the disk, or" in check(capfd, file, "state directory")
    outbox = Outbox(small_disk, load_config(file).outbox)
    outbox.put(EVENT)
    (record,) = caplog.records
    assert "make room on the disk, or let the daemon's user write there." in record.getMessage()
    assert len(outbox.oldest(10)) >= 1
    outbox.close()


def test_a_read_only_disk(small_disk: Path, tmp_path: Path, capfd, caplog) -> None:
    file = with_an_outbox(small_disk, tmp_path)
    remount_read_only(small_disk)
    told = check(capfd, file, "state directory")
    assert "(Read-only file system); mount the disk for writing, or events wait in memory alone." in told
    outbox = Outbox(small_disk, load_config(file).outbox)
    outbox.put(EVENT)
    (record,) = caplog.records
    assert "make room on the disk, or let the daemon's user write there." in record.getMessage()
    assert len(outbox.oldest(10)) == 2
    outbox.close()
