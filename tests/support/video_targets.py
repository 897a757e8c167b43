"""What the analysis of video is to reach, in the order in which it was asked, beside what was measured."""

from typing import Any, NamedTuple

from analytics.video.kinds import QUALITY


class Target(NamedTuple):
    """A line of the table; `least` and `aim` are None where a figure is to be stated only."""

    what: str
    value: float | str | None
    """None: it was not measured."""
    unit: str
    least: float | None = None
    aim: float | None = None
    more_is_better: bool = False

    @property
    def reached(self) -> str:
        """How far."""
        if self.value is None:
            return "not measured"
        if self.least is None or self.aim is None or isinstance(self.value, str):
            return "stated" if not isinstance(self.value, str) else "missed"
        sign = 1 if self.more_is_better else -1
        if sign * self.value >= sign * self.aim:
            return "aim"
        return "least" if sign * self.value >= sign * self.least else "missed"

    def told(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "what": self.what, "value": self.value, "unit": self.unit, "at_least": self.least, "aim": self.aim,
            "reached": self.reached,
        }  # fmt: skip


def targets(told: dict[str, Any]) -> list[Target]:
    """The table, of the object that the bench makes."""
    clean, patrol = told.get("clean"), told.get("patrol")
    rate = None
    if clean is not None:
        rate = round(sum(count for kind, count in clean["false_an_hour"].items() if kind in QUALITY), 1)
    streams = told.get("with_decoding", {})
    return [
        Target("faults of the picture that are found (11 kinds, 3 strengths)",
               told["faults"]["share"] if "faults" in told else None, "of 1", 0.9, 0.98, more_is_better=True),
        Target("faults of the picture told in an hour of clean footage", rate, "an hour", 2, 0),
        *(Target(f"flame on {name} found after", "not found" if delay is None else delay, "s", 5, 2)
          for name, delay in told.get("flame_delay_s", {}).items()),
        *(Target(f"flames and smoke told on {name}, which does not burn", count, "times", 0, 0)
          for name, count in told.get("burning_told_of_nothing", {}).items()),
        Target("cameras a core beyond decoding, 640 x 360 at 5 frames a second",
               told.get("cost", {}).get("cameras_a_core_at_5_fps"), "cameras", 40, 100, more_is_better=True),
        *(Target(f"cameras a core with decoding, {name.replace('_', ' ')}", found["cameras_a_core"], "cameras")
          for name, found in streams.items()),
        Target("patrol of simulated cameras, 4,000 on 2 cores",
               None if patrol is None else round(patrol["round_s"] / 60 * 4000 / patrol["cameras"], 2), "min", 60, 20),
    ]  # fmt: skip
