"""`hub rules sets`: rule sets that the hub is shipped with, each with the standard that it follows."""

import json
from typing import Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Column, Table
from rich.text import Text

from app.cli.client import DEFAULT_URL, TokenOption, UrlOption, call, out
from app.cli.connection import Verbs
from app.cli.rule_body import LEVELS, JsonOption

sets = Verbs("Rule sets that the hub is shipped with: off until you enable one.")


@sets.verb("list")
def list_sets(as_json: JsonOption = False, url: UrlOption = DEFAULT_URL, token: TokenOption = None) -> None:
    """List the rules of each set with their thresholds and sources.

    Example:  hub rules sets list
    """
    items = call("GET", "/rule-sets", url, token).json()["items"]
    if as_json:
        for item in items:
            typer.echo(json.dumps(item, ensure_ascii=False))
        return
    table = Table(
        "profile", Column("rule", overflow="fold"), "when", "state", "source", box=SIMPLE_HEAD,
        pad_edge=False,
    )  # fmt: skip
    for item in items:
        for rule in item["rules"]:
            table.add_row(item["profile"], rule["code"], Text(_when(rule)), rule["state"], Text(rule["source"]))
    out.print(table)


@sets.verb("enable")
def enable_set(
    profile: Annotated[str, typer.Argument(help="Code of the profile that the set is for.")],
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Make the rules of a set that are not there yet; those that are stay as they are.

    Example:  hub rules sets enable air-station
    """
    found = call("POST", f"/rule-sets/{profile}:enable", url, token).json()
    on = [rule["code"] for rule in found["rules"] if rule["state"] == "on"]
    out.print(Text(f"In force: {', '.join(on) or 'none'}."))
    if off := [rule["code"] for rule in found["rules"] if rule["state"] == "off"]:
        out.print(Text(f"Off, as somebody has switched them off: {', '.join(off)}  (hub rules put CODE --enable)"))


def _when(rule: dict[str, Any]) -> str:
    levels = ", ".join(f"{level} {rule['thresholds'][level]:g}" for level in LEVELS if level in rule["thresholds"])
    watched = rule["metric"] if rule["signal"] == "value" else f"{rule['signal']} of {rule['metric']}"
    watched = rule["expression"] or watched
    return f"{watched} {rule['direction']} {levels}"
