"""Device kinds of the city: their profiles (thing models) and rules."""

from dataclasses import dataclass
from typing import Any

from hub.models import LEVEL_NAMES

BRIGHTNESS = {
    "type": "object",
    "properties": {"brightness": {"type": "number", "minimum": 0, "maximum": 100}},
    "required": ["brightness"],
    "additionalProperties": False,
}
"""What a lamp may be told, as JSON Schema."""

PROFILES: dict[str, dict[str, Any]] = {
    "air-station": {
        "name": "空气质量监测站",
        "metrics": {
            "pm25": {"name": "PM2.5", "unit": "ug/m3", "min": 0, "max": 2000},
            "pm10": {"name": "PM10", "unit": "ug/m3", "min": 0, "max": 4000},
            "no2": {"name": "NO2", "unit": "ug/m3", "min": 0, "max": 2000},
            "o3": {"name": "O3", "unit": "ug/m3", "min": 0, "max": 2000},
            "temperature": {"name": "气温", "unit": "Cel", "min": -40, "max": 60},
            "humidity": {"name": "相对湿度", "unit": "%", "min": 0, "max": 100},
        },
    },
    "river-level": {
        "name": "河道水位站",
        "metrics": {"level": {"name": "水位", "unit": "m", "min": -5, "max": 20}},
    },
    "manhole-cover": {
        "name": "智能井盖",
        "metrics": {
            "tilt": {"name": "倾角", "unit": "deg", "min": 0, "max": 180},
            "water": {"name": "井内水深", "unit": "cm", "min": 0, "max": 500},
            "battery": {"name": "电量", "unit": "%", "min": 0, "max": 100},
        },
    },
    "smart-pole": {
        "name": "智慧灯杆",
        "metrics": {"voltage": {"name": "供电电压", "unit": "V", "min": 0, "max": 400}},
    },
    "street-lamp": {
        "name": "路灯",
        "metrics": {
            "power": {"name": "功率", "unit": "W", "min": 0, "max": 1000},
            "brightness": {"name": "亮度", "unit": "%", "min": 0, "max": 100},
        },
        "commands": {"set_brightness": {"name": "调光", "schema": BRIGHTNESS, "timeout_s": 10}},
    },
    "environment-sensor": {
        "name": "环境传感器",
        "metrics": {
            "temperature": {"name": "气温", "unit": "Cel", "min": -40, "max": 60},
            "humidity": {"name": "相对湿度", "unit": "%", "min": 0, "max": 100},
            "noise": {"name": "噪声", "unit": "dB[SPL]", "min": 0, "max": 150},
        },
    },
    "camera": {"name": "公共安全摄像机", "metrics": {}},
}


@dataclass(slots=True, frozen=True)
class ThresholdRule:
    """Four levels on one metric. `normal` is a range that readings keep to unless something happens."""

    code: str
    name: str
    profile: str
    metric: str
    direction: str
    thresholds: tuple[float, float, float, float]
    normal: tuple[float, float]
    hysteresis: float
    hold_s: float = 0.0

    def inside(self, level: int) -> float:
        """A value in the middle of a level's band (1 blue .. 4 red)."""
        here = self.thresholds[level - 1]
        if level < len(self.thresholds):
            return round((here + self.thresholds[level]) / 2, 2)
        return round(here + (here - self.thresholds[level - 2]) / 2, 2)

    def body(self) -> dict[str, Any]:
        """As the hub's API takes it."""
        return {
            "name": self.name,
            "profile": self.profile,
            "metric": self.metric,
            "direction": self.direction,
            "thresholds": dict(zip(LEVEL_NAMES, self.thresholds, strict=True)),
            "hysteresis": self.hysteresis,
            "hold_s": self.hold_s,
        }


@dataclass(slots=True, frozen=True)
class EventRule:
    """One kind of event, and the level of the alert it leads to (1 blue .. 4 red)."""

    code: str
    name: str
    profile: str
    event_kind: str
    level: int

    def body(self) -> dict[str, Any]:
        """As the hub's API takes it."""
        level = LEVEL_NAMES[self.level - 1]
        return {"name": self.name, "profile": self.profile, "event_kind": self.event_kind, "level": level}


Rule = ThresholdRule | EventRule

RULES: tuple[Rule, ...] = (
    ThresholdRule("city-pm25", "PM2.5 浓度超标", "air-station", "pm25", "above", (75, 115, 150, 250), (4, 60), 5),
    EventRule("city-smoke", "发现烟雾", "camera", "smoke", 4),
    ThresholdRule("city-level", "河道水位超警", "river-level", "level", "above", (3.5, 4, 4.5, 5), (1.2, 3), 0.1),
    EventRule("city-tilt", "井盖倾斜", "manhole-cover", "tilt", 3),
    ThresholdRule(
        "city-noise", "噪声持续超标", "environment-sensor", "noise", "above", (75, 80, 85, 95), (40, 67), 2, hold_s=1
    ),
    EventRule("city-intrusion", "区域入侵", "camera", "intrusion", 2),
    ThresholdRule("city-water", "井内水位过高", "manhole-cover", "water", "above", (5, 15, 30, 50), (0, 2), 1),
    EventRule("city-immersion", "道路积水", "camera", "water_immersion", 3),
    ThresholdRule("city-battery", "井盖电量低", "manhole-cover", "battery", "below", (20, 15, 10, 5), (70, 100), 2),
)
