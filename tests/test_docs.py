"""The documentation: what is made from the code is current, and its links lead somewhere."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("*.md"))


def _made(by: str) -> str:
    spec = importlib.util.spec_from_file_location(by, DOCS / f"{by}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    page: str = module.page()
    return page


def test_the_configuration_reference_is_current() -> None:
    assert (DOCS / "configuration.md").read_text() == _made("make_reference"), "run make docs"


def test_the_models_cards_are_current() -> None:
    assert (DOCS / "models.md").read_text() == _made("make_models"), "run make docs"


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
