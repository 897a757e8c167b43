"""`hub shares`: what organisations let each other see (跨部门授权)."""

import json
from typing import Annotated, Any

import typer
from rich.text import Text

from app.cli.client import DEFAULT_URL, TokenOption, UrlOption, call, out, pages
from app.cli.connection import Verbs

shares = Verbs("What organisations let each other see: asked for, granted, counted, revoked.")
IdArgument = Annotated[str, typer.Argument(help="The share's id, as `hub shares list` shows it.")]
NoteOption = Annotated[str, typer.Option("--note", help="Why; both sides read it.")]
_STYLES = {"granted": "green", "asked": "yellow", "refused": "dim", "revoked": "red", "withdrawn": "dim"}


@shares.verb("list")
def list_shares(
    state: Annotated[str | None, typer.Option("--state", help="asked, granted, refused, revoked or withdrawn.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """List the shares of your organisation and for it, the newest first.

    Example:  hub shares list --state asked
    """
    items = pages("/shares", url, token, {"state": state})
    if as_json:
        for item in items:
            typer.echo(json.dumps(item, ensure_ascii=False))
        return
    for item in items:
        _show(item)
    if not items:
        out.print("There is no share yet:  hub shares ask -h")


@shares.verb("ask")
def ask(
    owner: Annotated[str, typer.Argument(help="Code of the organisation whose data it is.")],
    purpose: Annotated[str, typer.Option("--purpose", help="What it is needed for; the owner decides by it.")],
    kinds: Annotated[list[str], typer.Option("--kind", help="devices, readings, events or alerts; several times.")],
    consumer: Annotated[str | None, typer.Option("--for", help="The organisation that asks; else your own.")] = None,
    devices: Annotated[list[str] | None, typer.Option("--device", help="Only this one; several times.")] = None,
    metrics: Annotated[list[str] | None, typer.Option("--metric", help="Only this one; several times.")] = None,
    event_kinds: Annotated[list[str] | None, typer.Option("--event", help="Only this kind; several times.")] = None,
    until: Annotated[str | None, typer.Option("--until", help="It ends by itself then: RFC 3339, with a zone.")] = None,
    ceiling: Annotated[str, typer.Option("--ceiling", help="The highest level of data that is needed.")] = "L4",
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Ask an organisation to see data of its devices.

    Example:  hub shares ask eco-bureau --kind readings --metric pm25 --purpose "Fireworks ban" --until
    2027-03-01T00:00:00+08:00
    """
    body: dict[str, Any] = {"owner": owner, "purpose": purpose, "kinds": kinds, "consumer": consumer}
    body |= {"devices": devices or None, "metrics": metrics or None, "event_kinds": event_kinds or None}
    _show(call("POST", "/shares", url, token, json={**body, "valid_to": until, "ceiling": ceiling}).json())


def _step(to: str, share: str, note: str, url: str, token: str | None, **less: str | None) -> None:
    body = {"to": to, "note": note, **{name: value for name, value in less.items() if value}}
    _show(call("POST", f"/shares/{share}/decision", url, token, json=body).json())


@shares.verb("grant")
def grant(
    share: IdArgument,
    note: NoteOption = "",
    until: Annotated[str | None, typer.Option("--until", help="An end that is sooner than asked.")] = None,
    ceiling: Annotated[str | None, typer.Option("--ceiling", help="Lower than asked: L2, L3 or L4.")] = None,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Grant what was asked of your organisation.

    Example:  hub shares grant 8c1f... --until 2027-01-01T00:00:00+08:00
    """
    _step("granted", share, note, url, token, valid_to=until, ceiling=ceiling)


@shares.verb("refuse")
def refuse(share: IdArgument, note: NoteOption = "", url: UrlOption = DEFAULT_URL, token: TokenOption = None) -> None:
    """Refuse what was asked of your organisation.

    Example:  hub shares refuse 8c1f... --note "Ask for readings only"
    """
    _step("refused", share, note, url, token)


@shares.verb("revoke")
def revoke(share: IdArgument, note: NoteOption = "", url: UrlOption = DEFAULT_URL, token: TokenOption = None) -> None:
    """Revoke what your organisation has granted: the next request sees nothing of it.

    Example:  hub shares revoke 8c1f...
    """
    _step("revoked", share, note, url, token)


@shares.verb("withdraw")
def withdraw(share: IdArgument, url: UrlOption = DEFAULT_URL, token: TokenOption = None) -> None:
    """Withdraw what your organisation has asked for.

    Example:  hub shares withdraw 8c1f...
    """
    _show(call("DELETE", f"/shares/{share}", url, token).json())


@shares.verb("uses")
def uses(share: IdArgument, url: UrlOption = DEFAULT_URL, token: TokenOption = None) -> None:
    """Who used a share on which day.

    Example:  hub shares uses 8c1f...
    """
    found = call("GET", f"/shares/{share}/uses", url, token).json()
    for item in found:
        out.print(f"{item['day']}  {item['uses']:>8,}  {item['actor']}", soft_wrap=True)
    if not found:
        out.print("It was not used yet.")


def _show(item: dict[str, Any]) -> None:
    state = Text(f"{'over' if item['over'] else item['state']:10}", _STYLES[item["state"]])
    out.print(Text.assemble(f"{item['id']} ", state, f"{item['owner']} -> {item['consumer']}"), soft_wrap=True)
    limits = [f"{name}: {', '.join(item[name])}" for name in ("devices", "metrics", "event_kinds") if item[name]]
    until = [f"until {item['valid_to']}"] if item["valid_to"] else []
    cut = [f"up to {item['ceiling']}"] if item["ceiling"] in ("L2", "L3") else []
    told = "; ".join([", ".join(item["kinds"]), *limits, *cut, *until, f"{item['uses']:,} uses", item["purpose"]])
    out.print(Text(f"    {told}", "dim"), soft_wrap=True)
