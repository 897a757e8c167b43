"""`hub consumers`: who is told of alerts, and whether it arrives."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from app.cli.client import DEFAULT_URL, TokenOption, UrlOption, call, fail, out, pages, tell
from app.cli.connection import Verbs
from app.cli.diagnose import LangOption, language

consumers = Verbs("Who is told of alerts, by which channel, and whether it arrives.")
CodeArgument = Annotated[str, typer.Argument(help="The consumer's code.")]
FROM_INPUT = "-"
_KEPT = (
    *("kind", "url", "settings", "username", "filters", "quiet", "grouping", "owner", "lang", "ceiling", "enabled"),
    *("heartbeat_s", "prove_within_h", "prove_at", "warnings"),
)
_SHOWN = (
    *(name for name in _KEPT if name not in ("filters", "quiet", "grouping")),
    *("proven_at", "failing_since", "degraded"),
    *("fallback", "pending", "delivered", "given_up", "held_until", "failure", "last_error"),
)


@consumers.verb("list")
def list_consumers(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
    lang: LangOption = None,
) -> None:
    """List consumers by code, with the state of their deliveries.

    Example:  hub consumers list
    """
    items = pages("/consumers", url, token, {"lang": language(lang or ("en" if as_json else None))})
    if as_json:
        for item in items:
            typer.echo(json.dumps(item, ensure_ascii=False))
        return
    for item in items:
        state = Text("on   ", "green") if item["enabled"] else Text("off  ", "dim")
        told = [f"{item[name]} {name.replace('_', ' ')}" for name in ("pending", "given_up") if item[name]]
        told += [f"last failure: {item['failure']}"] if item["failure"] else []
        told += ["channel degraded"] if item["degraded"] else []
        told += ["fallback"] if item["fallback"] else []
        told += [f"{len(item['filters'])} filters"] if len(item["filters"]) != 1 else []
        head = f"{item['code']:16} ", state, f"{item['min_level']:8}", ", ".join(told)
        out.print(Text.assemble(*head), soft_wrap=True)
        out.print(Text(f"                 {item['url']}", "dim"), soft_wrap=True)
    if not items:
        out.print("There is no consumer yet:  hub consumers put -h")


@consumers.verb("show")
def show_consumer(
    code: CodeArgument,
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
    lang: LangOption = None,
) -> None:
    """One consumer, what waits for it, and why it did not take what it was sent last.

    Example:  hub consumers show desk
    """
    asked = {"lang": language(lang or ("en" if as_json else None))}
    found = call("GET", f"/consumers/{code}", url, token, params=asked).json()
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
        return
    tell(found, _SHOWN)
    for number, each in enumerate(found["filters"], 1):
        limits = ", ".join(f"{name} {value}" for name, value in each.items() if value is not None)
        out.print(Text(f"filter {number}: {limits}"), soft_wrap=True)
    if not found["filters"]:
        out.print("It subscribes to nothing.")
    for each in found["quiet"]:
        limits = " ".join(str(each[name]) for name in ("days", "hours", "zone") if each[name] is not None)
        out.print(Text(f"quiet: {limits} up to {each['max_level']}"), soft_wrap=True)
    if (storm := found["grouping"]) is not None:
        told = f"beyond {storm['after']} changes in {storm['within_s']} s a summary each {storm['every_s']} s"
        out.print(Text(f"grouping: {told}"), soft_wrap=True)


@consumers.verb("put")
def put_consumer(
    code: CodeArgument,
    address: Annotated[str | None, typer.Argument(help="Where to call, http or https.")] = None,
    kind: Annotated[str | None, typer.Option(help="By which channel; left out, a new one is a webhook.")] = None,
    settings: Annotated[
        str | None, typer.Option(help="Of its kind (docs/CHANNELS.md): a JSON object, or @ and a file with one.")
    ] = None,
    min_level: Annotated[str | None, typer.Option("--min-level", help="blue, yellow, orange or red.")] = None,
    region: Annotated[str | None, typer.Option(help="Only from below this division; '' for all.")] = None,
    organisation: Annotated[str | None, typer.Option(help="Only of devices of this organisation; '' for all.")] = None,
    category: Annotated[str | None, typer.Option(help="Only of profiles of this category; '' for all.")] = None,
    area: Annotated[str | None, typer.Option(help="Only of devices in this named area; '' for all.")] = None,
    filters: Annotated[
        list[str] | None,
        typer.Option("--filter", help="Instead of the five above, one filter as JSON; repeatable, any is enough."),
    ] = None,
    quiet: Annotated[
        list[str] | None,
        typer.Option(
            help="Quiet hours, like 22:00-06:00, or JSON with days, zone and max_level; repeatable; '' for none."
        ),
    ] = None,
    grouping: Annotated[
        str | None, typer.Option(help="Of storms: changes/seconds, like 20/60, and a summary each minute; '' for none.")
    ] = None,
    owner: Annotated[str | None, typer.Option(help="The organisation that it belongs to; '' for none.")] = None,
    titles: Annotated[str | None, typer.Option(help="Language of the titles that it gets: en or zh.")] = None,
    ceiling: Annotated[
        str | None, typer.Option(help="The highest level of data that it gets: L1 (public) to L4, important or core.")
    ] = None,
    username: Annotated[str | None, typer.Option(help="Where it wants a login; '' for none.")] = None,
    password: Annotated[str | None, typer.Option(help="Of that login; - reads a line of standard input.")] = None,
    secret: Annotated[str | None, typer.Option(help="whsec_...; made up, and told once, when left out.")] = None,
    fallback: Annotated[
        bool, typer.Option("--fallback", help="It gets the red alerts that nobody else gets, or accepts in time.")
    ] = False,
    heartbeat_s: Annotated[
        int | None, typer.Option("--heartbeat-s", help="How often it gets a heartbeat, 30 to 86400 s; 0 for none.")
    ] = None,
    prove_within_h: Annotated[
        int | None, typer.Option("--prove-within-h", help="Alarm when it accepts nothing for so long; 0 for never.")
    ] = None,
    prove_at: Annotated[
        list[str] | None,
        typer.Option("--prove-at", help="When it gets a proof, like 09:00; repeatable, '' for never."),
    ] = None,
    warnings: Annotated[
        bool | None,
        typer.Option("--warnings/--no-warnings", help="Whether it also gets official warnings (预警)."),
    ] = None,
    enabled: Annotated[bool | None, typer.Option("--enable/--disable", help="Whether it is sent anything.")] = None,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Make a consumer, or change what is given of one that is there; the rest of it stays, its secret too.

    Example:  hub consumers put desk https://desk.example.org/alerts --min-level yellow --titles zh

    Example:  hub consumers put robot https://robot.example.org/alerts --ceiling L1

    Example:  hub consumers put night --filter '{"region": "330110", "hours": "18:00-08:00"}'

    Example:  hub consumers put desk --quiet 22:00-06:00

    Example:  hub consumers put desk --grouping 20/60

    Example:  hub consumers put duty https://duty.example.org/alerts --min-level red --fallback

    Example:  hub consumers put desk --heartbeat-s 60

    Example:  hub consumers put robot --prove-at 08:30 --prove-at 16:30

    Example:  hub consumers put desk --disable
    """
    known = call("GET", f"/consumers/{code}", url, token, accept=(404,))
    body: dict[str, Any] = {key: known.json()[key] for key in _KEPT} if known.is_success else {}
    if not body and address is None:
        fail(f"'{code}' is new: give the address to call, like https://desk.example.org/alerts")
    if password == FROM_INPUT:
        password = sys.stdin.readline().rstrip("\r\n")
    if kind is not None and body and kind != body["kind"]:
        body.pop("settings")  # those of its former kind
        body.pop("prove_within_h")  # as is usual for the kind
        body.pop("ceiling")  # the hub lowers it for a robot on the internet, and else keeps it
    if settings is not None:
        body["settings"] = _object(settings)
    limits = {
        "min_level": min_level,
        "region": region,
        "organisation": organisation,
        "category": category,
        "area": area,
    }
    body["filters"] = _filters(body.get("filters"), filters, {k: v for k, v in limits.items() if v is not None})
    body |= _suppressed(quiet, grouping)
    given: dict[str, Any] = {"kind": kind, "url": address, "owner": owner}
    if address is not None and "@" in address.partition("://")[2].partition("/")[0]:
        body.pop("username", None)  # the address brings its own
    given |= {
        "lang": titles,
        "username": username,
        "password": password,
        "secret": secret,
        "ceiling": ceiling,
    }
    body |= {key: value or None for key, value in given.items() if value is not None}
    body |= _proofs(heartbeat_s, prove_within_h, prove_at)
    switches = {"warnings": warnings, "enabled": enabled}
    body |= {key: value for key, value in switches.items() if value is not None}
    if fallback:
        body["fallback"] = True
    stored = call("PUT", f"/consumers/{code}", url, token, json={k: v for k, v in body.items() if v is not None})
    out.print(Text(f"{code} is made." if stored.status_code == 201 else f"{code} is as given."))
    if made_up := stored.json()["secret"]:
        out.print(Text(f"Its secret, now and never again:\n  {made_up}"), soft_wrap=True)
    if shown := stored.json()["receipt_secret"]:
        where = f"its gateway brings receipts to /api/v1/receipts/{code}"
        out.print(Text(f"The secret of its receipts, now and never again ({where}):\n  {shown}"), soft_wrap=True)


def _proofs(heartbeat_s: int | None, prove_within_h: int | None, prove_at: list[str] | None) -> dict[str, Any]:
    """What is given of how a channel proves itself."""
    times = None if prove_at is None else [each for each in prove_at if each]
    given = {"prove_within_h": prove_within_h, "prove_at": times}
    beats = {} if heartbeat_s is None else {"heartbeat_s": heartbeat_s or None}
    return beats | {key: value for key, value in given.items() if value is not None}


def _object(text: str) -> Any:
    """A JSON object as it was given, or from a file."""
    try:
        return json.loads(Path(text[1:]).read_text(encoding="utf-8") if text.startswith("@") else text)
    except OSError as error:
        fail(f"--settings: {error}")
    except ValueError as error:
        fail(f"--settings is not JSON: {error}")


def _suppressed(quiet: list[str] | None, grouping: str | None) -> dict[str, Any]:
    """Quiet hours (HH:MM-HH:MM) and grouping (changes/seconds) as far as they are given, either also as JSON."""
    try:
        found: dict[str, Any] = {}
        if quiet is not None:
            found["quiet"] = [json.loads(each) if each.startswith("{") else {"hours": each} for each in quiet if each]
        if grouping is not None:
            after, _, within_s = grouping.partition("/")
            if grouping.startswith("{"):
                found["grouping"] = json.loads(grouping)
            else:
                found["grouping"] = {"after": int(after), "within_s": int(within_s)} if grouping else None
    except ValueError as error:
        fail(f"--quiet is like 22:00-06:00, --grouping like 20/60, or either a JSON object: {error}")
    return found


def _filters(
    known: list[dict[str, Any]] | None, given: list[str] | None, limits: dict[str, str]
) -> list[dict[str, Any]]:
    """The filters to put: those that are given as JSON, or the known ones, the only one changed by what is limited."""
    if given is not None:
        if limits:
            fail(f"give --{next(iter(limits)).replace('_', '-')} inside --filter")
        try:
            return [json.loads(each) for each in given]
        except ValueError as error:
            fail(f'a filter is JSON, like {{"region": "330110", "min_level": "orange"}}: {error}')
    found = [{name: value for name, value in each.items() if value is not None} for each in known or ()]
    if known is not None and not limits:
        return found
    if len(found) > 1:
        fail(f"it has {len(found)} filters: give all that it is to have, each with --filter")
    return [{name: value for name, value in {**(found or [{}])[0], **limits}.items() if value != ""}]


@consumers.verb("test")
def try_consumer(
    code: CodeArgument, url: UrlOption = DEFAULT_URL, token: TokenOption = None, lang: LangOption = None
) -> None:
    """Send a test that says it is one, and show what the other side said and how long it took.

    Example:  hub consumers test desk
    """
    came = call("POST", f"/consumers/{code}:test", url, token, params={"lang": language(lang)}, timeout=30).json()
    if not came["accepted"]:
        fail(f"{code} has not accepted it, after {came['took_ms']} ms ({came['failure']}): {came['reason']}")
    out.print(
        Text(f"{code} has accepted it in {came['took_ms']} ms: {came['said'] or 'without a word'}"), soft_wrap=True
    )


@consumers.verb("delete")
def delete_consumer(code: CodeArgument, url: UrlOption = DEFAULT_URL, token: TokenOption = None) -> None:
    """Delete a consumer with all that was sent and waits for it. To keep that: `hub consumers put CODE --disable`.

    Example:  hub consumers delete desk
    """
    was = call("DELETE", f"/consumers/{code}", url, token).json()
    waited = f" {was['pending']} deliveries that waited for it are dropped." if was["pending"] else ""
    out.print(Text(f"{code} is deleted.{waited}"))
