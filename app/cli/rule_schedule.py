"""When a rule counts, as the command line takes it."""

from dataclasses import dataclass
from typing import Annotated, Any

import typer

ALWAYS = "always"


@dataclass
class ScheduleOptions:
    """When the rule counts; what is left out stays."""

    schedule: Annotated[
        str | None,
        typer.Option(
            help="When it counts, by the clocks of each device: days (workday, holiday, mon ... sun, with commas "
            "between them), hours, or both, like 'workday 22:00-06:00'; 'always' for no schedule."
        ),
    ] = None

    def change(self, body: dict[str, Any]) -> dict[str, Any]:
        """A rule with it."""
        if self.schedule is None:
            return body
        body = {name: value for name, value in body.items() if name != "schedule"}
        words = self.schedule.split()
        if words == [ALWAYS]:
            return body
        days = [day for word in words if ":" not in word for day in word.split(",") if day]
        hours = [word for word in words if ":" in word]
        given = {"days": days} if days else {}
        return {**body, "schedule": given | ({"hours": " ".join(hours)} if hours else {})}


def told(schedule: dict[str, Any] | None) -> str:
    """A schedule as it is given; empty for none."""
    if schedule is None:
        return ""
    days = "" if schedule["days"] == ["every"] else ",".join(schedule["days"])
    return f"{days} {schedule['hours']}".strip()
