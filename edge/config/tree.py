"""The root of the configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

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
