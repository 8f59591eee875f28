"""`driver-monitor aim` as an installer runs it: after consent, beside no daemon, and nothing is left of it."""

from __future__ import annotations

import http.cookiejar
import re
import signal
import sys
import urllib.request
from datetime import date
from pathlib import Path

import pytest
from broker import free_port
from command import start, tell, write_clip, write_config
from traced import trace

from edge.cameras.v4l2 import V4l2Camera
from edge.service.local import answering

CONSENT = {"who": "driver 17", "text": "docs/consent.md, version 1", "when": date(2026, 11, 20)}
NOBODY = {Path("/dev/null")}


@pytest.fixture
def clip(synthetic_recording: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "clip"
    folder.mkdir()
    return write_clip(synthetic_recording, folder)


@pytest.mark.parametrize("kind", ["picamera", "v4l2"])
def test_without_consent_no_camera_is_opened(kind: str, tmp_path: Path, capfd, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(V4l2Camera, "__enter__", lambda _self: pytest.fail("a live camera was opened"))
    told = tell(capfd, "aim", "--config", write_config(tmp_path, camera={"kind": kind}))
    assert told.code == 78
    assert "consent is missing in the configuration" in told.sentence


def test_beside_a_running_daemon_it_says_to_stop_that_first(tmp_path: Path, capfd) -> None:
    config = write_config(tmp_path, camera={"kind": "v4l2"}, consent=CONSENT, state_directory="state")
    with answering(tmp_path / "state", lambda: {"version": "0.1.0"}):
        told = tell(capfd, "aim", "--config", config)
    assert told.code == 1
    assert told.sentence.startswith("The daemon has the camera; stop it with systemctl stop driver-monitor")


def test_it_prints_the_address_and_the_tunnel_and_ends_when_told(clip: Path, tmp_path: Path) -> None:
    config = write_config(tmp_path, camera={"kind": "recording", "path": str(clip)})
    port = free_port()
    with start("aim", "--config", config, "--port", port) as process:
        try:
            assert process.stdout is not None
            lines = [process.stdout.readline() for _ in range(3)]
            (url,) = re.findall(rf"http://127\.0\.0\.1:{port}/[\w-]{{20,}}/", "".join(lines))
            browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
            assert b"Aim the camera" in browser.open(url, timeout=60).read()
            answers = [browser.open(f"{url}frame?after={number}", timeout=60) for number in range(2)]
            assert {answer.status for answer in answers} <= {200, 204}
            process.send_signal(signal.SIGINT)
            rest = process.stdout.read()
            assert process.wait(60) == 0
        finally:
            process.kill()
    assert f"ssh -L {port}:127.0.0.1:{port} USER@VEHICLE" in rest
    assert rest.endswith("The page is closed.\n")


LOOKING = """
import http.cookiejar, sys, threading, urllib.request
from pathlib import Path
from edge.config import load_config
from edge.service.aim import aim

seen = []

def look(url):
    browser = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
    )
    browser.open(url).read()
    number = 0
    while True:
        try:
            body = browser.open(f"{url}frame?after={number}").read()
        except OSError:
            return
        if body:
            number += 1
            seen.append(len(body))

def tell(text):
    print(text)
    if "http://" in text:
        url = next(line for line in text.split() if line.startswith("http://"))
        threading.Thread(target=look, args=(url,)).start()

aim(load_config(Path(sys.argv[1])), 18643, minutes=0.15, tell=tell)
print("frames", len(seen))
"""


def test_it_ends_by_itself_and_the_kernel_saw_no_file_written_and_nobody_spoken_to(clip: Path, tmp_path: Path) -> None:
    config = write_config(tmp_path, camera={"kind": "recording", "path": str(clip)})
    folder = tmp_path / "traced"
    folder.mkdir()
    traced = trace([sys.executable, "-c", LOOKING, str(config)], folder, PYTHONDONTWRITEBYTECODE="1")
    assert traced.code == 0, traced.output
    assert "The time is over, the page is closed; run this again for more." in traced.output
    found = re.search(r"frames (\d+)", traced.output)
    assert found is not None
    assert int(found[1]) > 3
    assert traced.written - NOBODY == set()
    assert {peer.partition(":")[0] for peer in traced.peers} <= {"127.0.0.1", "/var/run/nscd/socket"}
