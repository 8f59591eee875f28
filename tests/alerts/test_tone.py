"""The tone: its wave, and its player, which is Debian's aplay or, where it must fail in a certain way, a script."""

from __future__ import annotations

import os
import shutil
import signal as signals
from pathlib import Path

import numpy as np
import pytest
from made_alerts import config, eventually, signal

from edge.alerts.output import OutputError
from edge.alerts.standing import Alert, Standing
from edge.alerts.tone import IDLE_S, PIECE_S, RATE, ToneOutput, probe_tone, samples
from edge.config import AlertsConfig
from edge.records import Level

CONFIG = config(tone={"device": "null"})
IN_CI = os.environ.get("CI") == "true"
needs_aplay = pytest.mark.skipif(
    shutil.which("aplay") is None and not IN_CI, reason="aplay is missing: run «sudo apt-get install alsa-utils»"
)


def alert(level: Level, one: AlertsConfig = CONFIG) -> Alert:
    standing = Standing(one)
    standing.take([signal(level)], 100.0)
    return standing.alert(muted=False, critical_too=False)


def player(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> Path:
    """An aplay that does what the script says, once it was given something, which lies in the folder then."""
    path = folder / "aplay"
    path.write_text(f"#!/bin/sh\ncat > {folder}/new.$$\n[ -s {folder}/new.$$ ] || exit 0\n"
                    f"mv {folder}/new.$$ {folder}/wave.$$\n{script}\n")  # fmt: skip
    path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return path


def test_the_wave_of_an_advisory_is_two_beeps_of_the_pitch() -> None:
    wave = samples(alert("advisory"), CONFIG, 100.0)
    loud = np.abs(wave) > 1000
    assert len(wave) / RATE == pytest.approx(0.45, abs=0.01)
    assert loud[: RATE // 10].mean() > 0.8
    assert not loud[round(0.16 * RATE) : round(0.29 * RATE)].any()
    beep = wave[: round(0.15 * RATE)].astype(float)
    pitch = np.argmax(np.abs(np.fft.rfft(beep))) * RATE / len(beep)
    assert pitch == pytest.approx(CONFIG.tone.hertz, abs=10)


def test_the_wave_of_a_critical_alarm_has_no_end_of_its_own_and_a_bounded_length() -> None:
    wave = samples(alert("critical"), CONFIG, 100.0)
    assert len(wave) / RATE == pytest.approx(PIECE_S, abs=0.01)
    assert np.abs(wave[-RATE:]).max() > 20_000


def test_a_wave_begun_late_goes_on_where_the_rhythm_is() -> None:
    one = alert("warning")
    whole, rest = samples(one, CONFIG, 100.0), samples(one, CONFIG, 102.0)
    assert len(whole) - len(rest) == pytest.approx(2 * RATE, abs=10)


def test_beeps_begin_and_end_without_a_click() -> None:
    wave = samples(alert("warning"), CONFIG, 100.0).astype(int)
    assert abs(wave[0]) < 100
    assert np.abs(np.diff(wave)).max() < 32_767 * 0.7


def test_volume_is_the_share_of_full_scale() -> None:
    quiet = config(tone={"device": "null", "volume": 0.1})
    assert np.abs(samples(alert("warning"), quiet, 100.0)).max() == pytest.approx(3276, abs=40)


@needs_aplay
def test_debians_aplay_takes_what_it_is_given() -> None:
    probe_tone(CONFIG)
    one = ToneOutput(CONFIG)
    one.open()
    one.show(alert("advisory"), 100.0)
    one.show(None, 101.0)
    one.close()


@needs_aplay
def test_a_device_that_is_not_there_is_told() -> None:
    with pytest.raises(OutputError, match=r"aplay: .*«aplay -L»"):
        probe_tone(config(tone={"device": "nosuch"}))


def test_without_aplay_the_mend_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OutputError, match="sudo apt install alsa-utils"):
        ToneOutput(CONFIG).open()


def test_a_player_is_stopped_when_the_alarm_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    player(tmp_path, monkeypatch, f"echo $$ > {tmp_path}/pid.new; mv {tmp_path}/pid.new {tmp_path}/pid; exec sleep 600")
    one = ToneOutput(CONFIG)
    one.show(alert("critical"), 100.0)
    eventually((tmp_path / "pid").exists, "the player begins")
    pid = int((tmp_path / "pid").read_text())
    one.show(Alert(), 101.0)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, signals.SIGCONT)
    one.close()


def test_the_same_alarm_goes_on_in_the_same_player_and_another_level_has_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    player(tmp_path, monkeypatch, "exec sleep 600")
    one = ToneOutput(CONFIG)
    for now in (100.0, 100.1, 100.2):
        one.show(alert("warning"), now)
    eventually(lambda: len(list(tmp_path.glob("wave.*"))) == 1, "one player")
    one.show(alert("critical"), 100.3)
    eventually(lambda: len(list(tmp_path.glob("wave.*"))) == 2, "another player")
    one.close()


def test_the_next_player_waits_before_there_is_an_alarm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    player(tmp_path, monkeypatch, "exit 0")
    one = ToneOutput(CONFIG)
    one.open()
    eventually(lambda: len(list(tmp_path.glob("new.*"))) == 1, "it waits")
    assert one.show(Alert(), 100.0) == pytest.approx(IDLE_S)
    one.close()


def test_a_player_that_ends_while_it_waits_is_told_before_it_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "aplay"
    path.write_text("#!/bin/sh\necho 'aplay: main: audio open error: No such device' >&2\nexit 1\n")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    one = ToneOutput(CONFIG)

    def waits_on() -> bool:
        one.show(Alert(), 100.0)
        return False

    with pytest.raises(OutputError, match="No such device"):
        eventually(waits_on, "it is told")


def test_a_critical_alarm_is_played_again_when_its_piece_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    player(tmp_path, monkeypatch, "exit 0")
    one = ToneOutput(CONFIG)

    def pieces() -> int:
        one.show(alert("critical"), 104.0)  # steady, so that it is never asked amid a pause
        return len(list(tmp_path.glob("wave.*")))

    eventually(lambda: pieces() >= 3, "it goes on")
    one.close()


def test_a_player_that_fails_is_told_with_its_own_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    player(tmp_path, monkeypatch, "echo 'aplay: main: audio open error: Device or resource busy' >&2; exit 1")
    one = ToneOutput(CONFIG)
    with pytest.raises(OutputError, match="Device or resource busy"):
        one.open()


def test_a_player_that_does_not_end_at_the_probe_is_told_and_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    player(tmp_path, monkeypatch, "exec sleep 600")
    monkeypatch.setattr("edge.alerts.tone.PROBE_S", 0.05)
    with pytest.raises(OutputError, match="has not ended within"):
        ToneOutput(CONFIG).open()
