"""`hub alerts check`, `transfer`, `arrive`, `feedback` and `close-out`: what a desk does with an alarm (处警)."""

import json
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from app.cli.client import DEFAULT_URL, TokenOption, UrlOption, call, out
from app.cli.diagnose import LangOption, language

IdArgument = Annotated[str, typer.Argument(help="The alert's id.")]
NoteOption = Annotated[str | None, typer.Option(help="Kept with the step.")]
AtOption = Annotated[str | None, typer.Option(help="When it was, RFC 3339 with a zone; else now.")]
WhoOption = Annotated[str | None, typer.Option(help="Who it was.")]


def check(
    alert: IdArgument,
    result: Annotated[str, typer.Argument(help="real, false_alarm or test.")],
    by: Annotated[str, typer.Option(help="call, camera or on_site.")],
    cause: Annotated[str | None, typer.Option(help="Of `hub alerts causes`.")] = None,
    note: NoteOption = None,
    at: AtOption = None,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Record whether an alert is real (核实); a false alarm and a test are ended by that.

    Example:  hub alerts check 0199f3a2-6c1e-7b52-9d0e-3f4a5b6c7d8e false_alarm --by call --cause cooking
    """
    _take(alert, "check", {"result": result, "by": by, "cause": cause, "note": note, "at": at}, url, token)


def transfer(
    alert: IdArgument,
    to: Annotated[str, typer.Argument(help="119, 110, 120 or other.")],
    who: Annotated[str | None, typer.Option(help="Who took it there.")] = None,
    number: Annotated[str | None, typer.Option(help="Under which number they have it.")] = None,
    note: NoteOption = None,
    at: AtOption = None,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Record that an alert was handed over to 119, 110, 120 or others (转警).

    Example:  hub alerts transfer 0199f3a2-6c1e-7b52-9d0e-3f4a5b6c7d8e 119 --who "officer Li" --number F-2026-1107
    """
    _take(alert, "transfer", {"to": to, "who": who, "number": number, "note": note, "at": at}, url, token)


def arrive(
    alert: IdArgument,
    who: WhoOption = None,
    note: NoteOption = None,
    at: AtOption = None,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Record that somebody is on site (到场).

    Example:  hub alerts arrive 0199f3a2-6c1e-7b52-9d0e-3f4a5b6c7d8e --who "crew 3" --at 2026-03-01T03:20:00+08:00
    """
    _take(alert, "arrive", {"who": who, "note": note, "at": at}, url, token)


def feedback(
    alert: IdArgument,
    note: Annotated[str, typer.Argument(help="What was told.")],
    who: WhoOption = None,
    at: AtOption = None,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Record what those on site, or who it was handed to, have told (反馈).

    Example:  hub alerts feedback 0199f3a2-6c1e-7b52-9d0e-3f4a5b6c7d8e "put out, nobody hurt" --who "crew 3"
    """
    _take(alert, "feedback", {"note": note, "who": who, "at": at}, url, token)


def close_out(
    alert: IdArgument,
    note: Annotated[str, typer.Argument(help="How it ended.")],
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Close an alert that was checked in one step (销警), wherever its handling stands.

    Example:  hub alerts close-out 0199f3a2-6c1e-7b52-9d0e-3f4a5b6c7d8e "put out; the crew has left"
    """
    _take(alert, "close-out", {"note": note}, url, token)


def causes(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
    lang: LangOption = None,
) -> None:
    """List why alerts are real, false or tests: the causes that a check may name.

    Example:  hub alerts causes
    """
    spoken = language(lang)
    found = call("GET", "/alert-causes", url, token).json()["items"]
    if as_json:
        for item in found:
            typer.echo(json.dumps(item, ensure_ascii=False))
        return
    table = Table("result", "cause", "name")
    for item in found:
        table.add_row(item["result"], Text(item["code"], "" if item["in_use"] else "dim"), Text(item[f"name_{spoken}"]))
    out.print(table)


def _take(alert: str, step: str, given: dict[str, Any], url: str, token: str | None) -> None:
    body = {name: value for name, value in given.items() if value is not None}
    found = call("POST", f"/alerts/{alert}/{step}", url, token, json=body).json()
    then = f"; next: {', '.join(found['steps'])}" if found["steps"] else ""
    checked = f", checked: {found['check_result']}" if found["check_result"] else ""
    out.print(Text(f"{found['handling']}{checked}{then}."))
