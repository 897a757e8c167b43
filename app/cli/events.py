"""`hub events`: what devices report, how long what they repeat lasted, and pictures and clips of it."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from app.cli.client import DEFAULT_URL, TokenOption, UrlOption, call, fail, out, pages
from app.cli.connection import Verbs

events = Verbs("What devices report, how long what they repeat lasted, and pictures and clips of it.")


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
            f"{each['kind']} {each['code']}".rstrip(),
            each["part"],
            last,
            str(each["count"]),
            ended,
        )
        table.add_row(*map(Text, cells), Text(each["why"] or ""))
    out.print(table if found else "There is none.")


@events.verb("list")
def list_events(
    device: Annotated[str | None, typer.Option("--device", help="Of this device only.")] = None,
    kind: Annotated[str | None, typer.Option("--kind", help="Of this kind only, such as smoke.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="At most so many.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """List the newest events, and whether each has a picture and a clip.

    Example:  hub events list --device gate-cam-1
    """
    wanted = {"device": device, "kind": kind, "limit": str(limit)}
    params = {name: value for name, value in wanted.items() if value is not None}
    items = call("GET", "/events", url, token, params=params).json()["items"]
    for each in items:
        if as_json:
            typer.echo(json.dumps(each, ensure_ascii=False))
            continue
        told = f"{each['id']}  {each['ts']}  {each['device']}  {each['kind']} {each['state'] or ''}".rstrip()
        has = "".join(f"  {what}: {each[what]}" for what in ("picture", "clip") if each[what])
        out.print(Text(told + has), soft_wrap=True)
    if not items and not as_json:
        out.print("There is none.")


@events.verb("picture")
def picture(
    event: Annotated[str, typer.Argument(help="Its id, from hub events list.")],
    output: Annotated[Path, typer.Option("--out", "-o", help="Where to write it, a JPEG.")],
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Read the picture of an event; the audit notes it. What is not known to be place is in blocks.

    Example:  hub events picture 0b0f6f5e-7a4b-5f5e-9d3b-2f4f0c7c9b11 --out gate.jpg
    """
    _save(call("GET", f"/events/{event}/picture", url, token).content, output)


@events.verb("clip")
def clip(
    event: Annotated[str, typer.Argument(help="Its id, from hub events list.")],
    output: Annotated[Path, typer.Option("--out", "-o", help="Where to write it: an animated WebP, for any browser.")],
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Read the clip of an event; the audit notes it. What is not known to be place is in blocks.

    Example:  hub events clip 0b0f6f5e-7a4b-5f5e-9d3b-2f4f0c7c9b11 --out gate.webp
    """
    _save(call("GET", f"/events/{event}/clip", url, token).content, output)


def _save(content: bytes, output: Path) -> None:
    try:
        output.write_bytes(content)
    except OSError as error:
        fail(f"{output} cannot be written: {error.strerror}")
    out.print(Text(f"{output}: {len(content)} bytes."))
