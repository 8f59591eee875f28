"""The commands beside fit and evaluate that have a module of their own; what is slow to import comes when one runs."""

from __future__ import annotations

from pathlib import Path

import click

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
    """
    from train import explore_report

    found = explore_report.write(task, data, output, seed)
    double = found["duplicates"]
    click.echo(
        f"{found['images']} images; {double['groups']} groups of identical ones, {double['across']} across splits"
    )
    click.echo(f"wrote {output / 'report.md'}, explore.json and pictures beside it; the sample grids are for you alone")
