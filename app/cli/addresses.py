"""`hub devices addresses`: how protocols and platforms call a device."""

import json
from typing import Annotated
from urllib.parse import quote

import typer
from rich.table import Table
from rich.text import Text

from app.cli.client import DEFAULT_URL, TokenOption, UrlOption, call, out
from app.cli.connection import Verbs

addresses = Verbs("Tell by which number a protocol calls a device: MN, station address, IMEI, DevEUI.")
CodeArgument = Annotated[str, typer.Argument(help="The device's code.")]
SchemeArgument = Annotated[
    str,
    typer.Argument(
        help="hj212, gb26875, gb28181, gat1400, sl651, szy206, cjt188, modbus, imei, iccid, deveui, dtu, ctwing, ..."
    ),
]
AddressArgument = Annotated[str, typer.Argument(help="The address, as the device itself tells it.")]


@addresses.verb("list")
def list_addresses(
    code: CodeArgument,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """A device's addresses.

    Example:  hub devices addresses list water-7
    """
    items = call("GET", f"/devices/{code}/addresses", url, token).json()["items"]
    if as_json:
        for item in items:
            typer.echo(json.dumps(item, ensure_ascii=False))
        return
    if not items:
        out.print(f"{code} has no addresses: only its code. Add one:  hub devices addresses add {code} hj212 MN")
        return
    table = Table("scheme", "address", "since")
    for item in items:
        table.add_row(item["scheme"], Text(item["address"] or "-"), item["created_at"][:16].replace("T", " "))
    out.print(table)


@addresses.verb("add")
def add_address(
    code: CodeArgument,
    scheme: SchemeArgument,
    address: AddressArgument,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Give a device an address; what came by it before can then be replayed.

    Example:  hub devices addresses add water-7 hj212 010000A8900016F000169DC0
    """
    answer = call("PUT", _path(code, scheme, address), url, token)
    now = "is" if answer.status_code == 201 else "was already"
    known = answer.json()["address"] or address  # as letters tell it, however it was written here
    out.print(Text(f"{scheme} {known} {now} {code}."), soft_wrap=True)
    if answer.status_code == 201:
        replay = f"hub dead-letters replay --reason unknown_device --device '{known}'"
        out.print(Text(f"What was refused before comes in again with:  {replay}"), soft_wrap=True)


@addresses.verb("remove")
def remove_address(
    code: CodeArgument,
    scheme: SchemeArgument,
    address: AddressArgument,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Take an address from a device: what comes by it is refused from then on.

    Example:  hub devices addresses remove water-7 hj212 010000A8900016F000169DC0
    """
    call("DELETE", _path(code, scheme, address), url, token)
    out.print(Text(f"{scheme} {address} is not {code} any more."), soft_wrap=True)


def _path(code: str, scheme: str, address: str) -> str:
    return f"/devices/{code}/addresses/{quote(scheme, safe='')}/{quote(address, safe='')}"
