"""`hub devices passwords`: passwords of single stations that dial in."""

import json
from typing import Annotated

import typer
from rich.text import Text

from app.cli.client import DEFAULT_URL, TokenOption, UrlOption, call, fail, out
from app.cli.connection import Verbs
from devices.station_passwords import PROTOCOLS

passwords = Verbs("Give a station that dials in (HJ 212, SL 651, GB/T 28181) a password of its own.")
CodeArgument = Annotated[str, typer.Argument(help="The device's code.")]
ProtocolArgument = Annotated[str, typer.Argument(help="hj212, sl651, gb28181 or gat1400.")]


@passwords.verb("list")
def list_passwords(
    code: CodeArgument,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """For which protocols a device has a password of its own; no password is ever shown.

    Example:  hub devices passwords list water-7
    """
    items = call("GET", f"/devices/{code}/passwords", url, token).json()["items"]
    for item in items:
        if as_json:
            typer.echo(json.dumps(item, ensure_ascii=False))
            continue
        former = f", the former one is taken until {item['former_until']}" if item["former_until"] else ""
        out.print(Text(f"{item['protocol']}: set {item['set_at']}{former}"), soft_wrap=True)
    if not items and not as_json:
        out.print(
            Text(
                f"{code} has none of its own: the one of its protocol counts.  hub devices passwords set {code} hj212"
            ),
            soft_wrap=True,
        )


@passwords.verb("set")
def set_password(
    code: CodeArgument,
    protocol: ProtocolArgument,
    password: Annotated[
        str | None,
        typer.Option(envvar="GANZHI_STATION_PASSWORD", help="Left out, it is asked for, and not seen while typed."),
    ] = None,
    former_hours: Annotated[
        int, typer.Option(help="So long the one of before is taken, too: while it is changed on site.")
    ] = 0,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Set what a station must show: PW of HJ 212, four hexadecimal digits of SL 651, the password of GB/T 28181.

    Example:  hub devices passwords set water-7 hj212 --former-hours 24
    """
    if protocol not in PROTOCOLS:
        fail(f"stations of {protocol} show no password: {', '.join(PROTOCOLS)}")
    given = password or typer.prompt(f"Password of {code}", hide_input=True, err=True)
    body = {"password": given, "former_hours": former_hours}
    found = call("PUT", f"/devices/{code}/passwords/{protocol}", url, token, json=body).json()
    former = f"; the former one is taken until {found['former_until']}" if found["former_until"] else ""
    out.print(Text(f"{code} must show its own password over {protocol}{former}."), soft_wrap=True)
    replay = f"hub dead-letters replay --reason wrong_password --device {code}"
    out.print(Text(f"What was refused before comes in again with:  {replay}"), soft_wrap=True)


@passwords.verb("remove")
def remove_password(
    code: CodeArgument, protocol: ProtocolArgument, url: UrlOption = DEFAULT_URL, token: TokenOption = None
) -> None:
    """Take a station's own password away: it must then show the one of its protocol.

    Example:  hub devices passwords remove water-7 hj212
    """
    call("DELETE", f"/devices/{code}/passwords/{protocol}", url, token)
    out.print(Text(f"{code} must show the password of all stations of {protocol}, if there is one."), soft_wrap=True)
