"""The card of a model file: what goes in, what comes out, what it was made of and how well it does.

A model file is a `.tflite` flatbuffer with the zip of its associated files appended, as TFLite metadata does it; the
card is the file `card.json` in that zip. The file still loads in every TFLite runtime, which ignores what follows.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
import zlib
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from edge.errors import ConfigError

CARD_NAME = "card.json"
TFLITE_IDENTIFIER = b"TFL3"

_NO_ZIP = (zipfile.BadZipFile, zlib.error, KeyError, RuntimeError, ValueError, EOFError)
"""What reading a damaged zip raises, found by damaging one byte by byte."""

Task = Literal["emotion", "eyes", "face", "landmarks"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")  # a newer card may say more


class InputSpec(_Part):
    """Size of the input in pixels and its scaling: a pixel becomes (value - mean) / std, then the tensor's int8."""

    width: int = Field(gt=0)
    height: int = Field(gt=0)
    channels: Literal[1, 3] = 1
    mean: float = 0.0
    std: float = Field(default=255.0, gt=0)


class Dataset(_Part):
    """A training set and the terms that came with it."""

    name: str
    terms: str


class ModelCard(_Part):
    """The card; `temperature` divides the output scores (logits) before the softmax.

    `sha256` is the hexadecimal hash of the flatbuffer alone, without the appended zip.
    """

    task: Task
    version: str
    labels: tuple[str, ...]
    input: InputSpec
    temperature: float = Field(default=1.0, gt=0)
    thresholds: dict[str, float] = {}
    datasets: tuple[Dataset, ...] = ()
    results: dict[str, Any] = {}
    source: dict[str, Any] = {}
    sha256: str = ""

    @model_validator(mode="after")
    def _labels_differ(self) -> ModelCard:
        if len(self.labels) < 1 or len(set(self.labels)) != len(self.labels):
            raise ValueError("labels must be named, each once")
        return self


def append_card(model: bytes, card: ModelCard) -> bytes:
    """The flatbuffer with the card's zip behind it, its hash in the card.

    The same input gives the same bytes: no time, no compression.
    """
    card = card.model_copy(update={"sha256": hashlib.sha256(model).hexdigest()})
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        entry = zipfile.ZipInfo(CARD_NAME, date_time=(1980, 1, 1, 0, 0, 0))
        archive.writestr(entry, card.model_dump_json(indent=1))
    return model + buffer.getvalue()


def read_card(path: Path) -> ModelCard:
    """The card of a model file.

    Raises:
        ConfigError: as `read_model`.
    """
    return read_model(path)[1]


def read_model(path: Path) -> tuple[bytes, ModelCard]:
    """The flatbuffer of a model file, and its card.

    Raises:
        ConfigError: the file is missing, is no TFLite model, is cut short or damaged, or has no fitting card.
    """
    mend = "put the file from edge/models/ or one written by convert-tflite there"
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: the model cannot be read ({error.strerror}); {mend}.") from None
    if content[4:8] != TFLITE_IDENTIFIER:
        raise ConfigError(f"{path}: this is not a TFLite model; {mend}.")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            text = archive.read(CARD_NAME)
            flatbuffer = content[: min(entry.header_offset for entry in archive.infolist())]
    except _NO_ZIP:
        raise ConfigError(f"{path}: the model has no card, so it is cut short or foreign; {mend}.") from None
    try:
        card = ModelCard.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or CARD_NAME
        raise ConfigError(f"{path}: the model's card does not fit at {where} ({first['msg']}); {mend}.") from None
    if card.sha256 and card.sha256 != hashlib.sha256(flatbuffer).hexdigest():
        raise ConfigError(f"{path}: the model is damaged, its hash is not the one on its card; {mend}.")
    return flatbuffer, card
