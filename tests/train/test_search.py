"""The random search: it tries what the reports tried, goes on after an interruption, and gives fit what it found."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from edge.errors import InputError
from train import cli, options, run, search
from train import fit as fitting
from train.data import Examples
from train.guards import OutOfMemory
from train.recipes import EYES

TINY = dataclasses.replace(
    EYES, labels=("open", "closed"), input=EYES.input.model_copy(update={"width": 16, "height": 16}), batch=8, steps=1
)


def _examples(*_: Any, **__: Any) -> Examples:
    images = np.random.default_rng(0).integers(0, 256, (24, 16, 16)).astype(np.uint8)
    state = np.arange(24) % 2
    targets = np.eye(2, dtype=np.float32)[state]
    return Examples(images, targets, np.ones(24, np.float32), {"state": state}, np.full(24, "web"))


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two classes of noise, and networks that are as small as the search allows."""
    monkeypatch.setattr(run, "examples_of", _examples)
    monkeypatch.setattr(search, "recipe_of", lambda task: TINY)


def _search(output: Path, trials: int, **more: Any) -> list[dict[str, Any]]:
    return search.search("eyes", output, output, trials=trials, epochs=1, verbose=0, **more)


@pytest.mark.usefixtures("tiny")
def test_the_command_writes_a_table_and_what_fit_can_use(tmp_path: Path) -> None:
    arguments = ["search", "eyes", "--data", str(tmp_path), "--output", str(tmp_path), "--trials", "2", "--epochs", "1"]
    done = CliRunner().invoke(cli.group, [*arguments, "--share", "0.5", "--quiet"])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "trials.md").read_text().count("\n| ") == 2
    found = json.loads((tmp_path / "trials.json").read_text())["trials"]
    assert found[0]["validation"] >= found[1]["validation"]
    recipe = options.changed(TINY, {"network": tmp_path / "best.json"})
    assert recipe.options == found[0]["network"]["options"]
    assert recipe.learning_rate == found[0]["network"]["learning_rate"]


@pytest.mark.usefixtures("tiny")
def test_an_interrupted_search_tries_nothing_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fit, folders = fitting.fit, []

    def noted(recipe: Any, training: Any, validation: Any, output: Path, **more: Any) -> Any:
        folders.append(output.name)
        if len(folders) == 2:
            raise KeyboardInterrupt
        return fit(recipe, training, validation, output, **more)

    monkeypatch.setattr(fitting, "fit", noted)
    with pytest.raises(KeyboardInterrupt):
        _search(tmp_path, 2)
    done = _search(tmp_path, 2)
    assert len(done) == 2
    assert folders == ["trial-0", "trial-1", "trial-1"]


@pytest.mark.usefixtures("tiny")
def test_a_network_too_large_for_the_memory_fails_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fit = fitting.fit

    def too_large(recipe: Any, training: Any, validation: Any, output: Path, **more: Any) -> Any:
        if output.name == "trial-0":
            raise OutOfMemory("too large")
        return fit(recipe, training, validation, output, **more)

    monkeypatch.setattr(fitting, "fit", too_large)
    done = _search(tmp_path, 2)
    assert [row["validation"] is None for row in done] == [False, True]
    assert "| failed |" in (tmp_path / "trials.md").read_text()


@pytest.mark.usefixtures("tiny")
def test_what_ends_a_run_ends_the_search(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> Any:
        raise InputError("the run cannot be written")

    monkeypatch.setattr(fitting, "fit", full)
    with pytest.raises(InputError, match="the run cannot be written"):
        _search(tmp_path, 2)


@pytest.mark.usefixtures("tiny")
def test_another_search_is_not_mixed_with_this_one(tmp_path: Path) -> None:
    (tmp_path / "search.json").write_text(json.dumps({"task": "eyes", "architecture": "residual", "epochs": 1}))
    with pytest.raises(InputError, match="holds a search with another seed, share; give the same options or another"):
        _search(tmp_path, 1)


@pytest.mark.parametrize("architecture", search.ARCHITECTURES)
def test_every_draw_builds(architecture: str) -> None:
    from train import architectures

    drawn = search.space(architecture)
    random = np.random.default_rng(0)
    for _ in range(2):
        values = {each.name: each.random_sample(int(random.integers(1 << 30))) for each in drawn.space}
        found = search.network(architecture, values)
        model = architectures.build(architecture, (48, 48, 1), 5, **found["options"])
        assert model.output_shape == (None, 5)
        assert search.RATES[0] <= found["learning_rate"] <= search.RATES[1]


def test_the_space_of_the_tuned_network_is_that_of_its_report() -> None:
    drawn = search.space("cnn_tuned")
    by_name = {each.name: each for each in drawn.space}
    assert (by_name["blocks"].min_value, by_name["blocks"].max_value) == (3, 5)
    assert {by_name["filters_4"].values[0], by_name["filters_4"].values[-1]} == {16, 512}
    assert by_name["kernel"].values == [3, 5]
    assert (by_name["dense"].min_value, by_name["dense"].max_value) == (1, 3)
    assert (by_name["units_2"].min_value, by_name["units_2"].max_value) == (32, 256)


def test_a_share_of_the_images_has_every_class_and_is_always_the_same() -> None:
    examples = _examples()
    part = examples.part(0.25, seed=3)
    assert len(part) == 6
    assert (part.labels["state"] == 0).sum() == 3
    np.testing.assert_array_equal(part.images, examples.part(0.25, seed=3).images)
