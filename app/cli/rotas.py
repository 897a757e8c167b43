"""`hub rotas`, `hub duty`: who is on duty when (值班表), and now."""

import json
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.text import Text

from app.cli.client import DEFAULT_URL, TokenOption, UrlOption, call, err, fail, out, pages
from app.cli.connection import Verbs
from app.cli.json_text import json_of
from hub.words import text

rotas = Verbs("Who is on duty when (值班表): shifts, people in turns, substitutes.")
CodeArgument = Annotated[str, typer.Argument(help="The rota's code.")]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON, one object a line.")]
_ANSWERED = ("code", "holes")
"""Members of an answer that are not put."""


@rotas.verb("put")
def put_rota(
    code: CodeArgument,
    file: Annotated[
        typer.FileText, typer.Argument(encoding="utf-8", help="JSON, as `hub rotas show --json` writes it, or -.")
    ],
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Plan who is on duty, or plan it anew. Times in which nobody would be are told.

    Example:  hub rotas put city-desk rota.json

    rota.json:  {"name": "City desk", "organisation": "city", "zone": "Asia/Shanghai", "unit": "day",
    "from_date": "2026-12-01", "turns": ["wang", "li"], "shifts": [{"name": "day", "begin": "00:00", "end": "24:00",
    "days": ["every"]}]}
    """
    try:
        written = file.read()
    except ValueError as error:
        fail(f"{file.name} is no UTF-8: {error}")
    body = json_of(written, file.name)
    if isinstance(body, dict):
        body = {name: value for name, value in body.items() if name not in _ANSWERED}
    answer = call("PUT", f"/rotas/{code}", url, token, json=body)
    out.print(Text(f"{code} is {'made' if answer.status_code == 201 else 'as given'}."), soft_wrap=True)
    _warn(answer.json())


@rotas.verb("list")
def list_rotas(as_json: AsJson = False, url: UrlOption = DEFAULT_URL, token: TokenOption = None) -> None:
    """List rotas by code.

    Example:  hub rotas list
    """
    items = pages("/rotas", url, token, {})
    for item in items:
        if as_json:
            typer.echo(json.dumps(item, ensure_ascii=False))
        else:
            people = len({name for turn in item["turns"] for name in turn})
            told = f"  {item['name']}  ({item['organisation']}; {len(item['shifts'])} shifts, {people} people)"
            out.print(Text.assemble((item["code"], "bold"), told), soft_wrap=True)
    if not items and not as_json:
        out.print("There is no rota yet:  hub rotas put -h")


@rotas.verb("show")
def show_rota(
    code: CodeArgument,
    days: Annotated[int, typer.Option(min=1, max=366, help="From now on.")] = 7,
    as_json: Annotated[bool, typer.Option("--json", help="The rota itself, as `put` takes it.")] = False,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Who is on duty in the next days, by the clocks of the rota; and when nobody is.

    Example:  hub rotas show city-desk --days 14
    """
    rota = call("GET", f"/rotas/{code}", url, token).json()
    if as_json:
        typer.echo(json.dumps(rota, ensure_ascii=False, indent=2))
        return
    zone = ZoneInfo(rota["zone"])
    now = datetime.now(UTC)
    span = {"from": now.isoformat(), "to": (now + timedelta(days=days)).isoformat()}
    out.print(Text.assemble((code, "bold"), f"  {rota['name']}, {rota['zone']}"), soft_wrap=True)
    for piece in call("GET", f"/rotas/{code}/duty", url, token, params=span).json()["pieces"]:
        begin, end = (datetime.fromisoformat(piece[name]).astimezone(zone) for name in ("from_at", "to_at"))
        when = f"  {begin:%Y-%m-%d %H:%M} to {end:%m-%d %H:%M}  {piece['shift'] or ''}  "
        out.print(Text.assemble(when, _people(piece)), soft_wrap=True)
    _warn(rota)


@rotas.verb("delete")
def delete_rota(code: CodeArgument, url: UrlOption = DEFAULT_URL, token: TokenOption = None) -> None:
    """Delete a rota: by it nobody is on duty any more.

    Example:  hub rotas delete city-desk
    """
    call("DELETE", f"/rotas/{code}", url, token)
    out.print(Text(f"{code} is deleted."), soft_wrap=True)


def duty(as_json: AsJson = False, url: UrlOption = DEFAULT_URL, token: TokenOption = None) -> None:
    """Who is on duty now, by each rota, and whether somebody of them is at a desk.

    Example:  hub duty
    """
    items = pages("/duty", url, token, {})
    for item in items:
        if as_json:
            typer.echo(json.dumps(item, ensure_ascii=False))
            continue
        desk = Text("  at the desk", "green") if item["present"] else Text("  not at the desk", "yellow")
        told = Text.assemble((item["code"], "bold"), f"  {item['name']}: ", _people(item))
        out.print(told if item["reason"] else told + desk, soft_wrap=True)
    if not items and not as_json:
        out.print("There is no rota yet:  hub rotas put -h")


def _people(found: dict[str, Any]) -> Text:
    if (reason := found["reason"]) is not None:
        return Text("nobody: " + text(f"duty.reason.{reason}", "en"), "red")
    leader = f"; led by {found['leader']}" if found["leader"] else ""
    return Text(", ".join(name or "(not shown)" for name in found["people"]) + leader)


def _warn(rota: dict[str, Any]) -> None:
    for hole in rota["holes"]:
        err.print(Text(hole["warning"], "yellow"), soft_wrap=True)
