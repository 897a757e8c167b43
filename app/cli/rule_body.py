"""What `hub rules` commands share: a rule as `PUT /api/v1/rules/CODE` takes it."""

from typing import Annotated, Any

import typer

LEVELS = ("blue", "yellow", "orange", "red")
CodeArgument = Annotated[str, typer.Argument(help="The rule's code.")]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]


def body_of(found: dict[str, Any]) -> dict[str, Any]:
    """Of a rule as the API answers with it."""
    return {name: value for name, value in found.items() if name != "code" and value is not None}
