"""The whole daemon, camera to broker, with the side journal at its outbox and a clock that the campaign steps.

A program with three arguments: the journal, the file of the clock, the configuration.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from wrong_clock import WrongClock


def main(journal: Path, clock: Path, configuration: Path) -> None:
    time.time = WrongClock(clock)  # before the daemon's modules take it as a default
    from journal import JournaledOutbox

    import edge.service.daemon
    from edge.config import load_config

    JournaledOutbox.journal = journal
    edge.service.daemon.Outbox = JournaledOutbox
    edge.service.daemon.run_daemon(load_config(configuration))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
