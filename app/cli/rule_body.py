"""What `hub rules` commands share: a rule as `PUT /api/v1/rules/CODE` takes it."""

from dataclasses import asdict, dataclass
from typing import Annotated, Any

import typer

LEVELS = ("blue", "yellow", "orange", "red")
CodeArgument = Annotated[str, typer.Argument(help="The rule's code.")]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]


@dataclass
class RepetitionOptions:
    """How often a kind of event must happen, and how soon an alert may come again."""

    count: Annotated[int | None, typer.Option(min=1, max=100, help="So many events, within --within-s.")] = None
    within_s: Annotated[float | None, typer.Option("--within-s", min=0, max=86400, help="Seconds.")] = None
    cooldown_s: Annotated[
        float | None, typer.Option("--cooldown-s", min=0, max=86400, help="Seconds after an alert without another.")
    ] = None

    def given(self) -> dict[str, Any]:
        """Those that are given."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass
class GuidanceOptions:
    """What whoever answers an orange or red alert is told; what is left out stays, or comes from the hub."""

    cause: Annotated[str | None, typer.Option(help="What is likely behind it.")] = None
    consequence: Annotated[str | None, typer.Option(help="What follows if nobody acts.")] = None
    action: Annotated[str | None, typer.Option(help="What is to be done.")] = None
    contacts: Annotated[str | None, typer.Option(help="Who is called: posts and duty rooms.")] = None
    respond_s: Annotated[int | None, typer.Option("--respond-s", min=1, help="Seconds to respond.")] = None

    def given(self) -> dict[str, Any]:
        """Those that are given."""
        return {name: value for name, value in asdict(self).items() if value is not None}


def body_of(found: dict[str, Any]) -> dict[str, Any]:
    """Of a rule as the API answers with it."""
    return {name: value for name, value in found.items() if name not in ("code", "version") and value is not None}
