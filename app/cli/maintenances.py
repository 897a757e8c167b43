"""`hub maintenances`: planned work on a device, a place or an organisation (维护窗口)."""

import json
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from rich.text import Text

from app.cli.client import DEFAULT_URL, TokenOption, UrlOption, call, fail, out, pages
from app.cli.connection import Verbs

maintenances = Verbs("Planned work: what devices find meanwhile is withheld, and told at its end if it still holds.")
_STYLES = {"active": "green", "coming": "", "over": "dim"}


@maintenances.verb("list")
def list_maintenances(
    state: Annotated[str | None, typer.Option("--state", help="coming, active or over.")] = None,
    device: Annotated[str | None, typer.Option(help="Only those that are about this device.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """List maintenance windows, those that begin last first.

    Example:  hub maintenances list --state active
    """
    items = pages("/maintenances", url, token, {"state": state, "device": device})
    for item in items:
        if as_json:
            typer.echo(json.dumps(item, ensure_ascii=False))
        else:
            _show(item)
    if not items and not as_json:
        out.print("There is none.  hub maintenances put -h")


@maintenances.verb("put")
def put(
    reason: Annotated[str, typer.Argument(help="What is done; whoever sees the window reads it.")],
    minutes: Annotated[int, typer.Option(min=1, max=43200, help="For how long; 30 days at most.")] = 60,
    begin: Annotated[str | None, typer.Option("--from", help="When it begins, with a zone; now, if left out.")] = None,
    device: Annotated[str | None, typer.Option(help="On this device.")] = None,
    region: Annotated[str | None, typer.Option(help="In this division: 2, 4, 6, 9 or 12 digits of its code.")] = None,
    area: Annotated[str | None, typer.Option(help="In this named area.")] = None,
    organisation: Annotated[str | None, typer.Option(help="On what this organisation owns.")] = None,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Plan work. Fire, smoke, gas, buttons, floods and the like page as ever, marked as under maintenance.

    Example:  hub maintenances put "road works" --region 330106 --minutes 240

    Example:  hub maintenances put "new filter" --device air-7 --from 2026-12-01T08:00:00+08:00 --minutes 90
    """
    given = {"device": device, "region": region, "area": area, "organisation": organisation, "from_at": begin}
    body: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    try:
        start = datetime.now(UTC) if begin is None else datetime.fromisoformat(begin)
    except ValueError:
        fail(f"'{begin}' is no time: write it like 2026-12-01T08:00:00+08:00")
    body |= {"reason": reason, "to_at": (start + timedelta(minutes=minutes)).isoformat()}
    _show(call("POST", "/maintenances", url, token, json=body).json())


@maintenances.verb("end")
def end(
    id_: Annotated[int, typer.Argument(help="Its id, as `hub maintenances list` shows it.")],
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """End a window now: what still holds is raised.

    Example:  hub maintenances end 12
    """
    _show(call("DELETE", f"/maintenances/{id_}", url, token).json())


def _show(found: dict[str, Any]) -> None:
    names = ("device", "region", "area", "organisation")
    what = ", ".join(f"{name} {found[name]}" for name in names if found[name] is not None)
    until = f"{found['from_at'][:16]} to {found['to_at'][:16]} UTC"
    state = Text(f"{found['state']:7}", _STYLES[found["state"]])
    out.print(Text.assemble(f"{found['id']:>6} ", state, f" {what}; {until}; {found['reason']}"), soft_wrap=True)
    told = f"by {found['made_by']}" if found["made_by"] else ""
    told += f", ended by {found['ended_by']}" if found["ended_by"] else ""
    told += f"; {found['withheld']} withheld" if found["withheld"] else ""
    if told:
        out.print(Text(f"               {told}", "dim"), soft_wrap=True)
