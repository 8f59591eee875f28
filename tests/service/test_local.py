"""The socket at which the daemon says how it is: who may, who is slow, what a killed daemon left."""

from __future__ import annotations

import os
import socket
import stat
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from edge.errors import CheckFailed
from edge.service import local
from edge.service.local import NAME, LocalStatus, answering, ask, run_directory


class Source:
    """What is asked for the content, counted."""

    asked = 0

    def __call__(self) -> dict[str, object]:
        self.asked += 1
        return {"asked": self.asked}


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def folder(tmp_path: Path, source: Source) -> Iterator[Path]:
    with answering(tmp_path, source):
        yield tmp_path


def test_each_connection_gets_one_object(folder: Path) -> None:
    assert ask([folder]) == {"asked": 1}


def test_the_first_folder_that_answers_is_taken(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert ask([tmp_path / "none", tmp_path / "empty", folder])["asked"] == 1


def test_others_on_the_machine_may_not_ask(folder: Path) -> None:
    assert stat.S_IMODE((folder / NAME).stat().st_mode) == 0o660


def test_the_file_goes_with_the_daemon(tmp_path: Path, source: Source) -> None:
    with answering(tmp_path, source):
        assert (tmp_path / NAME).is_socket()
    assert not (tmp_path / NAME).exists()
    assert "status" not in {thread.name for thread in threading.enumerate()}


def test_what_a_killed_daemon_left_is_replaced(tmp_path: Path, source: Source) -> None:
    with socket.socket(socket.AF_UNIX) as killed:
        killed.bind(str(tmp_path / NAME))
    with answering(tmp_path, source):
        assert ask([tmp_path])["asked"] == 1


def test_a_daemon_that_still_answers_keeps_its_socket(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    with answering(folder, lambda: {"second": True}):
        assert "asked" in ask([folder])
    assert "Address already in use" in caplog.text
    assert "asked" in ask([folder]), "and the second one's end takes nothing away"


def test_a_file_of_another_kind_is_left_alone(tmp_path: Path, source: Source, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / NAME).write_text("mine")
    with answering(tmp_path, source):
        pass
    assert (tmp_path / NAME).read_text() == "mine"
    assert len(caplog.records) == 1


def test_a_folder_with_a_long_name_will_do(tmp_path: Path, source: Source) -> None:
    deep = tmp_path / ("d" * 100) / ("e" * 100)
    with answering(deep, source):
        assert ask([deep])["asked"] == 1


def test_a_folder_that_cannot_be_written_does_not_end_the_daemon(source: Source, caplog) -> None:
    with answering(Path("/proc/nothing"), source):
        pass
    assert "the status socket cannot be made" in caplog.text


def test_who_never_reads_keeps_nobody_waiting_for_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "SEND_S", 0.2)
    much = {"much": "x" * 900_000}  # more than a socket's buffers hold
    with answering(tmp_path, lambda: much), ExitStack() as slow:
        for _ in range(3):
            slow.enter_context(socket.socket(socket.AF_UNIX)).connect(str(tmp_path / NAME))
        assert ask([tmp_path]) == much


def test_who_floods_costs_one_report_each_half_second_and_no_frame(folder: Path, source: Source) -> None:
    over = threading.Event()

    def flood() -> None:
        while not over.is_set():
            with suppress(BlockingIOError), socket.socket(socket.AF_UNIX) as one:
                one.settimeout(5)
                one.connect(str(folder / NAME))

    floods = [threading.Thread(target=flood) for _ in range(4)]
    began = time.monotonic()
    for one in floods:
        one.start()
    answers = [ask([folder]) for _ in range(20)]
    took = time.monotonic() - began
    over.set()
    for one in floods:
        one.join()
    assert len(answers) == 20
    assert source.asked <= 2 + took / local.FRESH_S


def test_it_ends_while_somebody_floods(tmp_path: Path, source: Source) -> None:
    over = LocalStatus(tmp_path, source)
    over.start()
    with socket.socket(socket.AF_UNIX) as one:
        one.connect(str(tmp_path / NAME))
        over.close()
    assert not (tmp_path / NAME).exists()


def test_without_a_folder_there_is_no_socket(source: Source) -> None:
    with answering(None, source):
        pass
    assert source.asked == 0


def test_systemds_folder_goes_before_the_state_directory(tmp_path: Path) -> None:
    assert run_directory(tmp_path, {"RUNTIME_DIRECTORY": "/run/one:/run/two"}) == Path("/run/one")
    assert run_directory(tmp_path, {}) == tmp_path
    assert run_directory(None, {}) is None


def test_no_daemon_is_one_clear_sentence(tmp_path: Path) -> None:
    with pytest.raises(CheckFailed, match=r"^No daemon answers at .*; start it with systemctl start .*\.$"):
        ask([tmp_path])


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_without_the_right_it_is_one_clear_sentence(folder: Path) -> None:
    """As another user in a child process: rights cannot be given back in a thread."""
    folder.chmod(0o755)
    for parent in folder.parents:
        if parent.stat().st_mode & 0o001 == 0:
            parent.chmod(parent.stat().st_mode | 0o001)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.setgid(65534)
        os.setuid(65534)
        try:
            ask([folder])
            said = "it was told"
        except CheckFailed as failed:
            said = str(failed)
        except BaseException as error:  # noqa: BLE001  a forked child must not come back into pytest
            said = repr(error)
        os.write(writing, said.encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    assert "you may not ask the daemon; use sudo, or join the group" in said


def test_something_else_at_the_socket_is_one_clear_sentence(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(tmp_path / NAME))
        other.listen()

        def serve() -> None:
            client, _ = other.accept()
            with client:
                client.sendall(b"220 welcome\n")

        server = threading.Thread(target=serve)
        server.start()
        with pytest.raises(CheckFailed, match="is not the daemon of this version"):
            ask([tmp_path])
        server.join()


def test_a_daemon_that_does_not_answer_is_one_clear_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "ANSWER_S", 0.1)
    with socket.socket(socket.AF_UNIX) as stuck:
        stuck.bind(str(tmp_path / NAME))
        stuck.listen()
        with pytest.raises(CheckFailed, match="does not answer, it may be stuck"):
            ask([tmp_path])
