"""`hub guards`: what is not guarded now."""

import json
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from app.cli.client import DEFAULT_URL, TokenOption, UrlOption, fail, out, pages


def show_guards(
    verb: Annotated[str | None, typer.Argument(hidden=True)] = None,
    kind: Annotated[
        str | None,
        typer.Option(help="Only: shielded, muted, test, maintenance, removed, calibration, low_battery, offline, ..."),
    ] = None,
    region: Annotated[str | None, typer.Option(help="Only in this division: the first digits of its code.")] = None,
    device: Annotated[str | None, typer.Option(help="Only this device.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """What is not guarded now (失防), since when and why; the longest first.

    Example:  hub guards --region 3301 --kind shielded
    """
    if verb not in (None, "list"):
        fail(f"hub guards has no verb '{verb}': it lists what is not guarded now, as in hub guards --device {verb}")
    found = pages("/guards", url, token, {"kind": kind, "region": region, "device": device})
    if as_json:
        for each in found:
            typer.echo(json.dumps(each, ensure_ascii=False))
        return
    table = Table("since", "device", "name", "part", "why", "until", "alert", box=SIMPLE_HEAD, pad_edge=False)
    for each in found:
        times = [(each[name] or "-")[:16].replace("T", " ") for name in ("since", "until")]
        cells = (times[0], each["device"], each["device_name"], each["part"], each["why"], times[1])
        table.add_row(*map(Text, cells), Text("raised", "red") if each["told"] else "")
    out.print(table if found else "Everything is guarded.")
