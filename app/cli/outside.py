"""`hub outside`: case systems of others, and what they say that does not fit."""

import json
from typing import Annotated, Any

import typer
from rich.text import Text

from app.cli.client import DEFAULT_URL, TokenOption, UrlOption, call, fail, out, pages, tell
from app.cli.connection import Verbs
from app.cli.diagnose import LangOption, language
from app.cli.json_text import json_of

outside = Verbs("Case systems of others (一网统管, 数字城管, 12345), and what they say that does not fit.")
CodeArgument = Annotated[str, typer.Argument(help="The system's code.")]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
_ANSWERED = ("code", "cases", "conflicts", "untold", "secret")
"""Members of an answer that are not put."""
_SHOWN = (
    "name",
    "organisation",
    "responsible",
    "states",
    "categories",
    "tells",
    "untold",
    "enabled",
    "cases",
    "conflicts",
)


@outside.verb("list")
def list_systems(as_json: JsonOption = False, url: UrlOption = DEFAULT_URL, token: TokenOption = None) -> None:
    """List systems by code.

    Example:  hub outside list
    """
    items = pages("/outside-systems", url, token, {})
    for item in items:
        if as_json:
            typer.echo(json.dumps(item, ensure_ascii=False))
        else:
            state = "" if item["enabled"] else ", switched off"
            told = f"{item['cases']} cases, {item['conflicts']} open conflicts{state}"
            out.print(Text(f"{item['code']:16} {item['name']}: {told}"), soft_wrap=True)
    if not items and not as_json:
        out.print("There is no outside system yet:  hub outside put -h")


@outside.verb("show")
def show_system(
    code: CodeArgument, as_json: JsonOption = False, url: UrlOption = DEFAULT_URL, token: TokenOption = None
) -> None:
    """One system, with its mapping.

    Example:  hub outside show city-ops --json > city-ops.json
    """
    found = call("GET", f"/outside-systems/{code}", url, token).json()
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
    else:
        tell(found, _SHOWN)


@outside.verb("put")
def put_system(
    code: CodeArgument,
    file: Annotated[
        typer.FileText | None, typer.Argument(encoding="utf-8", help="JSON, as `hub outside show --json`, or -.")
    ] = None,
    enabled: Annotated[
        bool | None, typer.Option("--enable/--disable", help="Whether anything is taken from it.")
    ] = None,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Make a system, give it another mapping, or switch it on or off. A new one's secret is shown once.

    Example:  hub outside put city-ops city-ops.json

    city-ops.json:  {"name": "City operations", "organisation": "ops", "responsible": "sanitation",
    "states": {"20": "dispatched", "90": "closed"}, "categories": {"SR-01": {"kind": "event", "code": "0101"}}}
    """
    if file is None and enabled is None:
        fail("give a file with its mapping, --enable or --disable")
    if file is None:
        body = call("GET", f"/outside-systems/{code}", url, token).json()
    else:
        try:
            body = json_of(file.read(), file.name)
        except ValueError as error:
            fail(f"{file.name} is no UTF-8: {error}")
    if isinstance(body, dict):
        body = {name: value for name, value in body.items() if name not in _ANSWERED or (name == "secret" and value)}
        body |= {} if enabled is None else {"enabled": enabled}
    stored = call("PUT", f"/outside-systems/{code}", url, token, json=body)
    out.print(Text(f"{code} is made." if stored.status_code == 201 else f"{code} is as given."))
    if made_up := stored.json()["secret"]:
        where = f"it signs what it posts to /api/v1/outside-systems/{code}/cases"
        out.print(Text(f"Its secret, now and never again ({where}):\n  {made_up}"), soft_wrap=True)


@outside.verb("delete")
def delete_system(code: CodeArgument, url: UrlOption = DEFAULT_URL, token: TokenOption = None) -> None:
    """Delete a system that has told of no case; switch off others.

    Example:  hub outside delete city-ops
    """
    call("DELETE", f"/outside-systems/{code}", url, token)
    out.print(Text(f"{code} is deleted."))


@outside.verb("conflicts")
def list_conflicts(
    every: Annotated[bool, typer.Option("--all", help="Also those that are decided.")] = False,
    system: Annotated[str | None, typer.Option(help="Of one system.")] = None,
    as_json: JsonOption = False,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
    lang: LangOption = None,
) -> None:
    """What systems say that does not fit, newest first.

    Example:  hub outside conflicts
    """
    asked: dict[str, Any] = {"open": not every, "lang": language(lang or ("en" if as_json else None))}
    items = pages("/outside-conflicts", url, token, asked | ({} if system is None else {"system": system}))
    for item in items:
        if as_json:
            typer.echo(json.dumps(item, ensure_ascii=False))
            continue
        head = f"{item['id']}  {item['number']} is {item['stage_now']}, {item['system']} says {item['state']}"
        out.print(Text(f"{head} ({item['target']}) since {item['state_at']}, {item['times']} times"), soft_wrap=True)
        told = f"decided for {item['resolved_as']} by {item['resolved_by']}: {item['resolution']}"
        out.print(Text(f"  {item['reason']}" if item["resolved_at"] is None else f"  {told}", "dim"), soft_wrap=True)
    if not items and not as_json:
        out.print("Nothing waits for a person.")


@outside.verb("resolve")
def resolve_conflict(
    conflict: Annotated[str, typer.Argument(help="Its id.")],
    take: Annotated[str, typer.Argument(help="theirs: the case is moved to their state; ours: it stays.")],
    note: Annotated[str, typer.Option(help="Why.")],
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Decide a conflict.

    Example:  hub outside resolve 0c6f0e3a-... ours --note "they were told by telephone"
    """
    found = call("POST", f"/outside-conflicts/{conflict}:resolve", url, token, json={"take": take, "note": note}).json()
    out.print(Text(f"Decided for {found['resolved_as']}: {found['number']} is {found['stage_now']}."), soft_wrap=True)
