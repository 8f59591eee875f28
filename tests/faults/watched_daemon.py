"""The whole daemon; each frame that it decides on is a line in a file.

A program with two arguments, the file of the lines and the configuration; with two more, the order of the day and the
frames, its camera fails on command.
"""

from __future__ import annotations

import functools
import sys
import time
from pathlib import Path

from edge.cameras import factory
from edge.cameras.process import ProcessCamera
from edge.config import load_config
from edge.monitor import Step
from edge.service import daemon
from edge.service.status import Status

CHILD = Path(__file__).with_name("faulty_child.py")


def main(lines: Path, configuration: Path, *orders: str) -> None:
    if orders:
        factory.ProcessCamera = functools.partial(ProcessCamera, command=(sys.executable, str(CHILD), *orders))
    count = Status.count
    with lines.open("w", buffering=1) as file:

        def noted(status: Status, step: Step) -> None:
            """When it was decided, when captured, and whether the driver's eyes were seen."""
            if step.observation is not None:
                file.write(f"{time.monotonic():.4f} {step.time:.4f} {step.observation.eyes.closed is not None:d}\n")
            count(status, step)

        Status.count = noted
        daemon.run_daemon(load_config(configuration))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:])
