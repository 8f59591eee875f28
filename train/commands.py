"""The commands beside fit and evaluate that have a module of their own; what is slow to import comes when one runs."""

from __future__ import annotations

import math
from pathlib import Path

import click

from convert.finite import FiniteRange
from train.files import refuse_unwritable_folder
from train.options import keras_bar

FOLDER = click.Path(path_type=Path)
DATA = click.option(
    "--data",
    type=FOLDER,
    envvar="DRIVER_MONITOR_DATA",
    required=True,
    help="Folder that holds fer2013/ and eyes.npz; also DRIVER_MONITOR_DATA.",
)


@click.command()
@click.argument("task", type=click.Choice(["emotion", "eyes"]), default="emotion")
@DATA
@click.option("--output", type=FOLDER, required=True, help="The folder for report.md, explore.json and pictures.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Which samples are shown.")
def explore(task: str, data: Path, output: Path, seed: int) -> None:
    """What a data set holds: classes, grey levels, samples, identical images, labels that disagree.

    The sample grids show images of the set; they go to the --output folder and nowhere else.

    Example: train-model explore emotion --data DIR --output explored
    """
    refuse_unwritable_folder(output)
    from train import explore_report

    found = explore_report.write(task, data, output, seed)
    double = found["duplicates"]
    click.echo(
        f"{found['images']} images; {double['groups']} groups of identical ones, {double['across']} across splits"
    )
    click.echo(f"wrote {output / 'report.md'}, explore.json and pictures beside it; the sample grids are for you alone")


@click.command()
@click.argument("task", type=click.Choice(["emotion", "eyes"]))
@DATA
@click.option(
    "--output", type=FOLDER, required=True, help="The folder of the search; an interrupted one goes on there."
)
@click.option(
    "--architecture",
    type=click.Choice(["residual", "cnn_tuned"]),
    default="residual",
    show_default=True,
    help="The family of networks that is searched.",
)
@click.option("--trials", type=click.IntRange(min=1), default=10, show_default=True, help="How many are tried in all.")
@click.option("--epochs", type=click.IntRange(min=1), default=10, show_default=True, help="Of each trial.")
@click.option(
    "--share",
    type=FiniteRange(0, 1, min_open=True),
    default=1.0,
    show_default=True,
    help="Part of the training images of each class that a trial sees.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--quiet", is_flag=True, help="No progress bar: one line an epoch.")
def search(
    task: str,
    data: Path,
    output: Path,
    architecture: str,
    trials: int,
    epochs: int,
    share: float,
    seed: int,
    quiet: bool,
) -> None:
    """Random search for a network: widths, depths, learning rate; fit takes the best with --network.

    Example: train-model search eyes --data DIR --output runs/search --trials 20 --share 0.2
    """
    refuse_unwritable_folder(output)
    from train import search as searching

    done = searching.search(
        task,
        data,
        output,
        architecture=architecture,
        trials=trials,
        epochs=epochs,
        share=share,
        seed=seed,
        verbose=keras_bar(quiet=quiet),
    )
    click.echo(searching.table(done))
    click.echo(f"wrote {output / 'trials.md'}; the best for train-model fit {task}: --network {output / 'best.json'}")


@click.command()
@click.argument("models", type=FOLDER, nargs=-1, metavar="MODEL...", required=True)
@click.option("-o", "--output", type=FOLDER, required=True, help="The .keras file to write, in a folder of its own.")
def ensemble(models: tuple[Path, ...], output: Path) -> None:
    """Several model.keras of one kind as one: the mean of their calibrated probabilities, to evaluate or convert.

    Example: train-model ensemble runs/a/model.keras runs/b/model.keras -o runs/both/model.keras
    """
    refuse_unwritable_folder(output.parent)
    from train import ensemble as joining

    card = joining.write(models, output)
    click.echo(f"wrote {output} of {len(models)} models and card.json beside it")
    click.echo(f"measure it with: train-model evaluate {card.task} {output}")


MOST_NATS = 100
"""Added to a logit: e^100 outweighs whatever a picture says, and weights of float32 still hold it."""


class _Shift(click.ParamType):
    name = "label=nats"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, float]:
        label, _, nats = str(value).partition("=")
        try:
            number = float(nats)
        except ValueError:
            number = math.nan
        if not abs(number) <= MOST_NATS:  # NaN is not, either
            self.fail(
                f"{value!r} is no label with what is added to it, up to {MOST_NATS}; write such as sad=0.5.", param, ctx
            )
        return label, number


@click.command()
@click.argument("task", type=click.Choice(["emotion", "eyes"]))
@click.argument("model", type=FOLDER)
@DATA
@click.option("--logit", "logits", type=_Shift(), metavar="LABEL=NATS", multiple=True, required=True, help="Repeat.")
@click.option("--output", type=FOLDER, required=True, help="The new run folder.")
def adjust(task: str, model: Path, data: Path, logits: tuple[tuple[str, float], ...], output: Path) -> None:
    """Make a trained MODEL.keras answer a label more readily: its recall rises, its precision falls.

    So much is added to the label's logit; temperature, report and card are made anew, as after training.

    Example: train-model adjust emotion runs/a/model.keras --logit sad=0.5 --data DIR --output runs/b
    """
    from train import adjust as adjusting
    from train import report

    if len(dict(logits)) < len(logits):
        raise click.UsageError("--logit names a label twice; say once what is added to it.")
    refuse_unwritable_folder(output)
    told = " ".join(f"--logit {label}={nats:g}" for label, nats in logits)
    command = f"train-model adjust {task} model.keras {told} --data DIR --output RUN_DIR"
    click.echo(report.table(adjusting.write(task, model, dict(logits), data, output, command)))
    click.echo(f"wrote {output / 'model.keras'}, card.json and report/ beside it")


@click.command()
@click.argument("task", type=click.Choice(["emotion", "eyes"]))
@click.argument("first", type=FOLDER)
@click.argument("second", type=FOLDER)
@DATA
@click.option("--share", type=FiniteRange(0, 1), default=0.5, show_default=True, help="Of SECOND's weights.")
@click.option("--output", type=FOLDER, required=True, help="The new run folder.")
def average(task: str, first: Path, second: Path, data: Path, share: float, output: Path) -> None:
    """Make one MODEL.keras of two, weight by weight: of FIRST and of SECOND, whose training began with FIRST.

    It keeps of FIRST what SECOND forgot; temperature, report and card are made anew, as after training.

    Example: train-model average emotion runs/a/model.keras runs/b/model.keras --share 0.8 --data DIR --output runs/c
    """
    refuse_unwritable_folder(output)
    from train import average as averaging
    from train import report

    command = f"train-model average {task} model.keras model.keras --share {share:g} --data DIR --output RUN_DIR"
    click.echo(report.table(averaging.write(task, first, second, share, data, output, command)))
    click.echo(f"wrote {output / 'model.keras'}, card.json and report/ beside it")


@click.command()
@click.argument("task", type=click.Choice(["emotion"]))
@click.argument("model", type=FOLDER)
@DATA
def unknown(task: str, model: Path, data: Path) -> None:  # noqa: ARG001  there is one
    """Measure by which score MODEL, .keras or .tflite, tells best what is no face.

    Example: train-model unknown emotion edge/models/emotion.tflite --data DIR
    """
    from train import unknown as scores

    click.echo(scores.as_text(scores.table(model, data)))
