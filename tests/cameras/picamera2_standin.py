# ruff: noqa: B006, B008  (the default arguments are picamera2's own, and must equal them)
"""A stand-in for picamera2 0.3.38, as strict as the real one: what it does not know, it refuses.

Every public method here has the signature of the real one (test_picamera.py compares them with the release itself), and
raises where the real one would: before `configure` or `start`, after `close`, on a request that was released, on a
control that the sensor does not have. It waits for nothing: a frame is there or it is not.
"""

from __future__ import annotations

from concurrent.futures import CancelledError
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np


class libcamera:  # noqa: N801 (the module's name, which the defaults below mention)
    class Transform:
        pass

    class ColorSpace:
        @staticmethod
        def Sycc() -> str:  # noqa: N802
            return "sYCC: Y from 0 to 255"


@dataclass
class Bench:
    """The camera on the test bench: what is plugged in, what it will deliver, and what was done with it."""

    refusal: RuntimeError | None = None
    alignment: int = 64
    """Bytes that a row is padded to a multiple of; 64 on a Pi 5, 32 on a Pi 4."""
    controls: frozenset[str] = frozenset({"FrameDurationLimits", "ExposureTime", "AnalogueGain", "NoiseReductionMode",
                                         "AeEnable", "AeExposureMode"})  # fmt: skip
    coming: list[tuple[np.ndarray, dict[str, Any]]] = field(default_factory=list)
    """The Y planes (uint8[height, width]) that will be delivered, and their metadata."""
    tuning: Any = None
    configuration: dict[str, Any] | None = None
    open: bool = False
    started: bool = False
    held: int = 0
    """Requests that the program has and has not released."""
    unreadable: bool = False
    comes_while_leaving: bool = False
    """A frame completes the request that is asked for, at the moment in which it is to be cancelled."""

    def deliver(self, luma: np.ndarray, **metadata: Any) -> None:
        self.coming.append((luma, {"SensorTimestamp": 1_000_000_000, "FrameDuration": 66667} | metadata))


class Job:
    def __init__(self) -> None:
        self.cancelled = False
        self.request: CompletedRequest | None = None


class CompletedRequest:
    def __init__(self, bench: Bench, planes: np.ndarray, metadata: dict[str, Any]) -> None:
        self._bench = bench
        self._planes = planes
        self._metadata = metadata
        self._references = 1
        bench.held += 1

    def release(self) -> None:
        self._references -= 1
        if self._references < 0:
            raise RuntimeError("CompletedRequest: lock now has negative ref_count")
        self._bench.held -= 1

    def get_metadata(self) -> dict[str, Any]:
        assert self._references, "a request is used after it was released"
        return dict(self._metadata)

    def make_array(self, name: str) -> np.ndarray:
        assert self._references, "a request is used after it was released"
        if name != "main" or self._bench.unreadable:
            raise RuntimeError(f"Stream {name!r} is not defined")
        return self._planes.copy()


class Picamera2:
    bench: ClassVar[Bench]

    def __init__(self, camera_num=0, verbose_console=None, tuning=None, allocator=None):
        if self.bench.refusal is not None:
            # As the real one does: it says only where it failed, and keeps the reason as the cause.
            raise RuntimeError("Camera __init__ sequence did not complete.") from self.bench.refusal
        assert not self.bench.open, "the camera is opened twice"
        self.bench.open = True
        self.bench.tuning = tuning
        self._jobs: list[Job] = []

    @staticmethod
    def load_tuning_file(tuning_file, dir=None):  # noqa: A002
        if tuning_file != "imx219_noir.json":
            raise RuntimeError("Tuning file not found")
        return {"version": 2.0, "target": "bcm2835"}

    def create_preview_configuration(
        self,
        main={},
        lores=None,
        raw={},
        transform=libcamera.Transform(),
        colour_space=libcamera.ColorSpace.Sycc(),
        buffer_count=4,
        controls={},
        display="main",
        encode="main",
        queue=True,
        sensor={},
        use_case="preview",
    ) -> dict[str, Any]:
        self._must_be_open()
        bad = set(main) - {"format", "size", "stride", "preserve_ar"}
        if bad:
            raise ValueError(f"Bad key {bad}: valid stream configuration keys are ...")
        width, height = main["size"]
        size = (width - width % 2, height - height % 2)
        stride = -(-size[0] // self.bench.alignment) * self.bench.alignment
        return {
            "main": {"format": "XBGR8888"} | main | {"size": size, "stride": stride},
            "raw": raw,
            "buffer_count": buffer_count,
            "controls": controls,
            "colour_space": colour_space,
        }

    def configure(self, camera_config=None) -> None:
        self._must_be_open()
        if self.bench.started:
            raise RuntimeError("Camera must be stopped before configuring")
        if not isinstance(camera_config, dict):
            raise TypeError("Invalid type for `camera_config` given")
        for name in camera_config["controls"]:
            if name not in self.bench.controls:
                raise RuntimeError(f"Control {name} is not advertised by libcamera")
        self.bench.configuration = camera_config

    @property
    def camera_controls(self) -> dict[str, Any]:
        """By name, as the real one; what it says of each is not asked."""
        return dict.fromkeys(self.bench.controls)

    def camera_configuration(self) -> dict[str, Any]:
        assert self.bench.configuration is not None, "asked for the configuration before there is one"
        return self.bench.configuration

    def start(self, config=None, show_preview=False) -> None:
        self._must_be_open()
        if self.bench.configuration is None:
            raise RuntimeError("Camera has not been configured")
        self.bench.started = True

    def close(self) -> None:
        assert not self._jobs, "closed while a request is asked for"
        self.bench.open = self.bench.started = False

    def capture_request(self, wait=None, signal_function=None, flush=None):
        self._must_be_open()
        assert self.bench.started, "captured before the start: the real one would wait for ever"
        assert wait is False, "a wait with a limit leaves its request behind; without one it may never end"
        job = Job()
        self._jobs.append(job)
        return job

    def wait(self, job, timeout=None):
        if job.request is not None:
            return job.request
        if job.cancelled:
            raise CancelledError
        assert timeout is not None, "waits for ever where the camera is dead"
        assert job in self._jobs, "a job is waited for twice"
        buffers = self.bench.configuration["buffer_count"] if self.bench.configuration else 0
        if not self.bench.coming or self.bench.held + len(self._jobs) > buffers:
            raise TimeoutError
        self._jobs.remove(job)
        luma, metadata = self.bench.coming.pop(0)
        return CompletedRequest(self.bench, self._planes(luma), metadata)

    def cancel_all_and_flush(self) -> None:
        for job in self._jobs:
            job.cancelled = True
            if self.bench.comes_while_leaving:
                luma, metadata = self.bench.coming.pop(0)
                job.request = CompletedRequest(self.bench, self._planes(luma), metadata)
        self._jobs = []

    def _planes(self, luma: np.ndarray) -> np.ndarray:
        """YUV420 as libcamera lays it out: Y above U and V, rows padded to the stride; the padding is noise here."""
        stream = self.camera_configuration()["main"]
        (width, height), stride = stream["size"], stream["stride"]
        assert stream["format"] == "YUV420"
        assert luma.shape == (height, width), "the test delivers another size than was configured"
        planes = np.random.default_rng(0).integers(0, 256, (height * 3 // 2, stride), dtype=np.uint8)
        planes[:height, :width] = luma
        return planes

    def _must_be_open(self) -> None:
        if not self.bench.open:
            raise RuntimeError("Camera not opened")
