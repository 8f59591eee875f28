"""The file that holds the broker's password: what is taken from it, and what is said where it cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.config import MqttConfig
from edge.delivery.password import read_password
from edge.errors import ConfigError


def password_in(path: Path) -> str | None:
    return read_password(MqttConfig(host="127.0.0.1", username="bus-17", password_file=path))


@pytest.mark.parametrize(
    ("content", "password"),
    [
        (b"open sesame", "open sesame"),
        (b"open sesame\n", "open sesame"),
        (b"open sesame\r\n", "open sesame"),
        (b" spaces are its own \n", " spaces are its own "),
        ("Zürich\n".encode(), "Zürich"),
    ],
)
def test_a_password_is_the_one_line_of_its_file(tmp_path: Path, content: bytes, password: str) -> None:
    path = tmp_path / "secret"
    path.write_bytes(content)
    path.chmod(0o640)
    assert password_in(path) == password


def test_without_a_file_there_is_no_password() -> None:
    assert read_password(MqttConfig(host="127.0.0.1")) is None


ALONE = "mqtt.password_file must hold the password alone, in one line; write it there."
OPEN = "everyone can use mqtt.password_file; run 'chmod 600 {}'."


@pytest.mark.parametrize(
    ("content", "mode", "told"),
    [
        (
            None,
            0o600,
            "mqtt.password_file cannot be read (No such file or directory); put the password there, mode 600.",
        ),
        (b"secret", 0o644, OPEN),
        (b"secret", 0o602, OPEN),
        (b"", 0o600, ALONE),
        (b"\n", 0o600, ALONE),
        (b"secret\nmore\n", 0o600, ALONE),
        (b"secret\xff\xfe", 0o600, "mqtt.password_file is not UTF-8 text; write the password there as text."),
    ],
)
def test_a_password_file_that_cannot_be_used_is_told_with_its_mend_and_without_what_it_holds(
    tmp_path: Path, content: bytes | None, mode: int, told: str
) -> None:
    path = tmp_path / "secret.txt"
    if content is not None:
        path.write_bytes(content)
        path.chmod(mode)
    with pytest.raises(ConfigError) as raised:
        password_in(path)
    assert str(raised.value) == f"{path}: {told.format(path)}"


def test_a_password_without_a_user_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as raised:
        read_password(MqttConfig(host="127.0.0.1", password_file=tmp_path / "secret"))
    assert str(raised.value) == (
        "mqtt.password_file is set, but mqtt.username is not; add the user that the password is for."
    )
