"""What vision saw in recordings, kept as Parquet, so that rules are tried anew without looking at a frame again.

A file holds a row a frame: boxes, points and probabilities, no picture. Its name is a hash of all that it depends on,
so one that was made of other frames, models or settings is never taken for it.
"""

from __future__ import annotations

import hashlib
import json
import os
import types
import typing
from collections.abc import Iterator
from dataclasses import asdict, fields, is_dataclass
from importlib import metadata
from itertools import islice
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

import edge
from edge.cameras.images import noted_rate
from edge.cameras.recording import frame_files
from edge.config import Config
from edge.errors import InputError, UserError
from edge.replay.player import Seen, watch
from edge.whole_file import whole

ROWS_AT_ONCE = 4096
_PACKAGES = ("ai-edge-litert", "tflite-runtime", "numpy", "opencv-python-headless")
"""What decodes frames and runs models: another version may see a last digit otherwise."""


def observe(recording: Path, config: Config, folder: Path) -> Path:
    """The Parquet file in `folder` of what is seen in a recording, made if it is not there yet.

    Raises:
        InputError: the recording cannot be used, or the file cannot be written.
        ConfigError: a model cannot be used.
    """
    path = folder / f"{recording.resolve().name}-{_key(recording, config)}.parquet"
    if not path.exists():
        with whole(path) as partial:
            _write(watch(recording, config), partial)
    return path


def read_observations(path: Path) -> list[Seen]:
    """What `observe` kept, to the last bit.

    Raises:
        InputError: the file is damaged.
    """
    arrow, parquet = _arrow()
    rows = TypeAdapter(list[Seen])
    try:
        with parquet.ParquetFile(path) as kept:
            return [one for batch in kept.iter_batches(ROWS_AT_ONCE) for one in rows.validate_python(batch.to_pylist())]
    except (arrow.ArrowException, OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{path}: the observations cannot be read ({reason}); take the file away.") from None


def folder_for_observations(folder: Path) -> Path:
    """The folder, made if need be, once it is known that observations can be kept there.

    Raises:
        UserError: pyarrow is missing, or the folder cannot be written.
    """
    _arrow()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".probe-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise InputError(f"{folder}: observations cannot be kept there ({error.strerror}); name a folder.") from None
    return folder


def vision_part(config: Config) -> str:
    """What of a configuration decides what is seen; configurations that agree in it share their observations."""
    return json.dumps([config.vision.model_dump(mode="json"), _timing(config)], sort_keys=True)


def _timing(config: Config) -> dict[str, Any]:
    return config.camera.model_dump(include={"frames_per_second", "stall_s"})


def _contents(settings: dict[str, Any]) -> dict[str, Any]:
    """A section with each file's hash in place of its path: the same model may lie elsewhere."""
    return {
        name: _contents(value) if isinstance(value, dict) else _hash(value) if isinstance(value, Path) else value
        for name, value in settings.items()
    }


def _key(recording: Path, config: Config) -> str:
    """32 hexadecimal digits for frames, settings, the models' bytes, and the code and libraries that look at frames."""
    room = Path(edge.__file__).parent
    code = [room / "records.py", room / "replay" / "player.py", *sorted((room / "vision").glob("*.py"))]
    code += sorted((room / "cameras").glob("*.py"))
    depends_on = {
        "frames": [_hash(path) for path in frame_files(recording)],
        "rate": noted_rate(recording) if recording.is_dir() else None,
        "settings": [_contents(config.vision.model_dump()), *_timing(config).values()],
        "code": [_hash(path) for path in code],
        "packages": [_version(name) for name in _PACKAGES],
    }
    return hashlib.sha256(json.dumps(depends_on).encode()).hexdigest()[:32]


def size_of(recording: Path) -> int:
    """Bytes of its frames; 0 where there are none to be found."""
    return sum(path.stat().st_size for path in frame_files(recording) if path.is_file())


def _hash(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        return f"{path}: {error.strerror}"  # whoever opens it next says so as it should be said


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _write(seen: Iterator[Seen], path: Path) -> None:
    arrow, parquet = _arrow()
    schema = arrow.schema(list(_arrow_type(Seen)))
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        while rows := [asdict(one) for one in islice(seen, ROWS_AT_ONCE)]:
            writer.write_table(arrow.Table.from_pylist(rows, schema))


def _arrow_type(annotation: Any) -> Any:
    """The Arrow type of a record's field: a column for each number, whatever is added to the records."""
    arrow, _ = _arrow()
    simple = {float: arrow.float64(), bool: arrow.bool_(), int: arrow.int64(), str: arrow.string()}
    if annotation in simple:
        return simple[annotation]
    if is_dataclass(annotation):
        hints = typing.get_type_hints(annotation)
        return arrow.struct([(field.name, _arrow_type(hints[field.name])) for field in fields(annotation)])
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (types.UnionType, typing.Union) and len(arguments) == 2 and type(None) in arguments:
        return _arrow_type(next(argument for argument in arguments if argument is not type(None)))
    if origin is tuple:
        return arrow.list_(_arrow_type(arguments[0]))
    if origin is typing.Literal:
        return _arrow_type(type(arguments[0]))
    raise TypeError(f"no column is known for {annotation}")


def _arrow() -> tuple[Any, Any]:
    """Arrow and its Parquet: a workstation has them, the device does without."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise UserError(
            "pyarrow, which keeps observations, is not installed: pip install '.[tune]' in the clone."
        ) from None
    return pa, pq
