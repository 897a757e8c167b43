"""Quality flags of a reading: one vocabulary for protocols, detectors, rollups, rules and the API."""

from enum import IntFlag
from functools import reduce
from operator import or_
from typing import NamedTuple


class Quality(IntFlag):
    """Flags of a stored reading, in an int16 column; 0 is good, and flags add up: all of its bits are in use."""

    GOOD = 0
    LATE = 1
    OUT_OF_RANGE = 2
    NO_TIME = 4
    SUSPECT = 8
    CONFLICTING = 16
    FAULT = 32
    OUT_OF_SERVICE = 64
    MAINTENANCE = 128
    CALIBRATION = 256
    TEST = 512
    ESTIMATED = 1024
    MANUAL = 2048
    NOT_A_NUMBER = 4096
    STALE = 8192
    SHIELDED = 16384


class Flag(NamedTuple):
    """What a flag says, in words, and which marks of other standards it stands for."""

    flag: Quality
    usable: bool
    """Whether the value may enter rollups and rules."""
    name_en: str
    name_zh: str
    meaning: str
    hj212: str = ""
    """The data mark of HJ 212-2017, table 8."""
    opcua: tuple[str, ...] = ()
    """Status codes of OPC UA, part 4 and part 8."""
    waterml: str = ""
    """The last part of OGC's http://www.opengis.net/def/waterml/2.0/quality/..."""


FLAGS = (
    Flag(
        Quality.LATE,
        True,
        "late",
        "迟到",
        "older than what the hub had already seen of the series, or told as history by its sender: it corrects history "
        "and never pages",
    ),
    Flag(
        Quality.OUT_OF_RANGE,
        False,
        "out of range",
        "超出量程",
        "outside the physical range of the profile, or of what the instrument can measure",
        "T",
        ("UncertainEngineeringUnitsExceeded",),
    ),
    Flag(
        Quality.NO_TIME,
        True,
        "without a time of its own",
        "无设备时间",
        "the device sent no time: the time of arrival stands in",
    ),
    Flag(
        Quality.SUSPECT,
        True,
        "suspect",
        "存疑",
        "stuck, unlike its neighbours, or doubted by a detector; usable, for what is unusual may be true",
        opcua=("Uncertain", "UncertainSubNormal", "UncertainSensorNotAccurate"),
        waterml="suspect",
    ),
    Flag(
        Quality.CONFLICTING,
        True,
        "conflicting",
        "数值冲突",
        "another value came for the same time; the one that came first is kept",
    ),
    Flag(
        Quality.FAULT,
        False,
        "fault",
        "故障",
        "the device says that it, or its sensor, is faulty",
        "D",
        ("BadDeviceFailure", "BadSensorFailure"),
    ),
    Flag(
        Quality.OUT_OF_SERVICE,
        False,
        "out of service",
        "停运",
        "the instrument, or what it measures, is shut down",
        "F",
        ("BadOutOfService",),
    ),
    Flag(Quality.MAINTENANCE, False, "maintenance", "维护", "measured while somebody worked on the instrument", "M"),
    Flag(Quality.CALIBRATION, False, "calibration", "校准", "measured while the instrument was calibrated", "C"),
    Flag(
        Quality.TEST,
        False,
        "test",
        "测试",
        "simulated, or sent to try something out",
        opcua=("UncertainSimulatedValue",),
    ),
    Flag(
        Quality.ESTIMATED,
        True,
        "estimated",
        "估算",
        "interpolated, or computed from other values, not measured",
        opcua=("UncertainSubstituteValue",),
        waterml="estimated",
    ),
    Flag(
        Quality.MANUAL,
        True,
        "manual",
        "人工录入",
        "entered or set by hand",
        "S",
        ("GoodLocalOverride", "UncertainTransducerInManual"),
    ),
    Flag(
        Quality.NOT_A_NUMBER,
        False,
        "not a number",
        "非数值",
        "not a number, infinite, or of 1e300 and beyond, where sums overflow",
    ),
    Flag(
        Quality.STALE,
        False,
        "stale",
        "数据陈旧",
        "the last value of an instrument that does not answer",
        "B",
        ("UncertainLastUsableValue", "UncertainNoCommunicationLastUsableValue", "BadNoCommunication"),
    ),
    Flag(
        Quality.SHIELDED,
        True,
        "shielded or muted",
        "屏蔽或消音",
        "measured while its alarm was shielded (屏蔽) or muted (消音) on site: the value is right, but no rule looks "
        "at it",
    ),
)

UNUSABLE = reduce(or_, (known.flag for known in FLAGS if not known.usable), Quality.GOOD)
"""The value of a reading with any of these flags enters no rollup and no rule. Migrations hold it as a number: whoever
changes it adds one that makes the rollups anew."""

WITHHELD = UNUSABLE | Quality.SHIELDED
"""To an expression a reading with any of these flags is missing."""
UNJUDGED = WITHHELD | Quality.LATE
"""No detector looks at a reading with any of these flags, and no rule but one on `flagged` readings."""
NEVER_JUDGED = Quality.LATE | Quality.OUT_OF_RANGE | Quality.NOT_A_NUMBER
"""Nor does a rule on `flagged` readings look at these."""

FINITE_LIMIT = 1e300
"""Values must be nearer to 0. Two values near the largest float overflow a sum, and a rollup that cannot be refreshed
once is not refreshed ever again."""


def flags_of(quality: int) -> list[Flag]:
    """The flags that are set."""
    return [known for known in FLAGS if quality & known.flag]
