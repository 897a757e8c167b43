"""`hub rules report`: which rules are often wrong, chatter, or say nothing."""

import json
from typing import Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Column, Table
from rich.text import Text

from app.cli.client import DEFAULT_URL, TokenOption, UrlOption, out, pages
from app.cli.rule_body import JsonOption


def report_rules(
    days: Annotated[int, typer.Option(min=1, max=3660, help="How far to look back.")] = 365,
    silent: Annotated[bool, typer.Option("--silent", help="Only rules that have raised nothing in that time.")] = False,
    as_json: JsonOption = False,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Tell what came of each rule: alerts, false alarms by cause, sources that chatter, and rules that say nothing.

    Example:  hub rules report --days 90

    Example:  hub rules report --silent
    """
    items = sorted(pages("/rules:report", url, token, {"days": days}), key=_worst_first)
    items = [item for item in items if item["silent"] or not silent]
    if as_json:
        for item in items:
            typer.echo(json.dumps(item, ensure_ascii=False))
        return
    right: Any = "right"
    table = Table(
        Column("code", no_wrap=True), "name", Column("alerts", justify=right), Column("false", justify=right), "causes",
        Column("chattering", justify=right), Column("last", no_wrap=True), box=SIMPLE_HEAD, pad_edge=False,
    )  # fmt: skip
    for item in items:
        causes = ", ".join(f"{cause} {count}" for cause, count in sorted(item["causes"].items()))
        models = ", ".join(f"{model} {count}" for model, count in sorted(item["models"].items()))
        wrong = f"{item['false_alarms']} ({item['false_alarms'] / item['alerts']:.0%})" if item["false_alarms"] else "0"
        table.add_row(
            Text(item["code"]), Text(item["name"], "" if item["enabled"] else "dim"), str(item["alerts"]), wrong,
            Text(f"{causes}; {models}" if models else causes), _chattering(item), _last(item),
        )  # fmt: skip
    none = "No rule in force has said nothing for so long." if silent else "There is no rule yet:  hub rules put -h"
    out.print(table if items else none)


def _worst_first(item: dict[str, Any]) -> tuple[Any, ...]:
    return -item["false_alarms"], -item["chattering"], -item["alerts"], item["code"]


def _chattering(item: dict[str, Any]) -> str:
    return f"{item['chattering']}" + (f", {item['flapping']} now" if item["flapping"] else "")


def _last(item: dict[str, Any]) -> Text:
    if not item["enabled"]:
        return Text("off", "dim")
    if item["last_raised_at"] is None:
        return Text("never", "yellow")
    day = item["last_raised_at"][:10]
    return Text(day, "yellow" if item["silent"] else "")
