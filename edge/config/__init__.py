"""The whole configuration, one tree; `config/default.yaml` shows every value with its reason.

One file a section; unknown keys are refused.
"""

from edge.config.alerts import AlertsConfig
from edge.config.camera import CameraConfig
from edge.config.clock import ClockConfig
from edge.config.consent import ConsentConfig
from edge.config.delivery import MqttConfig, OutboxConfig
from edge.config.gps import GpsConfig
from edge.config.load import load_config
from edge.config.rules import (
    BaselineConfig,
    ClosuresConfig,
    GuardsConfig,
    PerclosConfig,
    RulesConfig,
    SadConfig,
    SpeedGateConfig,
    VisibilityConfig,
)
from edge.config.section import Probability, Seconds, Section
from edge.config.tree import Config, VehicleName
from edge.config.vision import SHIPPED_MODELS, FaceConfig, SeatRegion, VisionConfig

__all__ = [
    "SHIPPED_MODELS",
    "AlertsConfig",
    "BaselineConfig",
    "CameraConfig",
    "ClockConfig",
    "ClosuresConfig",
    "Config",
    "ConsentConfig",
    "FaceConfig",
    "GpsConfig",
    "GuardsConfig",
    "MqttConfig",
    "OutboxConfig",
    "PerclosConfig",
    "Probability",
    "RulesConfig",
    "SadConfig",
    "SeatRegion",
    "Seconds",
    "Section",
    "SpeedGateConfig",
    "VehicleName",
    "VisibilityConfig",
    "VisionConfig",
    "load_config",
]
