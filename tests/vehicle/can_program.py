"""What runs in a machine with a CAN bus of its kernel: the daemon's CAN output, and a plain socket that hears it.

Tells each frame on the serial line as identifier, length and content in hexadecimal digits, as the kernel gave it.
"""

from __future__ import annotations

import os
import socket
import struct
import subprocess
import time
import tty

from edge.alerts.can import CanOutput
from edge.alerts.output import OutputError
from edge.alerts.standing import Alert
from edge.config.alerts import CanConfig

BUS = "vcan0"
DOWN = "vcan1"
FRAME = struct.Struct("=IB3x8s")
"""struct can_frame of linux/can.h."""
ALERTS = (
    Alert(),
    Alert("advisory", "perclos"),
    Alert("warning", "microsleep"),
    Alert("critical", "sleep", degraded="too_dark", silent=True),
    Alert("critical", "unresponsive", sad=True),
)


def main() -> None:
    line = os.open("/dev/ttyS1", os.O_WRONLY | os.O_NOCTTY)
    tty.setraw(line)

    def say(*words: object) -> None:
        os.write(line, " ".join(map(str, words)).encode() + b"\n")

    for name in (BUS, DOWN):
        subprocess.run(["/bin/busybox", "ip", "link", "add", "name", name, "type", "vcan"], check=True)
    subprocess.run(["/bin/busybox", "ip", "link", "set", BUS, "up"], check=True)
    node = socket.socket(socket.AF_CAN, socket.SOCK_RAW, socket.CAN_RAW)
    node.bind((BUS,))
    node.settimeout(30)
    output = CanOutput(CanConfig(channel=BUS, identifier=0x5DA))
    output.open()
    for alert in ALERTS:
        output.show(alert, time.monotonic())
        identifier, length, content = FRAME.unpack(node.recv(FRAME.size))
        say("frame", identifier, length, content[:length].hex())
    output.close()
    for name in (DOWN, "can9"):
        broken = CanOutput(CanConfig(channel=name, identifier=0x5DA))
        try:
            broken.open()
            broken.show(Alert(), time.monotonic())
        except OutputError as error:
            say("refused", error)
    say("done")
    time.sleep(3600)


if __name__ == "__main__":
    main()
