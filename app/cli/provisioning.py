"""`hub devices key`: keys by which devices register themselves."""

import json
import shlex
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Column, Table
from rich.text import Text

from app.cli.client import DEFAULT_URL, TokenOption, UrlOption, address, call, out
from app.cli.connection import Verbs

key = Verbs("Keys by which devices register themselves.")
KeyArgument = Annotated[str, typer.Argument(help="The key's code.")]


@key.verb("put")
def put_key(
    code: KeyArgument,
    profile: Annotated[str, typer.Option(help="Of the devices that come with it.")],
    organisation: Annotated[str | None, typer.Option(help="Whose they are.")] = None,
    active: Annotated[bool, typer.Option("--active/--pending", help="Whether they may send at once.")] = False,
    limit: Annotated[int | None, typer.Option(min=0, help="How many devices it is good for.")] = None,
    expires: Annotated[datetime | None, typer.Option(help="When it ends, in UTC.")] = None,
    off: Annotated[bool, typer.Option("--off", help="Switch it off.")] = False,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Make a key, or change one. A new one is shown now and never again.

    Example:  hub devices key put air-2026 --profile air --organisation epb --pending --limit 500
    """
    body = {"profile": profile, "organisation": organisation, "state": "active" if active else "pending"}
    more = {"limit": limit, "expires_at": expires.replace(tzinfo=UTC).isoformat() if expires else None}
    told = call("PUT", f"/provisioning-keys/{code}", url, token, json={**body, **more, "enabled": not off}).json()
    lines = _lines(told["key"], url) if told["key"] else ["Changed; its secret is as it was."]
    out.print(Text("\n".join(lines)), soft_wrap=True)


@key.verb("rotate")
def rotate_key(code: KeyArgument, url: UrlOption = DEFAULT_URL, token: TokenOption = None) -> None:
    """Give a key a new secret; devices that came with the old one stay.

    Example:  hub devices key rotate air-2026
    """
    told = call("POST", f"/provisioning-keys/{code}:rotate", url, token).json()
    out.print(Text("\n".join(_lines(told["key"], url))), soft_wrap=True)


@key.verb("remove")
def remove_key(code: KeyArgument, url: UrlOption = DEFAULT_URL, token: TokenOption = None) -> None:
    """Remove a key; devices that came with it stay.

    Example:  hub devices key remove air-2026
    """
    call("DELETE", f"/provisioning-keys/{code}", url, token)
    out.print(f"Removed: no device registers itself with {code} any more.")


@key.verb("list")
def list_keys(url: UrlOption = DEFAULT_URL, token: TokenOption = None) -> None:
    """All keys, without their secrets.

    Example:  hub devices key list
    """
    codes = [Column(name, overflow="fold") for name in ("profile", "organisation")]
    facts = [Column(name, no_wrap=True) for name in ("come as", "used")]
    # At 80 columns the key is whole, codes go on below, and a time stands below its day: nothing is cut.
    table = Table(
        Column("key", no_wrap=True), *codes, *facts, Column("expires", width=10), box=SIMPLE_HEAD, pad_edge=False
    )
    after: dict[str, str] = {}
    while True:
        page = call("GET", "/provisioning-keys", url, token, params=after).json()
        for item in page["items"]:
            used = str(item["used"]) + (f" of {item['limit']}" if item["limit"] is not None else "")
            expires = str(item["expires_at"] or "")[:16].replace("T", " ")
            state = item["state"] if item["enabled"] else "off"
            named = (item["code"], item["profile"], item["organisation"] or "", state)
            table.add_row(*map(Text, named), used, expires)
        if not page["next"]:
            break
        after = {"cursor": page["next"]}
    out.print(table)


def _lines(text: str, url: str) -> list[str]:
    """Output for a new key: the key and the request a device makes with it."""
    body = json.dumps({"key": text, "code": "SERIAL-NUMBER"})
    call_ = ["curl", address(url, "/devices:provision"), "-H", "Content-Type: application/json", "-d", body]
    return ["The key, now and never again:", f"  {text}", "", "What a device calls, once:", f"  {shlex.join(call_)}"]
