"""`hub devices control`: control from outside (反控) of regulated monitors, which takes two people."""

import json
from typing import Annotated, Any

import typer
from rich.text import Text

from app.cli.client import DEFAULT_URL, TokenOption, UrlOption, call, out
from app.cli.connection import Verbs

control = Verbs("Switch control from outside (反控) of a regulated monitor on, as two people, and off.")
CodeArgument = Annotated[str, typer.Argument(help="The device's code.")]


@control.verb("show")
def show_control(
    code: CodeArgument,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Whether a device may be controlled, who asked for it, and who approved it.

    Example:  hub devices control show water-7
    """
    found = call("GET", _path(code), url, token).json()
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
    else:
        _tell(code, found)


@control.verb("on")
def ask_for_control(
    code: CodeArgument,
    reason: Annotated[str, typer.Option(help="Why; kept in the audit.")],
    until: Annotated[str, typer.Option(help="When it ends by itself, such as 2026-11-29T18:00:00+08:00.")],
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Ask for it; it is on once another person has approved it.

    Example:  hub devices control on water-7 --reason 'audit 2026-117' --until 2026-11-29T18:00:00+08:00
    """
    _tell(code, call("PUT", _path(code), url, token, json={"reason": reason, "until": until}).json())


@control.verb("approve")
def approve_control(code: CodeArgument, url: UrlOption = DEFAULT_URL, token: TokenOption = None) -> None:
    """Approve what another person asked for, with an account of your own.

    Example:  hub devices control approve water-7
    """
    asked = call("GET", _path(code), url, token).json()
    _tell(code, asked)
    body = {"asked_at": asked["asked_at"] or "1970-01-01T00:00:00Z"}
    _tell(code, call("POST", _path(code) + "/approval", url, token, json=body).json())


@control.verb("off")
def end_control(code: CodeArgument, url: UrlOption = DEFAULT_URL, token: TokenOption = None) -> None:
    """Switch it off, or take a request back.

    Example:  hub devices control off water-7
    """
    call("DELETE", _path(code), url, token)
    out.print(Text(f"{code}: off"), soft_wrap=True)


def _path(code: str) -> str:
    return f"/devices/{code}/control"


def _tell(code: str, found: dict[str, Any]) -> None:
    parts = [f"{code}: {found['state']}"]
    if found["state"] != "off":
        parts.append(f"until {found['until']}, asked by {found['asked_by']}: {found['reason']}")
    if found["approved_by"]:
        parts.append(f"approved by {found['approved_by']}")
    if found["state"] == "waiting":
        parts.append(f"another person says:  hub devices control approve {code}")
    out.print(Text("; ".join(parts)), soft_wrap=True)
