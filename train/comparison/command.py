"""The command `train-model compare`; what is slow to import comes when it runs."""

from __future__ import annotations

from pathlib import Path

import click

from convert.finite import FiniteRange
from edge.errors import UserError
from train.files import refuse_unwritable_folder

FOLDER = click.Path(path_type=Path)


@click.command()
@click.argument("task", type=click.Choice(["emotion"]))
@click.option("--architecture", "names", multiple=True, metavar="NAME", help="A classifier; repeat.  [default: all]")
@click.option(
    "--model", "models", multiple=True, metavar="NAME=FILE", help="A ready .tflite or .keras as a row; repeat."
)
@click.option(
    "--data",
    type=FOLDER,
    envvar="DRIVER_MONITOR_DATA",
    required=True,
    help="Folder that holds fer2013/; also DRIVER_MONITOR_DATA.",
)
@click.option("--output", type=FOLDER, required=True, help="The folder of the comparison; a run there goes on.")
@click.option("--epochs", type=click.IntRange(min=1), help="At most so many for each.  [default: its report's]")
@click.option("--minutes", type=FiniteRange(min=0, min_open=True), help="Training time of each network at most.")
@click.option("--classes", type=click.Choice(["4", "5", "7"]), default="4", show_default=True)
@click.option("--votes", type=FiniteRange(0, 1), default=0.0, show_default=True, help="Part of FER+ in the targets.")
@click.option(
    "--share",
    type=FiniteRange(0, 1, min_open=True),
    default=1.0,
    show_default=True,
    help="Of the training and validation images, for the networks of 224 pixels.",
)
@click.option(
    "--weights",
    "weights",
    multiple=True,
    metavar="none|imagenet|FILE|NAME=FILE",
    help="What backbones begin with; repeat for one NAME each.  [default: imagenet]",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--quiet", is_flag=True, help="No progress bar.")
def compare(
    task: str,  # noqa: ARG001  there is one
    names: tuple[str, ...],
    models: tuple[str, ...],
    data: Path,
    output: Path,
    epochs: int | None,
    minutes: float | None,
    classes: str,
    votes: float,
    share: float,
    weights: tuple[str, ...],
    seed: int,
    quiet: bool,
) -> None:
    """Train and measure classifiers on the same images, and write the table of all with pictures.

    The same command goes on where an interrupted one was; what is done is not trained again. With more --minutes or
    --epochs, those that were cut go on. --model alone, without --architecture, trains none.

    Example: train-model compare emotion --architecture ann --architecture cnn_2_blocks --minutes 2 --data DIR
    --output DIR --model shipped=edge/models/emotion.tflite
    """
    refuse_unwritable_folder(output)
    from convert.quiet import quiet as silent

    with silent():
        import keras

        keras.random.uniform((1,))  # the backend starts, and says so, at its first operation
        from train.comparison import report
        from train.comparison import run as comparing
        from train.comparison.data import CLASSES
        from train.comparison.fit import Limits
        from train.comparison.given import check
        from train.comparison.recipes import NAMES, takes_weights

    unknown = [name for name in names if name not in NAMES]
    if unknown:
        raise UserError(f"there is no architecture '{unknown[0]}' to compare; choose of: {', '.join(NAMES)}.")
    given = {name: Path(path) for name, path in (_pair(text, "--model") for text in models)}
    for name, path in given.items():
        if name in NAMES or not name.replace("-", "").replace("_", "").replace(".", "").isalnum():
            raise UserError(
                f"--model {name}=...: name the row otherwise, with letters and digits, like no architecture."
            )
        check(path, CLASSES[int(classes)])
    chosen = names or (() if models else NAMES)
    common = next((text for text in weights if "=" not in text), "imagenet")
    single = dict(_pair(text, "--weights") for text in weights if "=" in text)
    asked = comparing.Asked(
        architectures=tuple(name for name in NAMES if name in chosen),
        classes=int(classes),
        votes=votes,
        share=share,
        seed=seed,
        limits=Limits(epochs, minutes),
        weights={name: single.get(name, common) for name in NAMES if takes_weights(name)},
    )
    rows = comparing.run(data, output, asked, given, shown=not quiet)
    question = (
        f"{classes} classes: {', '.join(CLASSES[int(classes)])}. Trained on FER2013's `Training` without any image "
        f"that also stands in a later split, with FER+ votes as {votes:g} of the targets; epochs chosen on "
        f"`PublicTest`, seed {seed}; measured on `PrivateTest` without duplicates."
    )
    report.write(output, rows, question)
    width = max(len(row["name"]) for row in rows)
    for row in rows:
        shares = [row["labels"][name]["accuracy"] for name in ("ferplus", "fer2013")]
        click.echo(f"{row['name']:{width}}  FER+ {shares[0]:.2%}  FER2013 {shares[1]:.2%}")
    click.echo(f"wrote {output / 'comparison.md'}, comparison.csv and pictures/ beside it")


def _pair(text: str, option: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not (name and sign and value):
        raise UserError(f"{option} {text}: write it as NAME=FILE.")
    return name, value
