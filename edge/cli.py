"""The command driver-monitor: what is heavy is imported by the command that needs it, so --help answers at once."""

from __future__ import annotations

import json
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TextIO

import click

from edge.cli_files import refuse_overwriting, writing
from edge.cli_group import Commands, version_option
from edge.cli_options import FILE, config_option
from edge.cli_options import load as _load
from edge.cli_options import system_config as _system_config
from edge.cli_outbox import outbox
from edge.errors import CheckFailed

recordings_argument = click.argument("recordings", metavar="RECORDING...", nargs=-1, required=True, type=FILE)


@click.group(name="driver-monitor", cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@version_option
def cli() -> None:
    """Watches a driver's eyes and face on the vehicle; only events ever leave it.

    A RECORDING is a folder with video.mp4 or numbered images (and, where there is one, track.nmea and truth.yaml), or
    a video file.

    Example: driver-monitor replay RECORDING --report report
    """


@cli.command()
@config_option
def run(config_file: Path | None) -> None:
    """Run the daemon.

    Events go to the broker of the configuration; without one they are printed, one JSON object a line.

    Example: driver-monitor run --config config/demo.yaml
    """
    from edge.service.daemon import run_daemon

    run_daemon(_load(config_file))


@cli.command()
@recordings_argument
@config_option
@click.option("--events", type=FILE, help="Write the events there; - prints them. [default: -]")
@click.option(
    "--trace", type=FILE, help="Write one CSV row a frame: what was seen and why what was decided; - prints it."
)
@click.option("--report", type=FILE, metavar="DIR", help="Write a page with the timeline there, index.html.")
@click.option("--with-frames", is_flag=True, help="Put small PICTURES OF THE DRIVER into the report, one an event.")
@click.option("--realtime", is_flag=True, help="At the recording's own speed instead of as fast as it can.")
@click.option("--publish", is_flag=True, help="Publish the events to the broker of the configuration, too.")
def replay(
    recordings: tuple[Path, ...],
    config_file: Path | None,
    events: Path | None,
    trace: Path | None,
    report: Path | None,
    with_frames: bool,
    realtime: bool,
    publish: bool,
) -> None:
    """Run the daemon's loop on recorded frames.

    The same recording and configuration give the same bytes. A file that is written has its name once it is whole.

    Example: driver-monitor replay RECORDING --trace trace.csv
    """
    from edge.cameras.recording import frames_in
    from edge.delivery.sink import JsonLinesSink, Sink
    from edge.replay.player import play
    from edge.replay.progress import clear_line, progress
    from edge.replay.report.report import PAGE, Report
    from edge.replay.trace import TraceWriter

    if with_frames and report is None:
        raise click.UsageError("--with-frames puts pictures into a report: give --report DIR, too.")
    events = None if str(events) == "-" else events
    printed = str(trace) == "-"
    if printed and events is None:
        raise click.UsageError("--trace - would print the rows among the events: give --events FILE, too.")
    refuse_overwriting((events, None if printed else trace, report and report / PAGE), recordings, config_file)
    config = _load(config_file)
    with ExitStack() as open_files:
        sinks: list[Sink] = [JsonLinesSink(_open(events, open_files) if events else sys.stdout)]
        tracer = TraceWriter(sys.stdout if printed else _open(trace, open_files)) if trace else None
        if publish:
            sinks.append(open_files.enter_context(_published(config, 0)))
        page = None
        if report:
            page = open_files.enter_context(Report(report, recordings, config, with_frames=with_frames))
        if with_frames:
            click.echo(f"{report}: the report will hold PICTURES OF THE DRIVER; guard it as the recording.", err=True)
        advance = open_files.enter_context(progress("replaying", lambda: sum(map(frames_in, recordings))))
        for session, recording in enumerate(recordings):
            on_frame = page.frame if page else None
            steps = play(recording, config, realtime=realtime, session=session, on_frame=on_frame)
            for step in page.follow(recording, steps) if page else steps:
                if step.events or printed:
                    clear_line()
                if tracer is not None:
                    tracer.write(step)
                for event in step.events:
                    for sink in sinks:
                        sink.put(event)
                advance(1)


@cli.command()
@recordings_argument
@config_option
@click.option("--json", "json_file", type=FILE, help="Write the result as JSON there; - prints it alone.")
@click.option("--sweep", metavar="KEY=FROM:TO:STEP", multiple=True, help="Try each of these values.")
@click.option("--observations", type=FILE, metavar="DIR", help="Keep there what was seen; what is there is taken.")
@click.option("--jobs", type=click.IntRange(1, 1024), help="Processes. [default: one a core]")
@click.option("--dask", metavar="ADDRESS", help="Work on the Dask cluster there, which sees the same files.")
def evaluate(
    recordings: tuple[Path, ...],
    config_file: Path | None,
    json_file: Path | None,
    sweep: tuple[str, ...],
    observations: Path | None,
    jobs: int | None,
    dask: str | None,
) -> None:
    """Hold replays against each recording's truth.yaml: reported, missed, false, delays.

    With --sweep a line for each value, from one look at each recording. docs/tuning.md tells more.

    Example: driver-monitor evaluate recordings/*/ --sweep rules.closures.microsleep_s=1.0:2.0:0.1
    """
    from edge.replay.evaluation import Work, evaluate_recordings, sweep_recordings

    refuse_overwriting((json_file,), recordings, config_file)
    # a cluster's workers stand in other folders than we do
    config = _load(config_file.resolve() if config_file else None)
    work = Work(recordings, observations, jobs, dask)
    with ExitStack() as open_files:
        told = _open(json_file, open_files) if json_file and str(json_file) != "-" else None
        result, lines = sweep_recordings(work, config, sweep) if sweep else evaluate_recordings(work, config)
        text = json.dumps(result, indent=1) + "\n"
        click.echo(text if str(json_file) == "-" else lines, nl=str(json_file) != "-")
        if told:
            told.write(text)


@cli.command()
@config_option
@click.option("--json", "as_json", is_flag=True, help="Print what was found as one JSON object.")
def check(config_file: Path | None, as_json: bool) -> None:
    """Say for each thing that a start needs whether it is there, and if not, what to do.

    Example: driver-monitor check --config /etc/driver-monitor/config.yaml
    """
    from dataclasses import asdict

    from edge.service.check import check_all

    findings = []
    for finding in check_all(config_file or _system_config()):
        findings.append(finding)
        if not as_json:
            click.echo(finding.line())
    failed = sum(not finding.ok for finding in findings)
    needed = sum(not finding.ok and finding.is_needed for finding in findings)
    if as_json:
        click.echo(json.dumps({"ok": not failed, "findings": [asdict(finding) for finding in findings]}, indent=1))
    if failed:
        harm = f"without {needed} the daemon watches nobody" if needed else "the daemon watches all the same"
        raise CheckFailed(f"{failed} of these failed, {harm}; mend them and check again.")


@cli.command()
@config_option
@click.option("--json", "as_json", is_flag=True, help="Print what the daemon answered, one JSON object.")
def status(config_file: Path | None, as_json: bool) -> None:
    """Say how the running daemon is: what is wrong first. The exit code is 1 where something is.

    Example: driver-monitor status
    """
    from edge.service.local import SYSTEM_RUN, ask, run_directory
    from edge.service.session import state_directory
    from edge.service.told import status_text

    state = state_directory(_load(config_file).state_directory)
    report = ask([folder for folder in (run_directory(state), state, SYSTEM_RUN) if folder])
    click.echo(json.dumps(report, indent=1) if as_json else status_text(report))
    if report.get("problems"):
        click.get_current_context().exit(1)


@cli.command()
@config_option
@click.option("--level", type=click.Choice(["advisory", "warning", "critical"]), help="Only this one. [default: each]")
@click.option("--off", is_flag=True, help="Sound nothing, turn every pin off, as after a daemon that was killed.")
def alert(config_file: Path | None, level: str | None, off: bool) -> None:
    """Sound each level for a second at every configured output, to be heard and seen; the daemon must not run.

    Example: driver-monitor alert --level critical
    """
    from edge.alerts.probe import rehearse, turn_off
    from edge.records import LEVELS

    config = _load(config_file).alerts
    if off:
        turn_off(config)
        return
    rehearse(config, [one for one in LEVELS if level in (None, one)], click.echo)


@cli.command()
@config_option
@click.option("--port", type=click.IntRange(1, 65535), default=8642, show_default=True, help="Port on 127.0.0.1.")
def aim(config_file: Path | None, port: int) -> None:
    """Help to aim the camera: a page on this machine alone, for 15 minutes, that shows what it sees and what to move.

    Stop the daemon first, as it has the camera. Nothing is stored. docs/aiming.md tells more.

    Example: driver-monitor aim --config /etc/driver-monitor/config.yaml
    """
    from edge.service.aim import aim as show_page

    show_page(_load(config_file), port)


@cli.command()
@click.argument("file", type=FILE)
@config_option
def bundle(file: Path, config_file: Path | None) -> None:
    """Collect log, status, configuration, versions and what check says into FILE, a .tar.gz or .zip, for a bug report.

    No image is in it, no secret, no person and no place. Run it as root: the log and the daemon are the service's.

    Example: driver-monitor bundle report.tar.gz
    """
    from edge.service.bundle import write_bundle

    names = write_bundle(file, config_file or _system_config())
    click.echo(f"{file}: {', '.join(names)}. Read it before you send it.")


@cli.command()
@click.argument("recording", type=FILE, required=False)
@config_option
@click.option("--json", "json_file", type=FILE, help="Write the result as JSON there; - prints it.")
def bench(recording: Path | None, config_file: Path | None, json_file: Path | None) -> None:
    """Time frames of a recording by stage; without one, of a drawn driver.

    Example: taskset -c 0 driver-monitor bench
    """
    started = time.perf_counter()
    from edge.replay.bench import bench as time_frames
    from edge.replay.bench import table

    refuse_overwriting((json_file,), [recording] if recording else [], config_file)
    config = _load(config_file)
    with ExitStack() as open_files:
        told = _open(json_file, open_files) if json_file and str(json_file) != "-" else None
        result = time_frames(recording, config, started)
        text = json.dumps(result, indent=1) + "\n"
        if told:
            told.write(text)
    if str(json_file) == "-":
        click.echo(text, nl=False)
        return
    click.echo(table(result))


@cli.command()
@click.argument("images", metavar="IMAGE...", nargs=-1, required=True, type=FILE)
@config_option
@click.option(
    "-o", "--output", type=FILE, help="Draw what was seen over the PICTURES and write them to this FILE or DIR."
)
def look(images: tuple[Path, ...], config_file: Path | None, output: Path | None) -> None:
    """Say what is seen in single pictures: face, eyes, emotion, as one JSON object a line.

    Example: driver-monitor look face.jpg -o seen.png
    """
    from edge.replay.look import look as look_at
    from edge.replay.look import told

    config = _load(config_file)
    files = None
    if output is not None:
        from edge.replay import look_files
        from edge.replay.look_drawing import drawn

        files = look_files.places(images, output)
    for number, image in enumerate(images):
        looked = look_at(image, config.vision)
        if files is not None:
            look_files.write(drawn(looked, config.rules.closures), files[number])
        click.echo(json.dumps(told(looked, config.rules.closures)))


@cli.command()
@click.argument("what", type=click.Choice(["config", "event", "asyncapi"]))
def schema(what: str) -> None:
    """Print the JSON Schema of the configuration or of the event, or the AsyncAPI 3 document of every topic (YAML).

    Example: driver-monitor schema event > event.schema.json
    """
    if what == "asyncapi":
        from edge.delivery.asyncapi_text import asyncapi_text

        click.echo(asyncapi_text(), nl=False)
        return
    if what == "event":
        from edge.delivery.schema import event_schema

        content = event_schema()
    else:
        from edge.config import Config

        content = Config.model_json_schema()
    click.echo(json.dumps(content, indent=2))


def _published(config: Any, session: int) -> Any:
    from edge.replay.publishing import published

    return published(config, session)


def _open(path: Path, open_files: ExitStack) -> TextIO:
    return open_files.enter_context(writing(path))


cli.add_command(outbox)


def main() -> None:
    try:
        cli()
    except BrokenPipeError:  # the reader of our output has seen enough
        sys.stderr.close()


if __name__ == "__main__":
    main()
