"""What several rooms' tests share: where real data and recordings are."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import places
import pytest

import edge.cameras.opencv  # noqa: F401  before any test imports OpenCV itself: how loud FFmpeg is, is settled then

if TYPE_CHECKING:
    from playwright.sync_api import Browser

os.environ.pop("PYTHONUNBUFFERED", None)  # programs write as they do for a user, whose output waits in a buffer

ROOT = Path(__file__).resolve().parent.parent
IN_CI = os.environ.get("CI") == "true"
TOGETHER = ("convert", "runtime")
"""Folders whose tests share costly fixtures of the session, or install this project from its own folder."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("alone") and item.path.parent.name != "faults":
            raise pytest.UsageError(f"{item.nodeid} is marked alone: make test runs such tests of tests/faults only")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With several processes (`-n 3`) what belongs together stays in one: a file, or a folder."""
    from xdist.scheduler import LoadScopeScheduling

    class Together(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            path = nodeid.partition("::")[0]
            folder = path.rpartition("/")[0]
            return folder if folder.rpartition("/")[2] in TOGETHER else path

    return Together(config, log)


def _folder(variable: str, beside: str) -> Path:
    folder = places.folder(variable, beside)
    if not folder.is_dir():
        message = f"no folder {folder}: set {variable} to where the {beside} lie"
        if IN_CI:
            pytest.fail(message)
        pytest.skip(message)
    return folder


@pytest.fixture(scope="session")
def data() -> Path:
    """The training data, which are not part of the project; skipped where there are none, but never in CI."""
    return _folder("DRIVER_MONITOR_DATA", "data")


@pytest.fixture(scope="session")
def recordings() -> Path:
    """The recordings with known truth, which are not part of the project; skipped where there are none, never in CI."""
    return _folder("DRIVER_MONITOR_RECORDINGS", "recordings")


@pytest.fixture(scope="session")
def yunet(recordings: Path) -> Path:
    """YuNet's ONNX file, in the folder `models` beside the recordings; it is not part of the project."""
    path = places.yunet(recordings)
    if not path.is_file():
        pytest.skip(f"no {path}: put YuNet 2023mar there to test the detector yunet")
    return path


@pytest.fixture(scope="session")
def synthetic_recording() -> Path:
    """The shipped synthetic recording: one closure of 4 s, blinks, small head movements."""
    return ROOT / "tests" / "recordings" / "synthetic_closure"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium; without it the tests are skipped, in CI they fail."""
    from playwright.sync_api import sync_playwright  # for the few tests that open a page

    program = shutil.which("chromium")
    if program is None:
        message = "chromium is not installed: apt-get install chromium"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    with sync_playwright() as playwright:
        # its sandbox needs rights that a container's root has not; nothing but our own page is opened
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()
