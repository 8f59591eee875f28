"""Several trained models as one: the mean of their probabilities, each made calibrated by its own temperature first.

The answer is the logarithm of that mean, whose softmax gives the mean again, so the file is measured, converted and
used like any other model's; it costs the time of all its members together.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from convert.quiet import quiet
from edge.errors import InputError
from edge.vision.card import ModelCard
from train import remake
from train.evaluate import load
from train.files import replace
from train.guards import room

LEAST = 1e-7
"""Added to a mean probability, so that its logarithm is a number."""


def members(paths: Sequence[Path]) -> list[ModelCard]:
    """The cards beside the models.

    Raises:
        InputError: fewer than two models, one without a card, or with other labels, input or points than the first.
    """
    if len(paths) < 2:
        raise InputError(
            f"{', '.join(map(str, paths)) or 'nothing'}: an ensemble is of two models at least; name more."
        )
    cards = remake.cards_of(paths)
    for path, card in zip(paths, cards, strict=True):
        if card.source.get("points"):
            raise InputError(
                f"{path}: it reads points beside the pixels, which an ensemble does not give; leave it out."
            )
    return cards


def build(paths: Sequence[Path], temperatures: Sequence[float]) -> Any:
    """The keras.Model: float32[n, height, width, channels] in, logits float32[n, labels] out.

    Raises:
        InputError: a model cannot be loaded.
    """
    with quiet():
        import keras

        answers = []
        image: Any = None
        for number, (path, temperature) in enumerate(zip(paths, temperatures, strict=True)):
            member = load(path)
            member.name = f"member_{number}"
            if image is None:
                image = keras.Input(member.input_shape[1:], name="image", dtype="float32")
            scaled = keras.layers.Rescaling(1 / temperature, name=f"calibrated_{number}")(member(image))
            answers.append(keras.layers.Softmax(name=f"probabilities_{number}")(scaled))
        mean = keras.layers.Average(name="mean")(answers)
        return keras.Model(image, keras.ops.log(mean + LEAST), name="ensemble")


def write(paths: Sequence[Path], output: Path) -> ModelCard:
    """Writes the ensemble and its card beside it; gives the card.

    Raises:
        InputError: the models do not go together; the output is no .keras file, cannot be written, or lies where
            another model's card is.
    """
    if output.suffix != ".keras":
        raise InputError(f"{output}: an ensemble is written as a .keras file; name one.")
    beside = output.parent / "card.json"
    if beside.exists():
        raise InputError(f"{beside}: there is another model's card; write the ensemble into a folder of its own.")
    cards = members(paths)
    model = build(paths, [card.temperature for card in cards])
    first = cards[0]
    source = first.source | {"commands": [each for card in cards for each in card.source.get("commands", [])]}
    source["members"] = [path.parent.name for path in paths]
    card = first.model_copy(update={"temperature": 1.0, "results": {}, "source": source})
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{output.parent}: the folder cannot be made ({error.strerror}); choose another.") from None
    with room(output.parent), quiet():
        new = output.with_name(f"new-{output.name}")
        model.save(new)
        new.replace(output)
        replace(beside, card.model_dump_json(indent=1) + "\n")
    return card
