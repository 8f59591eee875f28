"""The command convert-tflite: quantize, compare, package; or look into a model file."""

from __future__ import annotations

import json
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from convert.finite import FiniteRange
from edge.cli_group import Stoppable, version_option
from edge.errors import CheckFailed, ConfigError, UserError

if TYPE_CHECKING:  # everything heavy is imported where it is needed, so that --help answers at once
    import numpy as np
    from numpy.typing import NDArray

    from convert.judge import Verdict
    from convert.quantize import Precision
    from edge.vision.card import ModelCard

TASKS = ("emotion", "eyes", "face", "landmarks")
PRECISIONS = ("int8", "int8-weights", "float16")

FILE = click.Path(path_type=Path)


@click.command(name="convert-tflite", cls=Stoppable)
@version_option
@click.argument("model", metavar="MODEL", type=FILE, required=False)
@click.option("--task", type=click.Choice(TASKS), help="What the model answers.  [required]")
@click.option(
    "--data",
    type=FILE,
    envvar="DRIVER_MONITOR_DATA",
    help="Folder of the training data; also DRIVER_MONITOR_DATA.  [required]",
)
@click.option("--images", type=FILE, help="Emotion: one's own images instead of --data, as train-model fit takes them.")
@click.option("-o", "--output", type=FILE, help="The model file to write.  [required]")
@click.option(
    "--card", type=FILE, help="The card that training wrote. [default: card.json, or NAME.card.json, beside MODEL]"
)
@click.option(
    "--calibration-count",
    type=click.IntRange(min=1),
    default=500,
    show_default=True,
    metavar="PICTURES",
    help="How many pictures the ranges of the activations are taken from.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Chooses the pictures.")
@click.option(
    "--precision",
    type=click.Choice(PRECISIONS),
    default="int8",
    show_default=True,
    help="int8 throughout, int8 weights with float activations, or float16 weights.",
)
@click.option(
    "--clip-percentile",
    type=FiniteRange(min=50, max=100, min_open=True),
    metavar="P",
    help="Int8: activations beyond this percentile saturate, so that outliers do not widen the ranges.",
)
@click.option("--report", type=FILE, help="Write the comparison as JSON and Markdown, also where the model is refused.")
@click.option("--layers", is_flag=True, help="Int8: say which layers lose most, in the report, too.")
@click.option("--inspect", "inspected", type=FILE, help="Only print what is in this model file: card, operators, time.")
@click.option("--json", "as_json", is_flag=True, help="With --inspect: print it as one JSON object.")
def main(
    model: Path | None,
    task: str | None,
    data: Path | None,
    images: Path | None,
    output: Path | None,
    card: Path | None,
    calibration_count: int,
    seed: int,
    precision: str,
    clip_percentile: float | None,
    report: Path | None,
    layers: bool,
    inspected: Path | None,
    as_json: bool,
) -> None:
    """Turn MODEL, a .keras file or the folder of a SavedModel, into an int8 TFLite model with its card.

    Float and int8 are compared on held-out data, class by class. Where the int8 model loses too much, nothing is
    written and the exit code is 1.

    Example: convert-tflite run/model.keras --task eyes --data DIR -o eyes.tflite --report report.json

    Example: convert-tflite --inspect eyes.tflite
    """
    try:
        if inspected is not None:
            from convert.inspect import inspect, text

            found = inspect(inspected)
            click.echo(json.dumps(found, indent=1) if as_json else text(inspected, found))
            return
        if as_json:
            raise click.UsageError("--json is for --inspect; --report FILE writes the comparison as JSON.")
        if images is not None and task != "emotion":
            raise click.UsageError("--images is for emotion; give --data.")
        asked = {"MODEL": model, "--task": task, "--data": images or data, "--output": output}
        if missing := [name for name, value in asked.items() if value is None]:
            raise click.UsageError(f"missing {', '.join(missing)}; see convert-tflite --help.")
        if precision != "int8" and (layers or clip_percentile is not None):
            raise click.UsageError("--layers and --clip-percentile are about int8 activations; use --precision int8.")
        convert(
            cast("Path", model),
            task=cast("str", task),
            data=cast("Path", images or data),
            own=images is not None,
            output=cast("Path", output),
            card=card,
            count=calibration_count,
            seed=seed,
            report=report,
            precision=cast("Precision", precision),
            clip_percentile=clip_percentile,
            look_at_layers=layers,
        )
    except UserError as error:
        click.echo(f"convert-tflite: {error}", err=True)
        sys.exit(error.exit_code)


def convert(
    model: Path,
    *,
    task: str,
    data: Path,
    output: Path,
    card: Path | None,
    count: int,
    seed: int,
    report: Path | None,
    precision: Precision = "int8",
    clip_percentile: float | None = None,
    look_at_layers: bool = False,
    own: bool = False,
) -> None:
    """What the command does; prints the comparison. `card`: None for the one beside the model; `own`: `data` holds
    one's own images, a folder a label.

    Raises:
        InputError: something that was named cannot be used.
        CheckFailed: the int8 model loses too much, or the float model answers a class too seldom already; nothing was
            written but the report.
    """
    from convert import judge, network, package, quantize
    from convert import layers as layers_of
    from convert import report as reports
    from edge.vision.card import append_card

    card = card or package.card_beside(model)
    package.refuse_unwritable(output)
    named = {"MODEL": model, "--card": card, "--output": output}
    if report is not None:
        package.refuse_unwritable(report)  # first: a folder such as "." has no name to put another ending on
        named |= {"--report": report, "the Markdown of --report": report.with_suffix(".md")}
        package.refuse_unwritable(report.with_suffix(".md"))
    package.refuse_same(named)
    network.refuse_foreign(model)  # before the card: a name that was mistyped has none beside it either
    partial = package.training_card(card, task)
    trained = network.load(model)  # first: it sets up TensorFlow, which reading the data may import
    calibration, inputs, truth = _examples(task, data, count, seed, partial, own=own)
    for name, pictures in (("calibration", calibration), ("held-out", inputs)):
        package.refuse_unscaled(partial, pictures, name)

    package.refuse_misfit(partial, trained.input_shape, trained.outputs)
    float_output = trained.logits(inputs)
    package.refuse_infinite(model, float_output)  # before quantization: from such the converter ends the process
    quantized = quantize.quantize(trained, calibration, precision, clip_percentile)
    int8_output = on_device_runner(append_card(quantized.model, partial), inputs)
    verdict = judge.judge(partial, float_output, int8_output, truth)

    click.echo(f"{task}: {len(calibration)} calibration pictures (seed {seed}), {len(inputs)} held out")
    click.echo(verdict.table)
    worst = layers_of.table(layers_of.errors(trained, calibration)) if look_at_layers else None
    if worst is not None:
        click.echo(worst)
    full: ModelCard = package.complete(partial, quantized.recipe, seed, verdict.summary)
    content = append_card(quantized.model, full)
    if report is not None:
        found: dict[str, Any] = {
            "task": task,
            "passed": not verdict.failures,
            "failures": verdict.failures,
            "limits": verdict.limits,
            "comparison": verdict.comparison,
            "conversion": full.source["conversion"],
            "bytes": len(content),
            **_looked_into(content),
        }
        reports.write(report, found, verdict.table, worst)
    if verdict.failures:
        raise CheckFailed(f"{output}: not written, {_why(verdict)}")
    package.write(output, content)
    click.echo(f"wrote {output}, {len(content) / 1000:.0f} kB")


def _why(verdict: Verdict) -> str:
    """Why the model may not ship, and what may mend it: no conversion does where the float model is as bad."""
    failures = "; ".join(verdict.failures)
    if verdict.unanswered:
        return (
            f"the model itself, before conversion, does not answer {', '.join(verdict.unanswered)}: {failures}. Look "
            "at the images and labels that it was trained on and is measured by, and at how they are scaled, then "
            "train it again."
        )
    return (
        f"the int8 model loses too much: {failures}. Look closer with --report FILE (what moved where, which pictures "
        "differ most) and --layers (which layers lose most), then convert with another --seed, --calibration-count or "
        "--clip-percentile, or check how training scales its pictures."
    )


def _looked_into(content: bytes) -> dict[str, Any]:
    """Operators, tensors, delegation and time of a model file that is not written yet."""
    from convert.inspect import inspect

    with tempfile.TemporaryDirectory() as folder:
        candidate = Path(folder) / "candidate.tflite"
        candidate.write_bytes(content)
        found = inspect(candidate)
    return {name: found[name] for name in ("operators", "tensors", "integer_only", "beside_xnnpack", "median_ms")}


def on_device_runner(model_file: bytes, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
    """Logits float32[n, labels] of inputs float32[n, height, width, channels], by the runner that the vehicle uses.

    Raises:
        CheckFailed: that runner refuses the model.
    """
    import numpy as np

    from convert.quiet import quiet
    from edge.vision.tflite import TfliteModel

    with tempfile.TemporaryDirectory() as folder, quiet():
        candidate = Path(folder) / "candidate.tflite"
        candidate.write_bytes(model_file)
        try:
            runner = TfliteModel(candidate)
        except ConfigError as error:
            # Neither the candidate's place, gone by then, nor converting again, which was just done, helps anyone.
            told = str(error).removeprefix(f"{candidate}: ")
            mend = "replace the layer, or use another --precision"
            told = told.replace("convert it again with convert-tflite", mend)
            raise CheckFailed(f"the device would not load the int8 model: {told}") from None
        return np.stack([runner.run_scaled(picture) for picture in inputs])


def _examples(
    task: str, data: Path, count: int, seed: int, card: ModelCard, *, own: bool
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int64]]:
    """Calibration set, held-out inputs and their labels, of which tasks that give places have none."""
    import numpy as np

    if task in ("landmarks", "face"):
        task_module = import_module(f"train.places.{task}")
        none = np.zeros(0, np.int64)
        return task_module.representative(data, count, seed), task_module.held_out(data), none
    from train.data import held_out, representative

    return representative(task, data, count, seed, card, own=own), *held_out(task, data, card, own=own)
