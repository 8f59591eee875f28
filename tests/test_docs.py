"""The documentation: what is made from the code is current, and its links lead somewhere."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("*.md"))


def _program(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _made(by: str) -> str:
    page: str = _program(by).page()
    return page


def test_the_configuration_reference_is_current() -> None:
    assert (DOCS / "configuration.md").read_text() == _made("make_reference"), "run make docs"


def test_the_models_cards_are_current() -> None:
    assert (DOCS / "models.md").read_text() == _made("make_models"), "run make docs"


def test_the_picture_of_the_way_is_what_its_program_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(DOCS)
    assert (DOCS / "pictures" / "way.svg").read_text() == _program("make_pictures").way()


def test_the_picture_of_a_replay_shows_what_a_replay_tells(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.syspath_prepend(DOCS)
    pictures = _program("make_pictures")
    drawn = pictures.timeline(pictures.replayed(tmp_path))
    assert _told(drawn) == pytest.approx(_told((DOCS / "pictures" / "timeline.svg").read_text()), abs=0.15)


def _told(picture: str) -> dict[str, float]:
    """Seconds at which a cause is told, by cause and how often it was told before: machines differ by a frame."""
    found = re.findall(r"(microsleep|perclos|sleep) ([\d.]+) s", picture)
    assert len(found) == 4
    return {f"{cause} {number}": float(seconds) for number, (cause, seconds) in enumerate(found)}


def test_the_reference_tells_of_every_key_what_it_means() -> None:
    rows = [line for line in _made("make_reference").splitlines() if line.startswith("| `")]
    assert len(rows) > 140
    assert [row for row in rows if row.endswith("|  |")] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_lead_to_what_is_there(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#\s]+)", page.read_text())
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_every_page_stands_in_the_navigation_once() -> None:
    def pages(part: object) -> list[str]:
        if isinstance(part, str):
            return [part]
        parts = part.values() if isinstance(part, dict) else part
        return [page for one in parts for page in pages(one)]

    listed = pages(yaml.safe_load((ROOT / "mkdocs.yml").read_text())["nav"])
    assert sorted(listed) == [page.name for page in PAGES]
