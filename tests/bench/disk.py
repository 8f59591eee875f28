"""What a candidate takes on the disk: its models, and all packages that have to be installed for it."""

from __future__ import annotations

import re
import subprocess
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
_NOT_NEEDED = re.compile(r"^(pip|wheel)[-.]|/(pip|wheel)/|__pycache__")


def models(paths: list[Path]) -> float:
    """Megabytes of the files."""
    return sum(path.stat().st_size for path in paths) / 1e6


def own_packages() -> float:
    """Megabytes of `edge` and of everything that installing driver-monitor brings, without extras."""
    files = {path for path in (ROOT / "edge").rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    wanted, seen = ["driver-monitor"], set()
    while wanted:
        name = re.sub(r"[-_.]+", "-", wanted.pop()).lower()
        if name in seen:
            continue
        seen.add(name)
        try:
            one = distribution(name)
        except PackageNotFoundError:  # for another system or Python
            continue
        if name != "driver-monitor":
            located = (Path(str(one.locate_file(file))) for file in one.files or [])
            files |= {path.resolve() for path in located if "__pycache__" not in path.parts and path.is_file()}
        for text in one.requires or []:
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                wanted.append(requirement.name)
    return sum(path.stat().st_size for path in files) / 1e6


def environment(python: Path) -> float:
    """Megabytes of another environment's packages, without pip."""
    code = "import sysconfig; print(sysconfig.get_paths()['purelib'])"
    place = Path(subprocess.run([python, "-c", code], check=True, capture_output=True, text=True).stdout.strip())
    files = (path for path in place.rglob("*") if path.is_file())
    return sum(path.stat().st_size for path in files if not _NOT_NEEDED.search(str(path.relative_to(place)))) / 1e6


def candidate_models(name: str, own: list[Path], yunet: Path) -> list[Path]:
    """The files that the candidate's networks and cascades lie in."""
    parts = [path for path in own if path.stem in ("eyes", "emotion")]
    if name == "yunet":
        return [*parts, yunet]
    cascade = "haarcascade_frontalface_default.xml"
    if name == "haar":
        return [*parts, Path(str(distribution("opencv-python-headless").locate_file(f"cv2/data/{cascade}")))]
    if name == "fer":
        place = next((ROOT / ".venv-bench" / "lib").glob("python*")) / "site-packages"
        return [place / "cv2" / "data" / cascade, place / "fer" / "data" / "emotion_model_quantized.tflite"]
    return own
