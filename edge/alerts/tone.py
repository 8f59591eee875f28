"""A tone at a sound card: Debian's aplay as a child process, which is given a wave that was made beforehand.

A child for each alarm: it cannot hang this process, needs no compiled package of Python's, and ends by being killed.
The next one waits, with the device in its hand: to start a program may take longer than an alarm may on a busy machine.
None is ever given more than `PIECE_S`, so that a tone outlives a daemon that died by that at most.
"""

from __future__ import annotations

import io
import os
import subprocess
import wave
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray

from edge.alerts.output import OutputError
from edge.alerts.pattern import sound
from edge.alerts.standing import Alert
from edge.config.alerts import AlertsConfig

RATE = 16_000
"""Samples a second."""
PIECE_S = 10.0
PIPE_BYTES = 1 << 19
"""Room for a whole piece in the pipe, so that giving it never waits."""
EDGE_S = 0.005
"""Rise and fall of each beep: without it one hears a click."""
BUFFER_US = 60_000
"""aplay's buffer; its default of half a second may be heard too late."""
POLL_S = 0.1
"""So often a player is looked at ..."""
IDLE_S = 5.0
"""... and one that waits for an alarm."""
KILL_S = 1.0
PROBE_S = 5.0


class ToneOutput:
    """Plays the sound's rhythm as long as the alert asks for it."""

    name = "tone"

    def __init__(self, config: AlertsConfig) -> None:
        self._config = config
        self._player: subprocess.Popen[bytes] | None = None
        self._playing: Alert | None = None

    def open(self) -> None:
        probe_tone(self._config)
        self._player = _start(self._config)

    def show(self, alert: Alert | None, now: float) -> float | None:
        runs = self._player is not None and self._player.poll() is None
        if runs and self._playing is not None and _sounds_alike(alert, self._playing):
            return POLL_S
        if self._playing is not None or not runs:
            self._end()
        if self._player is None:
            self._player = _start(self._config)
        beat = sound(alert, self._config, now)
        if alert is None or not beat.on:
            return IDLE_S if beat.for_s is None else min(IDLE_S, beat.for_s)
        self._playing = alert
        _give(self._player, samples(alert, self._config, now))
        return POLL_S

    def close(self) -> None:
        if self._player is not None:
            self._player.kill()
            self._end()

    def _end(self) -> None:
        """Stop what is played; what ended by itself must have ended well, and not before it was given anything.

        Raises:
            OutputError: it did not, or does not end.
        """
        player, self._player = self._player, None
        playing, self._playing = self._playing, None
        if player is None:
            return
        if player.poll() is None:
            player.kill()
        _result(player, KILL_S)
        if playing is None and player.returncode == 0:
            raise OutputError("aplay ended before it was given anything")


def probe_tone(config: AlertsConfig) -> None:
    """Play a moment of silence.

    Raises:
        OutputError: aplay is missing, or cannot play at the device.
    """
    player = _start(config)
    _give(player, np.zeros(RATE // 20, np.int16))
    _result(player, PROBE_S)


def samples(alert: Alert, config: AlertsConfig, now: float) -> NDArray[np.int16]:
    """int16[n], mono, `RATE` a second: the alert's sound from `now` on, until its pause or for `PIECE_S`."""
    pieces: list[NDArray[np.float64]] = []
    moment, heard = now, 0
    while moment < now + PIECE_S:
        beat = sound(alert, config, moment)
        length = now + PIECE_S - moment if beat.for_s is None else min(beat.for_s, now + PIECE_S - moment)
        pieces.append(_beep(length, config) if beat.on else np.zeros(round(length * RATE)))
        if beat.on:
            heard = len(pieces)
        moment += max(length, 1 / RATE)
    return np.concatenate([np.zeros(0), *pieces[:heard]]).astype(np.int16)


def _beep(seconds: float, config: AlertsConfig) -> NDArray[np.float64]:
    time = np.arange(round(seconds * RATE)) / RATE
    edges = np.clip(np.minimum(time, seconds - time) / EDGE_S, 0, 1)
    return np.asarray(32_767 * config.tone.volume * edges * np.sin(2 * np.pi * config.tone.hertz * time))


def _sounds_alike(one: Alert | None, other: Alert) -> bool:
    return one is not None and _heard(one) == _heard(other)


def _heard(alert: Alert) -> tuple[object, ...]:
    return alert.level, alert.since, alert.silent


def _start(config: AlertsConfig) -> subprocess.Popen[bytes]:
    """A player that waits for what `_give` gives it."""
    command = ["aplay", "-q", "-D", config.tone.device or "default", f"--buffer-time={BUFFER_US}"]
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            pipesize=PIPE_BYTES,
            env={**os.environ, "LC_ALL": "C"},
        )
    except FileNotFoundError:
        raise OutputError("aplay is missing; run «sudo apt install alsa-utils»") from None
    except OSError as error:
        raise OutputError(f"aplay cannot be started ({error.strerror})") from None


def _give(player: subprocess.Popen[bytes], content: NDArray[np.int16]) -> None:
    """Hand it all over at once; one that ended before is found out when its result is asked for."""
    pipe, player.stdin = player.stdin, None
    if pipe is not None:
        with suppress(BrokenPipeError), pipe:
            pipe.write(_wave(content))


def _wave(content: NDArray[np.int16]) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as sink:
        sink.setnchannels(1)
        sink.setsampwidth(2)
        sink.setframerate(RATE)
        sink.writeframes(content.astype("<i2").tobytes())
    return file.getvalue()


def _result(player: subprocess.Popen[bytes], patience_s: float) -> None:
    try:
        _, errors = player.communicate(timeout=patience_s)
    except subprocess.TimeoutExpired:
        player.kill()
        raise OutputError(f"aplay has not ended within {patience_s:g} s; look at the sound device") from None
    if player.returncode > 0:  # below 0: killed, by us
        lines = errors.decode(errors="replace").split("\n")
        reason = next((line for line in reversed(lines) if line.strip()), "no reason given").removeprefix("aplay: ")
        if reason.startswith("Aborted by signal"):
            return  # the whole service, or the terminal, was told to end
        raise OutputError(f"aplay: {reason.strip().rstrip('.')}; «aplay -L» lists the devices")
