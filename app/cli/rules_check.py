"""`hub rules check`: what an expression is, before a rule is made of it."""

import json
from typing import Annotated

import typer
from rich.text import Text

from app.cli.client import DEFAULT_URL, TokenOption, UrlOption, call, out
from app.cli.rule_body import JsonOption


def check_expression(
    expression: Annotated[str, typer.Argument(help="In quotes: it has characters that mean something to the shell.")],
    profile: Annotated[str, typer.Option(help="Code of the profile of its metrics.")],
    as_json: JsonOption = False,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Tell whether an expression works with a profile, and if not, which column is wrong. Nothing is stored.

    Example:  hub rules check 'level > 3.0 && rain_rate > 20.0' --profile river-level

    Example:  hub rules check 'abs(level - median(neighbours(500).level)) > 0.5' --profile river-level
    """
    found = call("POST", "/rules:check", url, token, json={"profile": profile, "expression": expression}).json()
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
        return
    kind = "It is true (1) or false (0)" if found["type"] == "truth" else "It is a number"
    out.print(Text(f"{kind}, calculated from {', '.join(found['inputs'])}; its alerts are about {found['metric']}."))
    if found["waits_s"]:
        told = "Where its metrics come in messages of their own, a reading waits for the others"
        out.print(Text(f"{told}, {found['waits_s']:g} s at most."), soft_wrap=True)
    for metric in found["dangers"]:
        told = f"A danger waits so long, too: give {metric} a rule of its own, which waits for nothing"
        out.print(Text(f"{told} (hub rules put CODE --profile {profile} --metric {metric} ...)."), soft_wrap=True)
    if found["looked_up"]:
        told = (
            "Values of other devices are looked up each 2 s, and nothing waits for them: give the rule a --hold-s of 5"
        )
        out.print(Text(f"{told}."), soft_wrap=True)
