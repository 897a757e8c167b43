"""`hub silences`: deliveries of alerts that are kept back for a while (静默)."""

import json
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from rich.text import Text

from app.cli.client import DEFAULT_URL, TokenOption, UrlOption, call, out, pages
from app.cli.connection import Verbs

silences = Verbs("Keep deliveries of alerts back for a while: of a device or a place, up to a level.")
IdArgument = Annotated[str, typer.Argument(help="The silence's id, as `hub silences list` shows it.")]
_STYLES = {"active": "green", "waiting": "yellow", "coming": "", "over": "dim"}


@silences.verb("list")
def list_silences(
    state: Annotated[str | None, typer.Option("--state", help="waiting, coming, active or over.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """List silences, the newest first.

    Example:  hub silences list --state active
    """
    items = pages("/silences", url, token, {"state": state})
    for item in items:
        if as_json:
            typer.echo(json.dumps(item, ensure_ascii=False))
        else:
            _show(item)
    if not items and not as_json:
        out.print("There is none.  hub silences add -h")


@silences.verb("add")
def add(
    reason: Annotated[str, typer.Argument(help="Why; whoever sees the silence reads it.")],
    minutes: Annotated[int, typer.Option(min=1, help="For how long; up to red at most 1440, else 43200.")] = 60,
    device: Annotated[str | None, typer.Option(help="Of this device.")] = None,
    region: Annotated[str | None, typer.Option(help="Of this division: the first digits of its code.")] = None,
    area: Annotated[str | None, typer.Option(help="Of this named area.")] = None,
    organisation: Annotated[str | None, typer.Option(help="Of this organisation.")] = None,
    category: Annotated[str | None, typer.Option(help="Only of this category, such as fire.")] = None,
    kind: Annotated[str | None, typer.Option(help="Only this kind of event, such as offline.")] = None,
    max_level: Annotated[str, typer.Option("--max-level", help="Alerts above it are delivered.")] = "orange",
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Keep back what is pushed; alerts are listed as ever, and what lasts is delivered when it is over.

    Example:  hub silences add "power works" --region 330106 --kind offline --minutes 240
    """
    given = {"device": device, "region": region, "area": area, "organisation": organisation, "category": category}
    body: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    body |= {"event_kind": kind} if kind is not None else {}
    body |= {"reason": reason, "max_level": max_level}
    body["to_at"] = (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat()
    made = call("POST", "/silences", url, token, json=body).json()
    _show(made)
    if made["state"] == "waiting":
        out.print(Text(f"Another person puts it in force:  hub silences approve {made['id']}"), soft_wrap=True)


@silences.verb("approve")
def approve(id_: IdArgument, url: UrlOption = DEFAULT_URL, token: TokenOption = None) -> None:
    """Put a silence up to red in force, as a second person.

    Example:  hub silences approve 0199f3a2-6c1e-7b52-9d0e-3f4a5b6c7d8e
    """
    _show(call("POST", f"/silences/{id_}/approval", url, token).json())


@silences.verb("end")
def end(id_: IdArgument, url: UrlOption = DEFAULT_URL, token: TokenOption = None) -> None:
    """End a silence now: what still lasts is delivered.

    Example:  hub silences end 0199f3a2-6c1e-7b52-9d0e-3f4a5b6c7d8e
    """
    _show(call("DELETE", f"/silences/{id_}", url, token).json())


def _show(found: dict[str, Any]) -> None:
    names = ("device", "region", "area", "organisation", "category", "event_kind")
    what = ", ".join(f"{name} {found[name]}" for name in names if found[name] is not None)
    until = f"{found['from_at'][:16]} to {found['to_at'][:16]} UTC"
    state = Text(f"{found['state']:8}", _STYLES[found["state"]])
    out.print(Text.assemble(state, f" up to {found['max_level']}: {what}; {until}; {found['reason']}"), soft_wrap=True)
    by = f" by {found['made_by']}" + (f", approved by {found['approved_by']}" if found["approved_by"] else "")
    out.print(Text(f"         {found['id']}{by}; {found['kept_back']} kept back", "dim"), soft_wrap=True)
