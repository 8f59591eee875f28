"""What a bug report needs, in one file: log, status, configuration, versions, cards of the models, what `check` says.

Never an image, no secret, no person, no place. Everything in it is text, made here or scrubbed.
"""

from __future__ import annotations

import io
import json
import os
import platform
import re
import shutil
import subprocess
import tarfile
import time
import zipfile
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import yaml

from edge.config import Config, load_config
from edge.errors import ConfigError, UserError
from edge.service.check import check_all
from edge.service.local import SYSTEM_RUN, ask, run_directory
from edge.service.scrub import OUT, Scrubber, plain_config
from edge.service.session import state_directory
from edge.service.told import status_text
from edge.vision.card import read_card

UNIT = "driver-monitor"
LINES = 5000
"""Of the log: some days, as it tells changes alone."""
JOURNAL_S = 30.0
MODE = 0o600
FOLDER = "driver-monitor-bundle"
_ON_DEVICE = re.compile(r"extra == .(alerts|tflite-runtime)")
_README = """What driver-monitor bundle has collected for a bug report. All of it is text: read it before you send it.

about.json          versions of the program, of what it needs and of the system
configuration.yaml  every value that holds; texts that may name a person or a secret are left out
status.txt          what the running daemon says of itself, and status.json the same for a program
check.txt           what driver-monitor check says
models.json         the cards of the model files
log.txt             the last {lines} lines of the service's log, without events

There is no image in it, and neither a password, a key, a broker's user, who agreed to be watched, nor a place.
"""


def write_bundle(path: Path, config_file: Path | None, journal: Callable[[], str] | None = None) -> list[str]:
    """Collect it into a new file, .tar.gz, .tgz or .zip, that nobody but its owner may read; gives what is in it.

    Raises:
        UserError: the file is there already or cannot be written, or its name has another ending.
    """
    pack = _packer(path)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, MODE)
    except FileExistsError:
        raise UserError(f"{path}: this file is there already; name another, or delete it.") from None
    except OSError as error:
        raise UserError(f"{path}: it cannot be written ({error.strerror}); name another file.") from None
    try:
        with os.fdopen(handle, "wb") as file:
            parts = collect(config_file, journal or _journal)
            file.write(pack(parts))
    except BaseException:
        path.unlink(missing_ok=True)  # half a bundle helps nobody
        raise
    return list(parts)


def collect(config_file: Path | None, journal: Callable[[], str]) -> dict[str, str]:
    """Each part's name and text."""
    config, trouble = _config(config_file)
    scrub = Scrubber(config)
    report = _status(config)
    parts = {
        "README.txt": _README.format(lines=LINES),
        "about.json": _json(_about()),
        "configuration.yaml": trouble or yaml.safe_dump(plain_config(config), sort_keys=False, allow_unicode=True),
        "status.txt": (report if isinstance(report, str) else status_text(report)) + "\n",
        "check.txt": "".join(f"{line}\n" for line in _check(config_file, trouble, running=isinstance(report, dict))),
        "models.json": _json(_models(config)),
    }
    if isinstance(report, dict):
        parts["status.json"] = _json(report)
    scrubbed = {name: scrub.text(text) for name, text in parts.items()}
    return scrubbed | {"log.txt": scrub.log(journal())}


def _config(config_file: Path | None) -> tuple[Config, str]:
    """The configuration; the defaults and a sentence where it cannot be used."""
    try:
        return load_config(config_file), ""
    except ConfigError as error:
        # behind these stands what was written there, which may be anything
        told = str(error).partition(" = ")[0].partition(" (")[0]
        return Config(), f"# It cannot be used: {told} {OUT}\n"


def _about() -> dict[str, Any]:
    needed = [
        one for one in metadata.requires("driver-monitor") or [] if "extra ==" not in one or _ON_DEVICE.search(one)
    ]
    names = {found[0] for one in needed if (found := re.match(r"[\w.-]+", one))}
    return {
        "made": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "driver-monitor": metadata.version("driver-monitor"),
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in sorted(names)},
        "kernel": f"{platform.system()} {platform.release()} {platform.machine()}",
        "system": _system(),
        "board": _board(),
        "processors": os.cpu_count(),
    }


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _system() -> str | None:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME")
    except OSError:
        return None


def _board() -> str | None:
    try:
        return Path("/proc/device-tree/model").read_text(encoding="utf-8", errors="replace").rstrip("\0\n")
    except OSError:
        return None


def _status(config: Config) -> dict[str, Any] | str:
    state = state_directory(config.state_directory)
    try:
        report = ask([folder for folder in (run_directory(state), state, SYSTEM_RUN) if folder])
        status_text(report)  # of another version it may be none that this one can tell
    except UserError as error:
        return str(error)
    return report


def _check(config_file: Path | None, trouble: str, *, running: bool) -> Iterator[str]:
    if running:
        yield "# The daemon was running: a live camera is its own, and may be told as busy here."
    if trouble:
        yield f"FAIL configuration: {trouble.strip().removeprefix('# ')}"
        return
    for finding in check_all(config_file):
        # who agreed, and to what, is a person's matter
        yield finding.line() if finding.name != "consent" else f"{'ok  ' if finding.ok else 'FAIL'} consent: {OUT}"


def _models(config: Config) -> dict[str, Any]:
    vision = config.vision
    cards = {}
    for path in (vision.face.native_model, vision.landmarks_model, vision.eyes_model, vision.emotion_model):
        try:
            cards[path.name] = read_card(path).model_dump(mode="json")
        except ConfigError as error:
            cards[path.name] = {"trouble": str(error)}
    return cards


def _journal() -> str:
    """The last lines of the unit's log, as the journal has them; a sentence where there is none."""
    program = shutil.which("journalctl")
    if program is None:
        return "There is no journalctl here: this machine's log is elsewhere."
    asked = [program, f"--unit={UNIT}", f"--lines={LINES}", "--no-pager", "--no-hostname", "--output=short-iso"]
    try:
        done = subprocess.run(asked, capture_output=True, timeout=JOURNAL_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return "The journal did not answer."
    told = done.stdout.decode("utf-8", errors="replace")
    return told + done.stderr.decode("utf-8", errors="replace")


def _json(content: Any) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _packer(path: Path) -> Callable[[dict[str, str]], bytes]:
    if path.name.endswith((".tar.gz", ".tgz")):
        return _tar
    if path.name.endswith(".zip"):
        return _zip
    raise UserError(f"{path}: a bundle is a .tar.gz or a .zip; name it so.")


def _tar(parts: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, text in parts.items():
            entry = tarfile.TarInfo(f"{FOLDER}/{name}")
            content = text.encode("utf-8", errors="replace")
            entry.size, entry.mode, entry.mtime = len(content), MODE, int(time.time())
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def _zip(parts: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(f"{FOLDER}/{name}", text.encode("utf-8", errors="replace"))
    return buffer.getvalue()
