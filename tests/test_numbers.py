"""The numbers in README and docs/ are those of the models, the configuration, the code and the results kept."""

from __future__ import annotations

import importlib
import json
import re
from pathlib import Path
from types import ModuleType

import pytest

from edge.config import SHIPPED_MODELS
from edge.vision.card import read_card

DOCS = Path(__file__).resolve().parent.parent / "docs"


@pytest.fixture
def numbers(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(DOCS)
    return importlib.import_module("check_numbers")


def test_every_number_agrees(numbers: ModuleType) -> None:
    assert list(numbers.problems()) == []


def test_a_number_that_is_wrong_is_told_with_the_true_one(numbers: ModuleType) -> None:
    claim = numbers.claims.Claim("README.md", "closed for # s (`microsleep`", lambda: [1.6])
    assert claim.wrong() == "README.md: «closed for 1.5 s (`microsleep`»: 1.5 is 1.6."


def test_a_place_that_is_gone_from_its_page_is_told(numbers: ModuleType) -> None:
    claim = numbers.claims.Claim("README.md", "closed for # fortnights", lambda: [2])
    assert "does not stand there" in claim.wrong()


@pytest.mark.parametrize(
    ("shown", "true"), [("84.1", 84.14), ("718", 718.214), ("31,119", 31119), ("0.12", 0.12), ("3", 3.0)]
)
def test_a_shown_number_is_the_true_one_rounded(numbers: ModuleType, shown: str, true: float) -> None:
    assert numbers.claims.agrees(shown, true)


@pytest.mark.parametrize(("shown", "true"), [("84.1", 84.16), ("3", 3.6), ("31,119", 31118), ("0.12", 0.13)])
def test_another_number_is_not(numbers: ModuleType, shown: str, true: float) -> None:
    assert not numbers.claims.agrees(shown, true)


def test_results_of_other_models_are_told(numbers: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    made_with = tmp_path / "made-with.json"
    made_with.write_text(json.dumps({"emotion": {"emotion": "0" * 64}}))
    monkeypatch.setattr(numbers, "MADE_WITH", made_with)
    assert [line for line in numbers.problems() if "measured with other models" in line]


def test_what_is_measured_anew_may_differ_by_a_rounding_and_no_more(numbers: ModuleType) -> None:
    before = {"accuracy": 0.8414, "delay_s": [0.23], "missed": []}
    near = {"accuracy": 0.8421, "delay_s": [0.26], "missed": []}
    far = {"accuracy": 0.83, "delay_s": [0.23], "missed": ["fatigue"]}
    assert list(numbers._differences(before, near, "")) == []
    assert len(list(numbers._differences(before, far, ""))) == 2


def test_the_models_of_an_example_are_those_that_ship() -> None:
    told = re.findall(r"(\w+) (\d+\.\d+\.\d+) \(([0-9a-f]{8})\)", (DOCS / "operations.md").read_text())
    shipped = {name: read_card(SHIPPED_MODELS / f"{name}.tflite") for name in ("emotion", "eyes", "face", "landmarks")}
    assert told == [(name, card.version, card.sha256[:8]) for name, card in shipped.items()]
