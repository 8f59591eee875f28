"""train-model mine: hard crops of recordings, for a person to label."""

from __future__ import annotations

from pathlib import Path

import click

from convert.finite import FiniteRange

FOLDER = click.Path(path_type=Path)


@click.command()
@click.argument("recordings", metavar="RECORDING...", nargs=-1, required=True, type=FOLDER)
@click.option("--output", type=FOLDER, required=True, metavar="DIR", help="Outside of any git work tree; it goes on.")
@click.option("--task", "tasks", type=click.Choice(["emotion", "eyes"]), multiple=True, help="[default: both]")
@click.option("--model", "models", type=FOLDER, multiple=True, help="A .tflite to take instead of the one that ships.")
@click.option("--confidence", type=FiniteRange(0.5, 1), default=0.8, show_default=True, help="From here on, sure.")
def mine(
    recordings: tuple[Path, ...],
    output: Path,
    tasks: tuple[str, ...],
    models: tuple[Path, ...],
    confidence: float,
) -> None:
    """Collect the crops in which the emotion or eye model is surely wrong or contradicts itself.

    The folder then holds IMAGES OF PERSONS, and manifest.csv with an empty column `label` to be filled; the same
    command goes on where it was interrupted. docs/mining.md tells what is taken.

    Example: train-model mine recordings/*/ --output ~/mined
    """
    from train.mining import search
    from train.mining.folder import MinedFolder

    config = search.with_models(models)
    folder = MinedFolder(output)
    click.echo(f"{output}: this folder will hold IMAGES OF PERSONS; guard it as the recordings.", err=True)
    chosen = [task for task in search.TASKS if not tasks or task in tasks]
    for recording, found in search.search(recordings, folder, config, chosen, confidence):
        if found is None:
            click.echo(f"{recording}: was searched before")
            continue
        click.echo(f"{recording}: {found.total()} crops")
        for why, count in sorted(found.items()):
            click.echo(f"  {count:4d} {why}")
    click.echo(f"{output}: {len(folder)} crops in manifest.csv; fill its column `label`, then train with --mined.")
