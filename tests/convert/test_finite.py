"""No number that a program of the workstation takes may be one that is none."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest
from click.types import FloatParamType
from drawn_eyes import convert_tflite

from convert.cli import main
from convert.finite import FiniteRange
from train.cli import group


def _options(command: click.Command, before: str = "") -> Iterator[tuple[str, click.Parameter]]:
    name = f"{before} {command.name}".strip()
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            yield from _options(inner, name)
    for parameter in command.params:
        if isinstance(parameter.type, FloatParamType):
            yield f"{name} {parameter.opts[0]}", parameter


OPTIONS = dict(pair for command in (main, group) for pair in _options(command))


def test_the_options_are_found() -> None:
    assert {"convert-tflite --clip-percentile", "train-model evaluate --temperature"} <= set(OPTIONS)


@pytest.mark.parametrize("name", OPTIONS)
@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "1e999"])
def test_no_option_takes_what_is_no_finite_number(name: str, value: str) -> None:
    option = OPTIONS[name]
    with pytest.raises(click.BadParameter):
        option.type.convert(value, option, None)


@pytest.mark.parametrize("value", ["0.5", "1", "2e10"])
def test_finite_numbers_within_the_bounds_are_taken(value: str) -> None:
    assert FiniteRange(min=0).convert(value, None, None) == float(value)


def test_the_sentence_names_option_and_value() -> None:
    done = convert_tflite("--clip-percentile", "nan")
    assert done.exit_code == 2
    assert "Invalid value for '--clip-percentile': nan is no finite number." in done.stderr


@pytest.mark.parametrize("value", ["0", "1e30"])
def test_a_temperature_that_leaves_nothing_of_the_answers_is_refused(value: str) -> None:
    option = OPTIONS["train-model evaluate --temperature"]
    with pytest.raises(click.BadParameter, match=r"not in the range 0\.01<=x<=100"):
        option.type.convert(value, option, None)
