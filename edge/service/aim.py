"""Aiming the camera: frames from the camera through vision to a page that says what to move. Nothing is kept."""

from __future__ import annotations

import dataclasses
import logging
import signal
import sys
import time
from collections.abc import Callable
from itertools import count
from typing import Any

import click
import cv2
import numpy as np

from edge.cameras.camera import Camera, CameraEnded, CameraError, CameraLost
from edge.cameras.factory import open_camera
from edge.config import Config
from edge.errors import CheckFailed
from edge.records import Frame, GreyImage, Observation
from edge.service.aim_gate import MINUTES, Gate
from edge.service.aim_server import AimServer, Latest, Shot
from edge.service.aim_view import view
from edge.service.aiming import Aiming, Check, worst
from edge.service.local import SYSTEM_RUN, NoDaemon, ask, run_directory
from edge.service.session import state_directory
from edge.service.watch import Stop
from edge.vision.landmarks import Contours
from edge.vision.pipeline import Pipeline

PORT = 8642
WIDTH = 400
"""Pixels of the page's picture at most: enough to aim by, and a tunnel over a mobile link carries it."""
FIRST_FRAME_S = 5.0
REOPEN_S = 1.0

ALL_WELL = "Good. Leave the camera as it is."


def aim(config: Config, port: int = PORT, minutes: float = MINUTES, tell: Callable[[str], None] = click.echo) -> None:
    """Show the camera's picture until SIGINT or SIGTERM, or until the time is over; `tell` gets what a person reads.

    Raises:
        ConfigError: nobody agreed to be watched, or a model cannot be used.
        UserError: the port cannot be used, the daemon has the camera, or the recording cannot be used.
    """
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(message)s")
    if config.camera.kind == "recording":
        again = config.camera.model_copy(update={"loop": True, "realtime": True})
        config = config.model_copy(update={"camera": again})
    camera = open_camera(config.camera, config.consent)
    if config.camera.kind != "recording":
        _refuse_beside_a_daemon(config)
    pipeline = Pipeline(config.vision)
    stop = Stop()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop.ask)
    gate, latest = Gate(minutes), Latest()
    server = AimServer(port, gate, latest)
    server.start()
    tell(_greeting(server, minutes))
    try:
        show(camera, pipeline, latest, lambda: stop.asked or not gate.left_s, config.camera.stall_s)
    finally:
        server.close()
    tell("The page is closed." if stop.asked else "The time is over, the page is closed; run this again for more.")


def show(camera: Camera, pipeline: Pipeline, latest: Latest, over: Callable[[], bool], stall_s: float) -> None:
    """Show one frame after the other; what the camera does wrong is shown instead, and it is tried again."""
    numbers, aiming = count(1), Aiming()
    while not over():
        try:
            with camera:
                while not over():
                    try:
                        frame = camera.read(max(stall_s, FIRST_FRAME_S) if latest.after(0, 0) is None else stall_s)
                    except CameraLost:
                        raise
                    except CameraError as error:
                        if isinstance(error, CameraEnded):
                            break  # a recording that is no loop: opened anew
                        latest.show(_trouble(next(numbers), error))
                        continue
                    seen = pipeline.see(frame)
                    checks = aiming.take(view(frame, seen))
                    latest.show(Shot(next(numbers), small(frame.image), told(frame, seen, pipeline.contours, checks)))
        except CameraLost as lost:
            latest.show(_trouble(next(numbers), lost))
            time.sleep(REOPEN_S)


def told(frame: Frame, seen: Observation, contours: Contours | None, checks: list[Check]) -> dict[str, Any]:
    """What the page draws and says; positions are shares of the frame."""
    height, width = frame.image.shape
    first = worst(checks)
    drawn: dict[str, Any] = {"box": None, "points": [], "eyes": None}
    if seen.face is not None and contours is not None:
        box, face = seen.face.box, seen.face
        points = contours.points / np.array([width, height], np.float32)
        drawn = {
            "box": [box.x / width, box.y / height, box.width / width, box.height / height],
            "points": np.round(points.astype(np.float64), 4).tolist(),
            "eyes": [
                {"side": side, "x": at[0] / width, "y": at[1] / height, "closed": closed}
                for side, at, closed in (
                    ("right", face.right_eye, seen.eyes.right),
                    ("left", face.left_eye, seen.eyes.left),
                )
            ],
            "eye_distance": face.eye_distance / width,
        }
    return {
        **drawn,
        "grade": first.grade if first else "good",
        "verdict": first.advice if first else ALL_WELL,
        "arrow": first.arrow if first else "",
        "checks": [dataclasses.asdict(check) for check in checks],
    }


def small(image: GreyImage) -> GreyImage:
    """The frame at `WIDTH` pixels at most, by area, in its own proportions."""
    height, width = image.shape
    if width <= WIDTH:
        return image
    size = (WIDTH, max(1, round(height * WIDTH / width)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def _trouble(number: int, error: CameraError) -> Shot:
    """A camera that gives nothing: a black picture and the reason."""
    said: dict[str, Any] = {
        "box": None,
        "points": [],
        "eyes": None,
        "grade": "bad",
        "verdict": str(error),
        "arrow": "",
        "checks": [],
    }
    return Shot(number, np.zeros((WIDTH * 3 // 4, WIDTH), np.uint8), said)


def _refuse_beside_a_daemon(config: Config) -> None:
    state = state_directory(config.state_directory)
    try:
        ask([folder for folder in (run_directory(state), state, SYSTEM_RUN) if folder])
    except NoDaemon:
        return
    except CheckFailed:
        pass  # there is one, even if it does not answer us
    raise CheckFailed(
        "The daemon has the camera; stop it with systemctl stop driver-monitor, aim, and start it again afterwards."
    )


def _greeting(server: AimServer, minutes: float) -> str:
    port = server.server_port
    return (
        f"Aim the camera with this page, within {minutes:g} minutes; it shows the driver to one person at a time and "
        f"keeps nothing:\n\n  {server.url}\n\n"
        f"From another machine, open a tunnel first, then the same address there:\n\n"
        f"  ssh -L {port}:127.0.0.1:{port} USER@VEHICLE\n\n"
        "Ctrl-C ends it."
    )
