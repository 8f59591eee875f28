"""Whether gpsd is there and has a receiver: what `driver-monitor check` asks."""

from __future__ import annotations

import contextlib
import time

from edge.config import GpsConfig
from edge.errors import CheckFailed
from edge.gps.gpsd import address_of, connect
from edge.gps.gpsd_lines import Devices, Lines, Tpv, Version, read_line


def try_gpsd(config: GpsConfig, patience_s: float = 3.0) -> str:
    """What gpsd says of itself within `patience_s`; no fix yet is no fault.

    Raises:
        CheckFailed: it cannot be reached, does not answer as gpsd does, or has no receiver.
    """
    address = address_of(config)
    release, receivers, fix = None, None, None
    lines, end = Lines(), time.monotonic() + patience_s
    try:
        with connect(config) as gpsd:
            while fix is None and receivers != 0 and (left := end - time.monotonic()) > 0:
                gpsd.settimeout(left)
                data = gpsd.recv(65_536)
                if not data:
                    break
                for line in lines.feed(data):
                    with contextlib.suppress(ValueError):
                        report = read_line(line)
                        release = report.release if isinstance(report, Version) else release
                        receivers = report.number if isinstance(report, Devices) else receivers
                        fix = report.fix if isinstance(report, Tpv) else fix
    except TimeoutError:
        pass
    except OSError as error:
        reason = error.strerror or error
        raise CheckFailed(
            f"gpsd at {address} cannot be reached ({reason}); start it, or correct gps.host and gps.port."
        ) from None
    if release is None:
        raise CheckFailed(f"what answers at {address} is not gpsd; correct gps.host and gps.port.")
    if receivers == 0:
        raise CheckFailed(f"gpsd at {address} has no receiver; connect one, or name it in /etc/default/gpsd.")
    return f"{address} is gpsd {release}, fix: {fix or 'none yet'}"
