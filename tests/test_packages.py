"""What will be in the packages, before any is built; `make release` looks into those that were."""

from __future__ import annotations

import subprocess
import tomllib
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
WEIGHTS = [f"train/weights/emotion{of}.{kind}" for of in ("", "-teacher") for kind in ("keras", "card.json")]
NOT_PACKAGED = {Path("train/README.md"), *map(Path, WEIGHTS)}
"""A device needs neither; who trains has the repository."""


def test_every_file_of_a_package_that_is_no_module_is_named_as_its_data() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--", "edge", "convert", "train"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    files = {Path(name) for name in listed.split("\0") if name and not name.endswith(".py")} - NOT_PACKAGED
    patterns = [
        f"{package}/{pattern}"
        for package, named in PROJECT["tool"]["setuptools"]["package-data"].items()
        for pattern in named
    ]
    assert {file for file in files if not any(fnmatch(str(file), pattern) for pattern in patterns)} == set()
    assert [pattern for pattern in patterns if not any(fnmatch(str(file), pattern) for file in files)] == []


def test_every_folder_of_modules_is_a_package_and_is_found() -> None:
    folders = {path.parent for top in ("edge", "convert", "train") for path in (ROOT / top).rglob("*.py")}
    assert {folder for folder in folders if not (folder / "__init__.py").exists()} == set()
