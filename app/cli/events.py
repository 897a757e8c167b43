"""`hub events`: what devices report, and how long what they repeat lasted."""

import json
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from app.cli.client import DEFAULT_URL, TokenOption, UrlOption, out, pages
from app.cli.connection import Verbs

events = Verbs("What devices report, and how long what they repeat lasted.")


@events.verb("episodes")
def list_episodes(
    device: Annotated[str | None, typer.Option(help="Only of this device.")] = None,
    kind: Annotated[str | None, typer.Option(help="Only of this kind of event.")] = None,
    region: Annotated[str | None, typer.Option(help="Only in this division: the first digits of its code.")] = None,
    lasting: Annotated[bool | None, typer.Option("--open/--over", help="Only what lasts, or is over.")] = None,
    start: Annotated[str | None, typer.Option("--from", help="Began then or later, as 2026-11-01T00:00:00Z.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="Began before that.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """What devices repeat while it lasts: since when, how often it was said, and how it ended; newest first.

    Example:  hub events episodes --kind intrusion --open
    """
    asked = {"device": device, "kind": kind, "region": region, "from": start, "to": end}
    found = pages("/episodes", url, token, {**asked, "open": None if lasting is None else str(lasting).lower()})
    if as_json:
        for each in found:
            typer.echo(json.dumps(each, ensure_ascii=False))
        return
    columns = ("began", "device", "name", "kind", "part", "said last", "times", "ended", "why")
    table = Table(*columns, box=SIMPLE_HEAD, pad_edge=False)
    for each in found:
        began, last, ended = (
            (each[name] or "lasts")[:19].replace("T", " ") for name in ("began_at", "last_at", "ended_at")
        )
        cells = (
            began,
            each["device"],
            each["device_name"],
            each["kind"],
            each["part"],
            last,
            str(each["count"]),
            ended,
        )
        table.add_row(*map(Text, cells), Text(each["why"] or ""))
    out.print(table if found else "There is none.")
