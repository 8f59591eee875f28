"""How a frame is looked at."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from edge.config.section import Probability, Section

SHIPPED_MODELS = Path(__file__).parents[1] / "models"


class SeatRegion(Section):
    """Where the driver's face is looked for, as shares of the frame; the default is all of it."""

    left: Probability = 0.0
    """Share of the frame's width."""
    top: Probability = 0.0
    """Share of the frame's height."""
    right: Probability = 1.0
    """Share of the frame's width."""
    bottom: Probability = 1.0
    """Share of the frame's height."""

    @model_validator(mode="after")
    def _holds_something(self) -> SeatRegion:
        if not (self.left < self.right and self.top < self.bottom):
            raise ValueError("left must be less than right, and top less than bottom")
        return self


class FaceConfig(Section):
    detector: Literal["native", "haar", "yunet"] = "native"
    """How the face is found where it is not yet followed."""
    search_height: Annotated[int, Field(ge=96, le=1080)] = 240
    """Haar and yunet search a frame at this height in pixels; less is faster and misses small faces."""
    smallest: Annotated[float, Field(gt=0, lt=1)] = 0.2
    """The smallest face that haar looks for, as a share of the frame's height."""
    seat: SeatRegion = SeatRegion()
    """Of several faces the largest in this region is the driver."""
    native_model: Path = SHIPPED_MODELS / "face.tflite"
    """The model file of the project's own detector."""
    yunet_model: Path | None = None
    """The ONNX file of OpenCV's YuNet, for detector yunet."""
    yunet_sha256: Annotated[str, Field(pattern="^[0-9a-fA-F]{64}$")] | None = None
    """Its hash: a model that decides what is seen is not to be exchanged unseen."""


class VisionConfig(Section):
    face: FaceConfig = FaceConfig()
    landmarks_model: Path = SHIPPED_MODELS / "landmarks.tflite"
    """The model file of the contours, which follows the face."""
    eyes_model: Path = SHIPPED_MODELS / "eyes.tflite"
    """The model file that reads the eyes."""
    emotion_model: Path = SHIPPED_MODELS / "emotion.tflite"
    """The model file that reads the emotion."""
    emotion_interval_s: Annotated[float, Field(ge=0, le=2)] = 0.1
    """Emotion changes slowly: it is read at most this often, which spares the processor."""
    threads: Annotated[int, Field(ge=1, le=8)] = 1
    """Threads of each model, and of haar and yunet; one is fastest for models this small."""
    dark_below: Annotated[float, Field(ge=0, le=255)] = 12.0
    """Mean grey value of a frame, and of the face in it, under which it is too dark to see anything."""
