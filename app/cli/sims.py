"""`hub sims`: SIM cards that end soon."""

import json
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from app.cli.client import DEFAULT_URL, TokenOption, UrlOption, out, pages


def show_sims(
    within: Annotated[int, typer.Option(min=0, max=3650, help="That end within so many days.")] = 30,
    region: Annotated[str | None, typer.Option(help="Only in this division: the first digits of its code.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """SIM cards of devices that end soon or have ended, the first to end first.

    The day is a column of the sheet, and an option: hub devices put CODE --sim-expires 2027-01-31

    Example:  hub sims --within 60 --region 3301
    """
    found = pages("/sims", url, token, {"within_days": within, "region": region})
    if as_json:
        for each in found:
            typer.echo(json.dumps(each, ensure_ascii=False))
        return
    table = Table("ends", "days", "device", "name", box=SIMPLE_HEAD, pad_edge=False)
    for each in found:
        days = Text(str(each["days"]), "red" if each["days"] < 0 else "")
        table.add_row(Text(each["expires"]), days, Text(each["device"]), Text(each["device_name"]))
    out.print(table if found else f"No SIM card ends within {within} days.")
