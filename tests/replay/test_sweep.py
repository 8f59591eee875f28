"""evaluate --sweep: values tried on observations that were kept, with the same result wherever it is worked on."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from command import PROGRAM, Told, tell, write_clip, write_config
from distributed import LocalCluster

from edge.config import Config
from edge.errors import UserError
from edge.replay import observations, workers
from edge.replay.observations import observe, read_observations
from edge.replay.player import play, play_seen, watch
from edge.replay.sweep import points, read_axis

TRUTH = """
eyes_closed_s: [[1.0, 5.0]]
expect: [{signal: fatigue, cause: sleep, closure_start_s: 1.0}]
allow: [sad]
"""
SWEEP = ("--sweep", "rules.closures.sleep_s=2.5:4.5:0.5")
Tell = Callable[..., Told]


@pytest.fixture
def told(capfd: pytest.CaptureFixture[str]) -> Tell:
    return lambda *arguments: tell(capfd, *arguments)


@pytest.fixture(scope="module")
def archive(synthetic_recording: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two recordings: a closure of 4 s, and its first half, where it goes on to the end."""
    folder = tmp_path_factory.mktemp("archive")
    (folder / "whole").mkdir()
    whole = write_clip(synthetic_recording, folder / "whole")
    half = folder / "half"
    half.mkdir()
    for image in sorted(whole.glob("*.png"))[:60]:
        (half / image.name).symlink_to(image)
    (half / "recording.yaml").write_text("frames_per_second: 15\n")
    for recording in (whole, half):
        (recording / "truth.yaml").write_text(TRUTH)
    return [whole, half]


@pytest.fixture(scope="module")
def kept(archive: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the observations of the archive."""
    folder = tmp_path_factory.mktemp("observations")
    for recording in archive:
        observe(recording, Config(), folder)
    return folder


@pytest.fixture
def blind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever looks at a frame fails."""

    def look(*_: object) -> Iterator[object]:
        raise AssertionError("a frame was looked at")

    monkeypatch.setattr(observations, "watch", look)


@pytest.mark.parametrize(
    ("span", "values"),
    [
        ("1.0:2.0:0.1", (1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8, 1.9, 2.0)),
        ("1:2:0.4", (1.0, 1.4, 1.8)),
        ("1.5:1.5:1", (1.5,)),
    ],
)
def test_values_go_from_the_first_to_the_last_in_exact_steps(span: str, values: tuple[float, ...]) -> None:
    assert read_axis(f"rules.closures.microsleep_s={span}").values == values


def test_a_whole_number_stays_one() -> None:
    (one, two) = points(Config(), [read_axis("vision.threads=1:2:1")])
    assert (one.config.vision.threads, two.config.vision.threads) == (1, 2)


def test_several_keys_are_tried_in_every_combination() -> None:
    axes = [read_axis("rules.closures.sleep_s=3:4:1"), read_axis("rules.perclos.advisory=0.1:0.12:0.01")]
    assert [tuple(point.values.values()) for point in points(Config(), axes)] == [
        (3.0, 0.1), (3.0, 0.11), (3.0, 0.12), (4.0, 0.1), (4.0, 0.11), (4.0, 0.12),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("sweep", "sentence"),
    [
        ("rules.closures.microslep_s=1:2:0.1", "did you mean rules.closures.microsleep_s?"),
        ("outbox.days=1:2:1", "name a number of rules or vision"),
        ("rules.guards.laughing=0:1:1", "rules.guards.laughing is no number"),
        ("rules.closures.microsleep_s", "expected KEY=FROM:TO:STEP"),
        ("rules.closures.microsleep_s=1:2", "expected KEY=FROM:TO:STEP"),
        ("rules.closures.microsleep_s=1:nan:1", "expected KEY=FROM:TO:STEP"),
        ("rules.closures.microsleep_s=1:snan:1", "expected KEY=FROM:TO:STEP"),
        ("rules.closures.microsleep_s=1e999999:1e9999999:1", "expected KEY=FROM:TO:STEP"),
        ("rules.closures.microsleep_s=1:2:1e-999999999", "take a larger step"),
        ("rules.closures.microsleep_s=2:1:0.1", "FROM must be at most TO"),
        ("rules.closures.microsleep_s=1:2:0", "STEP above 0"),
        ("rules.closures.microsleep_s=1:2:0.00001", "more than 10000 values"),
        (
            "rules.closures.microsleep_s=1:4:1",
            "= 3 is not allowed (microsleep_s, sleep_s and unresponsive_s must rise)",
        ),
        ("rules.perclos.covered_above=0.4:1.2:0.4", "rules.perclos.covered_above = 1.2 is not allowed"),
        ("vision.threads=1:2:0.5", "vision.threads = 1.5 is not allowed"),
    ],
)
def test_a_sweep_that_is_wrong_is_told_in_one_sentence_before_the_work(
    told: Tell, tmp_path: Path, sweep: str, sentence: str
) -> None:
    done = told("evaluate", tmp_path / "none", "--sweep", sweep)
    assert (done.code, done.output) == (2, "")
    assert sentence in done.sentence


def test_a_key_stands_once() -> None:
    axis = read_axis("rules.closures.sleep_s=3:4:1")
    with pytest.raises(UserError, match="stands twice"):
        points(Config(), [axis, axis])


def test_observations_are_kept_to_the_last_bit(archive: list[Path], kept: Path) -> None:
    (path,) = kept.glob("whole-*")
    seen = read_observations(path)
    assert seen == list(watch(archive[0], Config()))
    assert list(play_seen(seen, archive[0], Config())) == list(play(archive[0], Config()))


def test_observations_hold_numbers_and_no_picture(kept: Path) -> None:
    def leaves(kind: Any) -> Iterator[Any]:
        if pa.types.is_struct(kind):
            for field in kind:
                yield from leaves(field.type)
        else:
            yield kind.value_type if pa.types.is_list(kind) else kind

    for path in kept.iterdir():
        kinds = {str(leaf) for field in pq.read_schema(path) for leaf in leaves(field.type)}
        assert kinds == {"double", "bool"}


@pytest.mark.usefixtures("blind")
def test_a_second_sweep_needs_no_vision(told: Tell, archive: list[Path], kept: Path) -> None:
    done = told("evaluate", *archive, *SWEEP, "--observations", kept, "--jobs", 1)
    assert (done.code, done.errors) == (0, "")
    head, *lines = done.output.splitlines()
    assert head.split() == [
        "rules.closures.sleep_s",
        "reported",
        "false",
        "false/h",
        "precision",
        "recall",
        "delay",
        "largest",
    ]
    assert [line.split()[0] for line in lines] == ["2.5", "*", "3.5", "4", "4.5"]


def test_another_setting_or_another_frame_is_looked_at_anew(archive: list[Path], tmp_path: Path) -> None:
    half, folder = tmp_path / "half", tmp_path / "kept"
    half.mkdir()
    folder.mkdir()
    for image in sorted(archive[1].glob("*.png"))[:5]:
        (half / image.name).write_bytes(image.read_bytes())
    first = observe(half, Config(), folder)
    assert observe(half, Config.model_validate({"rules": {"closures": {"sleep_s": 4.0}}}), folder) == first
    (half / "truth.yaml").write_text("expect: []\n")
    assert observe(half, Config(), folder) == first
    assert observe(half, Config.model_validate({"vision": {"dark_below": 13.0}}), folder) != first
    (half / image.name).unlink()
    assert observe(half, Config(), folder) != first


def test_the_same_model_elsewhere_is_the_same(archive: list[Path], kept: Path, tmp_path: Path) -> None:
    config = Config()
    copy = tmp_path / "other.tflite"
    copy.write_bytes(config.vision.eyes_model.read_bytes())
    moved = config.model_copy(update={"vision": config.vision.model_copy(update={"eyes_model": copy})})
    assert observe(archive[0], moved, kept) == observe(archive[0], config, kept)


def test_a_damaged_file_of_observations_is_told(told: Tell, archive: list[Path], kept: Path, tmp_path: Path) -> None:
    (whole,) = kept.glob("whole-*")
    (tmp_path / whole.name).write_bytes(whole.read_bytes()[:1000])
    done = told("evaluate", archive[0], "--observations", tmp_path, "--jobs", 1)
    assert done.code == 2
    assert "take the file away" in done.sentence


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        yield cluster


def test_one_process_all_cores_and_a_cluster_of_two_workers_give_the_same_bytes(
    told: Tell, archive: list[Path], cluster: LocalCluster, tmp_path: Path
) -> None:
    results = []
    for name, how in (
        ("one", ["--jobs", 1]),
        ("cores", ["--jobs", 2]),
        ("dask", ["--dask", cluster.scheduler_address]),
    ):
        folder, file = tmp_path / name, tmp_path / f"{name}.json"
        done = told("evaluate", *archive, *SWEEP, "--observations", folder, "--json", file, *how)
        assert (done.code, done.errors) == (0, "")
        assert len(list(folder.iterdir())) == 2
        results.append((done.output, file.read_bytes()))
    assert results[0] == results[1] == results[2]


def test_each_point_is_what_evaluate_gives_with_that_value(
    told: Tell, archive: list[Path], kept: Path, tmp_path: Path
) -> None:
    swept = json.loads(told("evaluate", *archive, *SWEEP, "--observations", kept, "--json", "-").output)
    for point in (swept["points"][0], swept["points"][-1]):
        config = write_config(tmp_path, rules={"closures": {"sleep_s": point["values"]["rules.closures.sleep_s"]}})
        plain = told("evaluate", *archive, "--config", config, "--json", "-", "--jobs", 1).output
        assert plain == json.dumps(point["result"], indent=1) + "\n"
    assert swept["points"][0]["result"] != swept["points"][-1]["result"]


def test_a_cluster_that_does_not_answer_is_told(
    told: Tell, archive: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "CONNECT_S", 0.2)
    done = told("evaluate", *archive, *SWEEP, "--observations", tmp_path, "--dask", "tcp://127.0.0.1:9")
    assert done.code == 2
    assert "no cluster answers there" in done.sentence


def test_a_cluster_needs_a_folder_that_its_workers_see(told: Tell, archive: list[Path]) -> None:
    assert "--observations DIR" in told("evaluate", *archive, *SWEEP, "--dask", "tcp://127.0.0.1:9").sentence


@pytest.mark.parametrize(("module", "options"), [("pyarrow", []), ("distributed", ["--dask", "tcp://127.0.0.1:9"])])
def test_what_is_not_installed_is_told_with_its_extra(
    told: Tell, archive: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str, options: list[str]
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    done = told("evaluate", *archive, *SWEEP, "--observations", tmp_path / "kept", *options)
    assert done.code == 2
    assert "pip install '.[tune]' in the clone" in done.sentence


@pytest.mark.parametrize("command", ["evaluate", "bench"])
def test_a_result_that_cannot_be_written_is_told_before_the_work(told: Tell, tmp_path: Path, command: str) -> None:
    done = told(command, tmp_path / "no recording", "--json", tmp_path / "none" / "result.json")
    assert (done.code, done.output) == (2, "")
    assert "result.json: it cannot be written" in done.errors


def test_every_truth_is_read_before_the_work(told: Tell, archive: list[Path], tmp_path: Path, blind: None) -> None:
    done = told("evaluate", *archive, tmp_path, "--observations", tmp_path / "kept", "--jobs", 1)
    assert "no truth to be held against" in done.sentence


def test_a_label_after_the_recordings_end_is_refused(
    told: Tell, archive: list[Path], kept: Path, tmp_path: Path
) -> None:
    """It is another recording's: it would be called missed, or a closure that was not found."""
    half = tmp_path / "half"
    half.mkdir()
    for image in archive[1].iterdir():
        (half / image.name).symlink_to(image.resolve())
    (half / "truth.yaml").unlink()
    (half / "truth.yaml").write_text(TRUTH.replace("closure_start_s: 1.0", "closure_start_s: 60"))
    for options in ([], ["--observations", kept]):
        done = told("evaluate", half, "--jobs", 1, *options)
        assert done.code == 2
        assert "truth.yaml: expect.0 begins at 60.00 s, after the recording's end at 3.93 s" in done.sentence


def test_a_recording_that_fails_in_another_process_is_told_as_in_this_one(
    told: Tell, archive: list[Path], tmp_path: Path
) -> None:
    (tmp_path / "truth.yaml").write_text("expect: []\n")
    for jobs in (1, 2):
        done = told("evaluate", archive[1], tmp_path, "--jobs", jobs)
        assert done.code == 2
        assert "the recording is empty" in done.sentence


def test_the_time_that_is_left_is_told_on_a_terminal(archive: list[Path], kept: Path) -> None:
    screen, terminal = pty.openpty()
    command = [str(PROGRAM), "evaluate", *map(str, archive), *SWEEP, "--observations", str(kept), "--jobs", "1"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=terminal, check=True)
    os.close(terminal)
    shown = os.read(screen, 100_000).decode()
    os.close(screen)
    assert "judging" in shown
    assert "100%" in shown
    assert b"judging" not in done.stdout
