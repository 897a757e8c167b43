"""`hub incidents`: alerts that have one cause (警情)."""

import json
from typing import Annotated, Any

import typer
from rich.text import Text

from app.cli.client import DEFAULT_URL, TokenOption, UrlOption, call, out, pages
from app.cli.connection import Verbs

incidents = Verbs("Alerts that have one cause, with what speaks for it.")
JsonOption = Annotated[bool, typer.Option("--json", help="JSON, for programs.")]


@incidents.verb("list")
def list_incidents(
    active: Annotated[bool, typer.Option("--active", help="Only where an alert lasts.")] = False,
    as_json: JsonOption = False,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """List incidents, newest first.

    Example:  hub incidents list --active
    """
    items = pages("/incidents", url, token, {"active": str(active).lower()})
    for item in items:
        if as_json:
            typer.echo(json.dumps(item, ensure_ascii=False))
        else:
            _show(item)
    if not items and not as_json:
        out.print("There is none.")


@incidents.verb("show")
def show(
    incident: Annotated[str, typer.Argument(help="Its id.")],
    as_json: JsonOption = False,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Show an incident and its alerts.

    Example:  hub incidents show 3f6f0f9e-9d5c-4c77-9a37-7a0f3c2f6a01
    """
    found = call("GET", f"/incidents/{incident}", url, token).json()
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
        return
    _show(found)
    for each in found["members"]:
        away = "" if each["metres"] is None else f"  {each['metres']:.0f} m"
        told = f"  +{each['after_s']:.0f} s{away}  {each['level']}  {each['state']}  {each['title']}  {each['id']}"
        out.print(Text(told), soft_wrap=True)


@incidents.verb("separate")
def separate(
    alert: Annotated[str, typer.Argument(help="The alert's id.")],
    note: Annotated[str, typer.Argument(help="Why it is of another cause.")],
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Take an alert out of its incident; it joins none any more.

    Example:  hub incidents separate 6b1d1f6e-8d5c-4c77-9a37-7a0f3c2f6a01 "another fire, two doors away"
    """
    call("POST", f"/alerts/{alert}/separation", url, token, json={"note": note})
    out.print(Text(f"{alert} is in no incident any more."))


def _show(found: dict[str, Any]) -> None:
    told = (
        f"{found['began_at']}  {found['level']}  {found['state']}  {found['title']}  {found['reason']}  {found['id']}"
    )
    out.print(Text(told), soft_wrap=True)
