"""`hub fusion`: which alerts close to each other are one incident (融合), and what follows from that."""

import json
from typing import Annotated, Any

import typer
from rich.text import Text

from app.cli.client import DEFAULT_URL, TokenOption, UrlOption, call, err, fail, out, pages
from app.cli.connection import Verbs

fusion = Verbs("Rules by which alerts close to each other are one incident.")
CodeArgument = Annotated[str, typer.Argument(help="The rule's code.")]
JsonOption = Annotated[bool, typer.Option("--json", help="JSON, for programs.")]
PATIENCE_S = 120.0


@fusion.verb("list")
def list_rules(as_json: JsonOption = False, url: UrlOption = DEFAULT_URL, token: TokenOption = None) -> None:
    """List the rules in the order in which they are applied.

    Example:  hub fusion list
    """
    for rule in pages("/fusion-rules", url, token, {}):
        if as_json:
            typer.echo(json.dumps(rule, ensure_ascii=False))
        else:
            _show(rule)


@fusion.verb("put")
def put(
    code: CodeArgument,
    kinds: Annotated[list[str] | None, typer.Option("--kind", help="A kind of event; repeatable.")] = None,
    metrics: Annotated[list[str] | None, typer.Option("--metric", help="A metric; repeatable.")] = None,
    anchors: Annotated[
        list[str] | None, typer.Option("--anchor", help="Of these one at least must be there; repeatable.")
    ] = None,
    radius_m: Annotated[float, typer.Option("--radius", help="Metres between two that belong together.")] = 200,
    parent: Annotated[bool, typer.Option("--parent", help="By gateway or pole instead of by distance.")] = False,
    share: Annotated[float, typer.Option(min=0, max=1, help="With --parent: of its devices how many.")] = 0,
    within_s: Annotated[float, typer.Option("--within", help="Seconds between their beginnings.")] = 300,
    sources: Annotated[int, typer.Option(min=2, help="How many things must have found something.")] = 2,
    raise_to: Annotated[str | None, typer.Option(help="Level that the leading alert is raised to.")] = None,
    raise_sources: Annotated[int | None, typer.Option(help="From so many sources on.")] = None,
    lower_to: Annotated[str | None, typer.Option(help="No incidents: lower what stays alone to this.")] = None,
    consequences: Annotated[
        list[str] | None, typer.Option("--consequence", help="A kind that follows, and is not told singly; repeatable.")
    ] = None,
    name_en: Annotated[str | None, typer.Option(help="Its name in English.")] = None,
    name_zh: Annotated[str | None, typer.Option(help="Its name in Chinese.")] = None,
    enabled: Annotated[bool, typer.Option("--enable/--disable", help="Whether it is in force.")] = True,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Make or replace a rule. Try it first: hub fusion try.

    Example:  hub fusion put fire --kind fire --kind smoke --radius 200 --within 300 --raise-to red --raise-sources 3

    Example:  hub fusion put dark --parent --kind offline --sources 3 --share 0.5 --consequence offline
    """
    body: dict[str, Any] = {
        "kinds": kinds or [],
        "metrics": metrics or [],
        "anchors": anchors or [],
        "link": "parent" if parent else "near",
        "radius_m": radius_m,
        "share": share,
        "within_s": within_s,
        "sources": sources,
        "raise_to": raise_to,
        "raise_sources": raise_sources,
        "lower_to": lower_to,
        "consequences": consequences or [],
        "name_en": name_en or code,
        "name_zh": name_zh or name_en or code,
        "enabled": enabled,
    }
    _show(call("PUT", f"/fusion-rules/{code}", url, token, json=body).json())


@fusion.verb("delete")
def delete(code: CodeArgument, url: UrlOption = DEFAULT_URL, token: TokenOption = None) -> None:
    """Delete a rule; the incidents that it made stay.

    Example:  hub fusion delete dark
    """
    call("DELETE", f"/fusion-rules/{code}", url, token)
    out.print(Text(f"{code} is deleted."))


@fusion.verb("try")
def try_rule(
    code: CodeArgument,
    days: Annotated[int, typer.Option(min=1, max=366, help="How far to look back.")] = 30,
    radius_m: Annotated[float | None, typer.Option("--radius", help="Another radius.")] = None,
    within_s: Annotated[float | None, typer.Option("--within", help="Another time between them.")] = None,
    sources: Annotated[int | None, typer.Option(min=2, help="Another number of sources.")] = None,
    as_json: JsonOption = False,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Tell which incidents a rule would have made of past alerts. Nothing is stored or sent.

    Example:  hub fusion try fire-evidence --days 30 --radius 300
    """
    rule = next((each for each in pages("/fusion-rules", url, token, {}) if each["code"] == code), None)
    if rule is None:
        fail(f"there is no fusion rule '{code}'; hub fusion list tells which there are")
    body = {name: value for name, value in rule.items() if name not in ("code", "changed_at")}
    given = {"radius_m": radius_m, "within_s": within_s, "sources": sources}
    body |= {name: value for name, value in given.items() if value is not None}
    with err.status(f"Trying {code} on {days} days"):
        found = call(
            "POST", "/fusion-rules:try", url, token, json=body, params={"days": days}, timeout=PATIENCE_S
        ).json()
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
        return
    told = (
        f"In the last {days} days {found['looked_at']} alerts take part: {found['fused']} in {found['incidents']} "
        f"incidents, {found['raised']} of them raised; {found['alone']} alone."
    )
    out.print(
        Text(told if found["complete"] else f"{told} There were more alerts than one trial looks at."), soft_wrap=True
    )
    for each in found["examples"]:
        metres = "" if each["metres"] is None else f" within {each['metres']:.0f} m"
        raised = f", raised to {each['raised_to']}" if each["raised_to"] else ""
        told = (
            f"{each['began_at']}  {each['count']} alerts of {each['sources']} sources{metres}{raised}  {each['lead']}"
        )
        out.print(Text(told), soft_wrap=True)


def _show(rule: dict[str, Any]) -> None:
    state = Text("on   ", "green") if rule["enabled"] else Text("off  ", "dim")
    what = ", ".join([*rule["kinds"], *(f"metric {each}" for each in rule["metrics"])])
    where = "at one gateway" if rule["link"] == "parent" else f"within {rule['radius_m']:g} m"
    told = f"{rule['code']}: {what}; {rule['sources']} sources {where} and {rule['within_s']:g} s"
    if rule["raise_to"]:
        told += f"; {rule['raise_sources'] or rule['sources']} raise to {rule['raise_to']}"
    if rule["lower_to"]:
        told += f"; alone: lowered to {rule['lower_to']}"
    if rule["consequences"]:
        told += f"; not told singly: {', '.join(rule['consequences'])}"
    out.print(Text.assemble(state, told), soft_wrap=True)
