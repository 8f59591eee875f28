"""The whole daemon with a camera that fails on command; each frame that it decides on is a line in a file.

A program with four arguments: the order of the day, the frames, the file of the lines, the configuration.
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


def main(order: str, frames: str, lines: Path, configuration: Path) -> None:
    command = (sys.executable, str(CHILD), order, frames)
    factory.ProcessCamera = functools.partial(ProcessCamera, command=command)
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
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))
