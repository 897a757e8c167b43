"""`hub codes`: what the codes of protocols measure and mean."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Column, Table
from rich.text import Text

from app.cli.client import DEFAULT_URL, TokenOption, UrlOption, call, fail, out, pages
from app.cli.connection import Verbs

codes = Verbs("What the codes of protocols measure and mean; tables of the standards are shipped.")
ProtocolArgument = Annotated[str, typer.Argument(help="hj212, gb26875, gb28181, sl651, szy206 or that of a product.")]


@codes.verb("list")
def list_codes(url: UrlOption = DEFAULT_URL, token: TokenOption = None) -> None:
    """List the protocols whose codes are known, and how many.

    Example:  hub codes list
    """
    counts = [Column(name, justify="right") for name in ("shipped", "own", "version")]
    table = Table("protocol", *counts, box=SIMPLE_HEAD, pad_edge=False)
    for each in call("GET", "/codes", url, token).json()["items"]:
        table.add_row(*(Text(str(each[name])) for name in ("protocol", "shipped", "own", "version")))
    out.print(table)


@codes.verb("show")
def show_codes(
    protocol: ProtocolArgument,
    shipped: Annotated[bool, typer.Option("--shipped", help="What the hub knows, instead of your own.")] = False,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Print your own codes of a protocol as JSON, as `put` takes them.

    Example:  hub codes show hj212 > hj212-codes.json
    """
    found = call("GET", f"/codes/{protocol}", url, token).json()
    body = found["shipped"] if shipped else found
    told = {what: {code: _given(each) for code, each in body[what].items()} for what in ("metrics", "states")}
    typer.echo(json.dumps({"protocol": protocol, **told}, ensure_ascii=False, indent=2))


@codes.verb("put")
def put_codes(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help='{"protocol", "metrics", "states"}')],
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Say what codes mean that the hub does not know, in place of what was said before; new data goes by it.

    Example:  hub codes put hj212-codes.json
    """
    try:
        body = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        fail(f"{file} is no JSON: {error}")
    if not isinstance(body, dict) or not isinstance(protocol := body.pop("protocol", None), str):
        fail(f'{file}: give {{"protocol": "hj212", "metrics": {{...}}, "states": {{...}}}}')
    found = call("PUT", f"/codes/{protocol}", url, token, json=body).json()
    count = len(found["metrics"]) + len(found["states"])
    out.print(Text(f"{protocol}: version {found['version']}, {count} codes of your own."))


@codes.verb("history")
def codes_history(protocol: ProtocolArgument, url: UrlOption = DEFAULT_URL, token: TokenOption = None) -> None:
    """List the versions of your own codes, the newest first.

    Example:  hub codes history hj212
    """
    for each in pages(f"/codes/{protocol}/versions", url, token, {}):
        count = len(each["body"]["metrics"]) + len(each["body"]["states"])
        out.print(Text(f"{each['version']:4}  {each['at'][:19]}  {count} codes  {each['by'] or '-'}"), soft_wrap=True)


def _given(each: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in each.items() if value is not None}
