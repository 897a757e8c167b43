"""`hub chains`: who is told of an alert that nobody takes up, step by step (升级链)."""

import json
import re
from typing import Annotated, Any

import typer
from rich.text import Text

from app.cli.client import DEFAULT_URL, TokenOption, UrlOption, call, fail, out, pages
from app.cli.connection import Verbs
from app.cli.diagnose import LangOption, language

chains = Verbs("Who is told of an alert that nobody takes up, step by step.")
CodeArgument = Annotated[str, typer.Argument(help="The chain's code.")]
JsonOption = Annotated[bool, typer.Option("--json", help="As one JSON object.")]
_SECONDS = re.compile("[0-9]{1,9}")
_FILTER = ("min_level", "region", "area", "organisation", "category", "event_kind")
_STEP = "SECONDS:CONSUMER,CONSUMER@ROTA, with one consumer or more, and a rota where one is asked for"


@chains.verb("list")
def list_chains(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """List chains by code.

    Example:  hub chains list
    """
    items = pages("/chains", url, token, {})
    for item in items:
        if as_json:
            typer.echo(json.dumps(item, ensure_ascii=False))
        else:
            head = f"{item['code']:16} {len(item['steps']):2} steps, {item['running']} alerts wait; {_limits(item)}"
            out.print(Text(head), soft_wrap=True)
    if not items and not as_json:
        out.print("There is no chain yet:  hub chains put -h")


@chains.verb("show")
def show_chain(
    code: CodeArgument, as_json: JsonOption = False, url: UrlOption = DEFAULT_URL, token: TokenOption = None
) -> None:
    """One chain, with its steps.

    Example:  hub chains show west-lake
    """
    _show(call("GET", f"/chains/{code}", url, token).json(), as_json)


@chains.verb("put")
def put_chain(
    code: CodeArgument,
    steps: Annotated[list[str], typer.Argument(help=f"In order, each as {_STEP}.")],
    min_level: Annotated[str | None, typer.Option("--min-level", help="blue, yellow, orange or red.")] = None,
    region: Annotated[str | None, typer.Option(help="Only from below this division.")] = None,
    area: Annotated[str | None, typer.Option(help="Only in this named area.")] = None,
    organisation: Annotated[str | None, typer.Option(help="Only of devices of this organisation.")] = None,
    category: Annotated[str | None, typer.Option(help="Only of profiles of this category.")] = None,
    kind: Annotated[str | None, typer.Option(help="Only this kind of event, such as fire.")] = None,
    repeats: Annotated[int, typer.Option(help="How often the last step is repeated.")] = 0,
    verify_within: Annotated[
        list[str] | None,
        typer.Option("--verify-within", help="LEVEL=SECONDS; what is acknowledged goes on after it. May be repeated."),
    ] = None,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Create or replace a chain.

    Example:  hub chains put west-lake 120:village@village-duty 300:town 300:county,city --region 330106
    """
    given = {"min_level": min_level, "region": region, "area": area, "organisation": organisation}
    given |= {"category": category, "event_kind": kind}
    body: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    body |= {"steps": [_step(each) for each in steps], "repeats": repeats}
    body["verify_within_s"] = dict(_within(each) for each in verify_within or [])
    _show(call("PUT", f"/chains/{code}", url, token, json=body).json(), as_json=False)


@chains.verb("delete")
def delete_chain(code: CodeArgument, url: UrlOption = DEFAULT_URL, token: TokenOption = None) -> None:
    """Delete a chain; alerts that are in it are escalated no further.

    Example:  hub chains delete west-lake
    """
    was = call("DELETE", f"/chains/{code}", url, token).json()
    out.print(Text(f"{code} is deleted; {was['running']} alerts were in it."))


@chains.verb("try")
def try_chain(
    alert: Annotated[str | None, typer.Argument(help="The id of an alert; without one, describe it.")] = None,
    level: Annotated[str, typer.Option(help="blue, yellow, orange or red.")] = "red",
    region: Annotated[str | None, typer.Option(help="Division in which it is, 12 digits.")] = None,
    organisation: Annotated[str | None, typer.Option(help="Whose device it is.")] = None,
    category: Annotated[str | None, typer.Option(help="Of its profile.")] = None,
    kind: Annotated[str | None, typer.Option(help="Kind of event, such as fire.")] = None,
    lon: Annotated[float | None, typer.Option(min=-180, max=180, help="Where it is.")] = None,
    lat: Annotated[float | None, typer.Option(min=-90, max=90, help="Where it is.")] = None,
    at: Annotated[str | None, typer.Option(help="When it happens, as in 2026-11-29T03:00:00+08:00; else now.")] = None,
    as_json: JsonOption = False,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
    lang: LangOption = None,
) -> None:
    """Tell who would be told of an alert, and when, as long as nobody acknowledges it. Nothing is sent.

    Example:  hub chains try --region 330106001002 --level red --kind fire
    """
    given: dict[str, Any] = {"level": level, "region": region, "organisation": organisation, "category": category}
    given |= {"event_kind": kind, "lon": lon, "lat": lat}
    place = {name: value for name, value in given.items() if value is not None}
    body: dict[str, Any] = {"place": place} if alert is None else {"alert": alert}
    body |= {} if at is None else {"at": at}
    asked = {"lang": language(lang or ("en" if as_json else None))}
    found = call("POST", "/chains:try", url, token, json=body, params=asked).json()
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
        return
    for each in found["items"]:
        out.print(_moment(each), soft_wrap=True)
        for code, why in each["left_out"].items():
            out.print(Text(f"            not {code}: {why}", "dim"), soft_wrap=True)
        if each["skipped"]:
            out.print(Text(f"            goes on at once: {each['skipped']}", "yellow"), soft_wrap=True)
    if found["chain"] is None:
        out.print("No chain takes it: nothing more happens.  hub chains list")
    else:
        then = f"What is acknowledged goes on after {found['verify_within_s']} s unless it is dispatched or handled."
        out.print(Text(f"Chain {found['chain']}. {then}"), soft_wrap=True)


def _moment(each: dict[str, Any]) -> Text:
    told = ", ".join(each["consumers"]) or "nobody"
    step = f"step {each['step']}" if each["step"] else "filters"
    duty = f"; on duty by {each['rota']}: {', '.join(each['on_duty']) or 'nobody'}" if each["rota"] else ""
    after = f"+{each['after_s']:g} s"
    return Text(f"{after:>10}  {step:8} {told}{duty}")


def _show(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
        return
    out.print(Text(f"{found['code']}: {_limits(found)}; {found['running']} alerts wait"), soft_wrap=True)
    for number, step in enumerate(found["steps"], 1):
        rota = f"; acknowledged by rota {step['rota']}" if step["rota"] else ""
        out.print(Text(f"  {number:2}  after {step['wait_s']} s: {', '.join(step['consumers'])}{rota}"), soft_wrap=True)
    if found["repeats"]:
        out.print(Text(f"      the last one {found['repeats']} times more"))
    within = ", ".join(f"{level} {seconds}" for level, seconds in reversed(found["verify_within_s"].items()))
    out.print(Text(f"      what is acknowledged goes on after so many seconds: {within}"), soft_wrap=True)


def _limits(found: dict[str, Any]) -> str:
    return ", ".join(f"{name} {found[name]}" for name in _FILTER if found[name] is not None)


def _step(text: str) -> dict[str, Any]:
    seconds, _, told = text.partition(":")
    codes, _, rota = told.partition("@")
    if not _SECONDS.fullmatch(seconds) or not codes:
        fail(f"'{text}' is no step; write it as {_STEP}")
    return {"wait_s": int(seconds), "consumers": codes.split(",")} | ({"rota": rota} if rota else {})


def _within(text: str) -> tuple[str, int]:
    level, _, seconds = text.partition("=")
    if not _SECONDS.fullmatch(seconds):
        fail(f"'{text}' is none; write it as red=300")
    return level, int(seconds)
