"""What `make release` built; a plain pytest, which built nothing, leaves these tests alone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

DIST = "DRIVER_MONITOR_DIST"

collect_ignore_glob = [] if DIST in os.environ else ["test_*.py"]


@pytest.fixture(scope="session")
def wheel() -> Path:
    (path,) = Path(os.environ[DIST]).resolve().glob("*.whl")
    return path


@pytest.fixture(scope="session")
def sdist() -> Path:
    (path,) = Path(os.environ[DIST]).resolve().glob("*.tar.gz")
    return path
