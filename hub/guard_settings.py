"""Settings of guards: how long each state that switches one off may last."""

from typing import Annotated, Literal

from pydantic import Field

from hub.setting_types import Section

Lasting = Annotated[float | None, Field(gt=0, le=31_536_000, allow_inf_nan=False)]


class Guards(Section):
    """Longest durations in seconds (失防); null: any. A profile may have its own."""

    shielded_s: Lasting = 86_400.0
    muted_s: Lasting = 3_600.0
    test_s: Lasting = 7_200.0
    maintenance_s: Lasting = 28_800.0
    removed_s: Lasting = 1_800.0
    calibration_s: Lasting = 14_400.0
    low_battery_s: Lasting = 604_800.0
    level: Literal["blue", "yellow", "orange", "red"] = "orange"
    """Of the alert that is raised then."""

    def longest_s(self, kind: str) -> float | None:
        """How long a state may last."""
        found: float | None = getattr(self, f"{kind}_s")
        return found
