"""`hub rules history` and `restore`: versions of a rule."""

import json
from typing import Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Column, Table
from rich.text import Text

from app.cli.client import DEFAULT_URL, TokenOption, UrlOption, call, out, pages
from app.cli.rule_body import LEVELS, CodeArgument, JsonOption


def rule_history(
    code: CodeArgument,
    version: Annotated[int | None, typer.Option(min=1, help="Only this one, and what differs from another.")] = None,
    against: Annotated[int | None, typer.Option(min=1, help="Which other one; the one before it, if left out.")] = None,
    as_json: JsonOption = False,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Tell who changed a rule, when, and what; each alert names the version that raised it.

    Example:  hub rules history water-depth --version 3 --against 1
    """
    if version is None:
        items = pages(f"/rules/{code}/versions", url, token, {})
    else:
        params = {} if against is None else {"against": against}
        items = [call("GET", f"/rules/{code}/versions/{version}", url, token, params=params).json()]
    if as_json:
        for item in items:
            typer.echo(json.dumps(item, ensure_ascii=False))
        return
    right: Any = "right"
    table = Table(
        Column("version", justify=right), Column("at", no_wrap=True), "by", "what", box=SIMPLE_HEAD, pad_edge=False
    )
    for item in items:
        at = item["at"][:19].replace("T", " ")
        table.add_row(str(item["version"]), at, Text(item["by"] or "-"), Text(_what(item)))
    out.print(table)


def restore_rule(
    code: CodeArgument,
    version: Annotated[int, typer.Argument(min=1, help="Of `hub rules history`.")],
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Make a rule what it was in an earlier version, whether in force or not; that is a new version of it.

    Example:  hub rules restore water-depth 2
    """
    found = call("POST", f"/rules/{code}/versions/{version}:restore", url, token).json()
    state = "in force" if found["enabled"] else "out of force"
    out.print(Text(f"{code} is as in version {version}, {state}; this is version {found['version']}."))


def _what(item: dict[str, Any]) -> str:
    told = (f"{each['field']}: {_shown(each['before'])} → {_shown(each['after'])}" for each in item["changes"])
    return "\n".join(told) or "-"


def _shown(value: Any) -> str:
    if isinstance(value, dict) and value.keys() <= set(LEVELS):
        return ", ".join(f"{level} {value[level]:g}" for level in LEVELS if level in value)
    return "-" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
