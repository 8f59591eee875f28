"""`driver-monitor evaluate`: recordings judged as they are configured, or for a sweep of values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from edge.config import Config
from edge.errors import UserError
from edge.replay import sweep
from edge.replay.evaluate import summary
from edge.replay.judge import Judged, judge_all, judge_each, table
from edge.replay.observations import folder_for_observations
from edge.replay.truth import read_truth
from edge.replay.workers import cores, workers

Told = tuple[dict[str, object], str]
"""What `--json` holds, and the table for a person."""


@dataclass(frozen=True, slots=True)
class Work:
    """The recordings, where what is seen is kept (None: nowhere), and what works: processes, or a Dask cluster."""

    recordings: Sequence[Path]
    observations: Path | None = None
    jobs: int | None = None
    dask: str | None = None

    def judged(self) -> list[Judged]:
        """All truths are read before the work: what is wrong with the last one is told at once."""
        return [(recording.resolve(), read_truth(recording)) for recording in self.recordings]

    @contextmanager
    def executor(self) -> Iterator[Executor | None]:
        with workers(self.jobs or cores(), self.dask) as executor:
            yield executor


def evaluate_recordings(work: Work, config: Config) -> Told:
    """Every recording under one configuration.

    Raises:
        UserError: a recording, its truth, a model, the folder or the cluster cannot be used.
    """
    recordings = work.judged()
    kept = folder_for_observations(work.observations).resolve() if work.observations else None
    with work.executor() as executor:
        if kept:
            (scores,) = judge_each(recordings, [config], kept, executor)
        else:
            scores = judge_all(recordings, config, executor)
    result = summary(scores)
    return result, table(scores, result)


def sweep_recordings(work: Work, config: Config, axes: Sequence[str]) -> Told:
    """Every recording under every combination of the axes' values.

    Raises:
        UserError: as `evaluate_recordings`, or an axis is wrong.
    """
    read = [sweep.read_axis(text) for text in axes]
    tried = sweep.points(config, read)
    if work.dask and not work.observations:
        raise UserError("--dask needs --observations DIR for a sweep: a folder that all workers see.")
    recordings = work.judged()
    with _folder(work.observations) as kept, work.executor() as executor:
        judged = judge_each(recordings, [point.config for point in tried], kept, executor)
    result = sweep.result(config, read, list(zip(tried, judged, strict=True)))
    return result, sweep.table(result)


@contextmanager
def _folder(observations: Path | None) -> Iterator[Path]:
    if observations:
        yield folder_for_observations(observations).resolve()
        return
    with TemporaryDirectory(prefix="driver-monitor-") as folder:
        yield folder_for_observations(Path(folder))
