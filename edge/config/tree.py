"""The root of the configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from edge.config.alerts import AlertsConfig
from edge.config.camera import CameraConfig
from edge.config.clock import ClockConfig
from edge.config.consent import ConsentConfig
from edge.config.delivery import MqttConfig, OutboxConfig
from edge.config.gps import GpsConfig
from edge.config.rules import RulesConfig
from edge.config.section import Section
from edge.config.vision import VisionConfig

VehicleName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")]


class Config(Section):
    """The whole configuration."""

    vehicle: VehicleName = "vehicle"
    """Name of the vehicle in events and topics: letters, digits, dot, underscore, hyphen."""
    consent: ConsentConfig | None = None
    """Who agreed to be watched; without it a live camera is not opened."""
    camera: CameraConfig = CameraConfig()
    vision: VisionConfig = VisionConfig()
    rules: RulesConfig = RulesConfig()
    alerts: AlertsConfig = AlertsConfig()
    """How the driver is warned in the vehicle; by default nothing is connected."""
    gps: GpsConfig = GpsConfig()
    clock: ClockConfig = ClockConfig()
    mqtt: MqttConfig | None = None
    """Where events go; without it they are printed on standard output."""
    outbox: OutboxConfig = OutboxConfig()
    """Where events wait for the broker, on the disk; needs the state directory."""
    state_directory: Path | None = None
    """Where the daemon keeps what must outlive it; null: systemd's STATE_DIRECTORY, or nothing is kept."""

    @model_validator(mode="after")
    def _camera_is_fast_enough(self) -> Config:
        if self.rules.longest_step_s * self.camera.frames_per_second < 1:
            raise ValueError(
                "rules.longest_step_s must be at least as long as a frame of camera.frames_per_second, or closures "
                "count as shorter than they are"
            )
        if self.camera.stall_s >= self.alerts.stale_s:
            raise ValueError("camera.stall_s must be below alerts.stale_s, or a pause of the camera silences an alarm")
        return self
