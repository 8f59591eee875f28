"""The command train-model: fit and evaluate."""

from __future__ import annotations

import logging
import os
import shlex
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import click

from convert.finite import FiniteRange
from edge.cli_group import StoppableGroup, version_option
from edge.errors import CheckFailed, UserError
from train import commands, options
from train.comparison import command as comparison
from train.files import refuse_unwritable_folder, write_json, write_text
from train.mining import command as mining

FOLDER = click.Path(path_type=Path)
PLACES = ("face", "landmarks")
"""Tasks that tell where something is, not which class it is of: train/places/command.py."""


class _Stages(click.ParamType):
    name = "stages"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            stages = tuple((int(part.split("x")[0]), int(part.split("x")[1])) for part in value.split(","))
        except (ValueError, IndexError):
            stages = ()
        if not stages or min(map(min, stages)) < 1:
            self.fail(f"{value!r} is no list of channels and blocks; write such as 48x1,80x2,112x2.", param, ctx)
        return stages


STAGES = _Stages()


def _data_option(command: Callable[..., None], *, required: bool = True) -> Callable[..., None]:
    text = "Folder that holds fer2013/ and eyes.npz; also DRIVER_MONITOR_DATA."
    return click.option("--data", type=FOLDER, envvar="DRIVER_MONITOR_DATA", required=required, help=text)(command)


_data_or_images = partial(_data_option, required=False)


def _source(task: str, data: Path | None, images: Path | None) -> Path:
    """The folder that is read: one's own images where they are named, else the training data."""
    if images is not None and task != "emotion":
        raise UserError(f"--images is an option of emotion; give --data for {task}.")
    if images is None and data is None:
        raise click.MissingParameter(param_type="option", param_hint="'--data'")
    return images or data or Path()


@click.group(name="train-model", cls=StoppableGroup)
@version_option
def group() -> None:
    """Train and measure the models that ship; TASK is emotion, eyes, face or landmarks.

    Ctrl-C stops a command; fit, search, compare and mine go on where they were when they are called again.

    Example: train-model fit eyes --data DIR --output runs/eyes
    """


@group.command()
@click.argument("task")
@_data_or_images
@click.option("--output", type=FOLDER, required=True, help="The run folder; an interrupted run there goes on.")
@click.option("--epochs", type=click.IntRange(min=1), help="How often all images are seen.  [default: the recipe's]")
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True)
@click.option("--leave-out", metavar="SET", help="Eyes: keep nir, cew or web out of training, and test on it.")
@click.option("--cite", type=FOLDER, multiple=True, help="A run with --leave-out whose result the card shall state.")
@click.option("--start", type=FOLDER, help="A model.keras whose weights to begin with, to refine it.")
@click.option("--learning-rate", type=FiniteRange(min=0, min_open=True), help="[default: the recipe's]")
@click.option("--stop-after", type=click.IntRange(min=1), help="End after so many epochs; the schedule stays as it is.")
@click.option(
    "--votes", type=FiniteRange(0, 1), default=0.5, show_default=True, help="Emotion: part of FER+ in the targets."
)
@click.option(
    "--teacher",
    "teachers",
    type=FOLDER,
    multiple=True,
    help="Emotion, eyes: a model whose answers are learned, too; repeat.",
)
@click.option("--unlabelled", is_flag=True, help="Emotion: learn the teachers' answers for faces without a label, too.")
@click.option("--stages", type=STAGES, metavar="48x1,80x2,144x2", help="Channels and blocks of the residual network.")
@click.option("--images", type=FOLDER, help="Emotion: one's own images instead of --data, in a folder a label.")
@click.option("--mined", type=FOLDER, multiple=True, help="A folder of train-model mine, labelled: trained on, too.")
@options.recipe_options
@click.option(
    "--engine",
    type=click.Choice(["keras", "torch"]),
    default="keras",
    show_default=True,
    help="Emotion, eyes: what trains. PyTorch is faster without a GPU; for plain networks, AdamW and cosine.",
)
@click.option("--quantized", is_flag=True, help="Face, landmarks: refine a model with everything rounded as in int8.")
@click.option("--quiet", is_flag=True, help="No progress bar: one line an epoch.")
def fit(
    task: str,
    data: Path | None,
    output: Path,
    epochs: int | None,
    seed: int,
    leave_out: str | None,
    cite: tuple[Path, ...],
    start: Path | None,
    learning_rate: float | None,
    stop_after: int | None,
    votes: float,
    teachers: tuple[Path, ...],
    unlabelled: bool,
    stages: tuple[tuple[int, int], ...] | None,
    images: Path | None,
    mined: tuple[Path, ...],
    engine: str,
    quantized: bool,
    quiet: bool,
    **changes: Any,
) -> None:
    """Train a model, with a checkpoint after every epoch, a report and a card at the end.

    Example: train-model fit emotion --data DIR --output runs/emotion --epochs 30
    """
    source = _source(task, data, images)
    refuse_unwritable_folder(output)
    if mined and task in PLACES:
        raise UserError(f"--mined is an option of emotion and eyes; leave it out for {task}.")
    if unlabelled and (task != "emotion" or images or not teachers):
        raise UserError("--unlabelled is for emotion with --data and --teacher; leave it out for anything else.")
    if task in PLACES:
        from train.places import command as places

        options.refuse(task, changes | {"engine": engine if engine != "keras" else None})
        measured = places.fit(
            task, source, output, epochs=epochs, seed=seed, start=start, rate=learning_rate, quantized=quantized
        )
        click.echo(places.table(measured))
        click.echo(f"wrote {output / 'model.keras'} and card.json beside it")
        return
    from train import report, run

    command = f"train-model fit {task} {'--images' if images else '--data'} DIR --output RUN_DIR --seed {seed}"
    command += options.told(changes)
    asked = {
        "--epochs": epochs,
        "--leave-out": leave_out,
        "--start": start and start.name,
        "--learning-rate": learning_rate,
        "--stop-after": stop_after,
        "--votes": votes if votes != 0.5 else None,
        "--engine": engine if engine != "keras" else None,
    }
    if stages:
        asked["--stages"] = ",".join(f"{width}x{blocks}" for width, blocks in stages)
    for option, value in asked.items():
        if value is not None:
            command += f" {option} {shlex.quote(str(value))}"
    command += "".join(f" --teacher {shlex.quote(teacher.name)}" for teacher in teachers)
    command += " --unlabelled" if unlabelled else ""
    command += "".join(f" --mined {shlex.quote(folder.name)}" for folder in mined)
    results = run.fit(
        task,
        source,
        output,
        epochs=epochs,
        seed=seed,
        leave_out=leave_out,
        cite=list(cite),
        start=start,
        learning_rate=learning_rate,
        stop_after=stop_after,
        votes=votes,
        teachers=list(teachers),
        stages=stages,
        asked=changes,
        own=images is not None,
        mined=mined,
        unlabelled=unlabelled,
        engine=engine,
        command=command,
        verbose=options.keras_bar(quiet=quiet),
    )
    click.echo(report.table(results))
    click.echo(f"wrote {output / 'model.keras'}, card.json and report/ beside it")


@group.command()
@click.argument("task")
@click.argument("model", type=FOLDER)
@_data_or_images
@click.option("--images", type=FOLDER, help="Emotion: one's own images instead of --data, in a folder a label.")
@click.option("--split", type=click.Choice(["test", "validation"]), help="[default: test; eyes: validation]")
@click.option("--leave-out", metavar="SET", help="Eyes: test on this whole set, which the model was not trained on.")
@click.option("--level", "levelled", is_flag=True, help="Bring patches to one mean and contrast, as the vehicle does.")
@click.option("--temperature", type=FiniteRange(0.01, 100), help="[default: the card's, else 1]")
@click.option("--json", "json_file", type=FOLDER, help="Write the figures to this file.")
@click.option("--report", "report_folder", type=FOLDER, help="Write tables and pictures to this folder.")
def evaluate(
    task: str,
    model: Path,
    data: Path | None,
    images: Path | None,
    split: str | None,
    leave_out: str | None,
    levelled: bool,
    temperature: float | None,
    json_file: Path | None,
    report_folder: Path | None,
) -> None:
    """Measure MODEL, a .keras or an int8 .tflite, on images that it was not trained on.

    Example: train-model evaluate eyes edge/models/eyes.tflite --data DIR --json eyes.json
    """
    from convert.package import refuse_unwritable

    source = _source(task, data, images)
    if json_file is not None:
        refuse_unwritable(json_file)
    refuse_unwritable_folder(report_folder)
    if task in PLACES:
        from train.places import command as places

        measured = places.evaluate(task, model, source)
        click.echo(places.table(measured))
        if json_file:
            write_json(json_file, measured)
        return
    from train import report, run

    recipe = run.recipe_of_model(task, model)
    split = split or ("test" if task == "emotion" or leave_out else "validation")
    temperature = temperature or run.temperature_of(model)
    results = run.evaluate(
        task,
        model,
        source,
        split=split,
        leave_out=leave_out,
        levelled=levelled,
        temperature=temperature,
        own=images is not None,
    )
    click.echo(report.table(results))
    if json_file:
        write_json(json_file, results)
    if report_folder:
        report.write(report_folder, recipe, {split: results})


@group.command()
@click.argument("task", type=click.Choice(["face", "eyes", "emotion"]))
@click.argument("model", type=FOLDER)
@_data_option
@click.option("--yunet", type=FOLDER, help="YuNet's ONNX model, to be measured beside.")
@click.option("--haar", is_flag=True, help="Measure OpenCV's cascade beside, which takes minutes.")
@click.option("--recording", "recordings", type=FOLDER, multiple=True, help="A recording to be searched, too; repeat.")
@click.option("--recordings-only", is_flag=True, help="Leave the pictures out.")
@click.option("--keep", type=FOLDER, help="Keep there what YuNet and Haar found, and take it from there next time.")
@click.option("--leave-out", metavar="SET", help="Eyes: nir, cew or web, the set that the model was trained without.")
@click.option("--groups-only", is_flag=True, help="Only what differs between groups of people.")
@click.option("--limits", type=FOLDER, help="How far groups may lie apart.  [default: train/audit_limits.yaml]")
@click.option("--output", type=FOLDER, help="Write the tables to this file.  [default: standard output]")
def audit(
    task: str,
    model: Path,
    data: Path,
    yunet: Path | None,
    haar: bool,
    recordings: tuple[Path, ...],
    recordings_only: bool,
    keep: Path | None,
    leave_out: str | None,
    groups_only: bool,
    limits: Path | None,
    output: Path | None,
) -> None:
    """Measure a MODEL, int8 .tflite, where it is hard, and by groups of people.

    A detector: in bad light, turned and covered, in recordings. Eyes: hidden and hardly visible. All three: how far
    what is said of people differs by age, gender and race (docs/fairness.md); ends with exit code 1 where a difference
    is over its limit.

    Example: train-model audit emotion edge/models/emotion.tflite --data DIR --output fairness.md
    """
    from convert.package import refuse_unwritable
    from train.fairness import audit as groups

    if output is not None:
        refuse_unwritable(output)
    refuse_unwritable_folder(keep)
    page, within = ("", True) if recordings_only else groups.audit(task, model, data, limits)
    parts = [page] if page else []
    if task == "eyes" and not groups_only:
        from train import eyes_audit

        parts.insert(0, eyes_audit.audit(model, data, leave_out))
    if task == "face" and not groups_only:
        parts.insert(0, _audit_of_faces(model, data, yunet, haar, recordings, recordings_only, keep))
    _show("\n\n".join(parts), output)
    if not within:
        raise CheckFailed("a difference between groups of people is not within its limit; the page names each.")


def _audit_of_faces(
    model: Path,
    data: Path,
    yunet: Path | None,
    haar: bool,
    recordings: tuple[Path, ...],
    recordings_only: bool,
    keep: Path | None,
) -> str:
    from edge.config import FaceConfig, VisionConfig
    from edge.vision.card import read_card
    from train.places import face_audit, face_recordings

    finders = {face_audit.OWN: face_audit.native(model, read_card(model).thresholds.get("face", 0.5))}
    if yunet is not None:
        finders["YuNet"] = face_audit.yunet(yunet)
    if haar:
        finders["Haar"] = face_audit.haar()
    parts = [] if recordings_only else [face_audit.audit(data, finders, keep=keep)]
    if recordings:
        config = VisionConfig(face=FaceConfig(native_model=model))
        parts.append(face_recordings.audit(recordings, finders, finders.get("YuNet"), config))
    return "\n\n".join(parts)


group.add_command(commands.explore)
group.add_command(commands.search)
group.add_command(commands.ensemble)
group.add_command(commands.average)
group.add_command(commands.adjust)
group.add_command(commands.unknown)
group.add_command(mining.mine)
group.add_command(comparison.compare)


@group.command()
@click.argument("task", type=click.Choice(["emotion"]))
@click.argument("models", type=FOLDER, nargs=-1, required=True)
@_data_option
@click.option("--fer", type=FOLDER, help="The quantised model file of the package `fer`, to be measured beside.")
@click.option("--output", type=FOLDER, help="Write the table to this file.  [default: standard output]")
def robustness(task: str, models: tuple[Path, ...], data: Path, fer: Path | None, output: Path | None) -> None:  # noqa: ARG001
    """Measure MODELS, int8 .tflite, in bad light, blurred, covered, and on a set of other people.

    Example: train-model robustness emotion edge/models/emotion.tflite --data DIR
    """
    from convert.package import refuse_unwritable
    from train import robustness as conditions

    if output is not None:
        refuse_unwritable(output)
    answers = {f"{model.stem} {number + 1}": conditions.own(model) for number, model in enumerate(models)}
    if fer is not None:
        answers["fer"] = conditions.fer_package(fer)
    rows = [row for name, answer in answers.items() for row in conditions.measure(name, answer, data)]
    _show(conditions.table(rows), output)


def _show(tables: str, output: Path | None) -> None:
    if output is None:
        click.echo(tables)
    else:
        write_text(output, tables + "\n")


def main() -> None:
    """Entry point: an error that a person can mend is one sentence, never a traceback."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        group()
    except UserError as error:
        click.echo(f"train-model: {error}", err=True)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
