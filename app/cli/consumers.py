"""`hub consumers`: who is told of alerts, and whether it arrives."""

import json
from typing import Annotated, Any

import typer
from rich.text import Text

from app.cli.client import DEFAULT_URL, TokenOption, UrlOption, call, fail, out, pages, tell
from app.cli.connection import Verbs
from app.cli.consumer_options import Cases, Channel, Identity, Limits, Proofs, Suppression, Switches
from app.cli.diagnose import LangOption, language

consumers = Verbs("Who is told of alerts, by which channel, and whether it arrives.")
CodeArgument = Annotated[str, typer.Argument(help="The consumer's code.")]
_KEPT = (
    *("kind", "url", "settings", "username", "filters", "quiet", "grouping", "owner", "lang", "ceiling", "enabled"),
    *("heartbeat_s", "prove_within_h", "prove_at", "warnings", "cases"),
)
_SHOWN = (
    *(name for name in _KEPT if name not in ("filters", "quiet", "grouping")),
    *("proven_at", "failing_since", "degraded"),
    *("fallback", "pending", "delivered", "given_up", "held_until", "failure", "last_error"),
    *("cases_pending", "cases_given_up"),
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
    *,
    channel: Channel,
    limits: Limits,
    cases: Cases,
    suppression: Suppression,
    identity: Identity,
    fallback: Annotated[
        bool, typer.Option("--fallback", help="It gets the red alerts that nobody else gets, or accepts in time.")
    ] = False,
    proofs: Proofs,
    switches: Switches,
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

    Example:  hub consumers put city-ops https://ops.example.org/cases --cases all --no-alerts

    Example:  hub consumers put city-ops --cases '{"filters": [{"organisation": "sanitation"}], "steps": ["closed"]}'

    Example:  hub consumers put desk --disable
    """
    known = call("GET", f"/consumers/{code}", url, token, accept=(404,))
    body: dict[str, Any] = {key: known.json()[key] for key in _KEPT} if known.is_success else {}
    if not body and address is None:
        fail(f"'{code}' is new: give the address to call, like https://desk.example.org/alerts")
    body = channel.over(body, address)
    body["filters"] = limits.over(body.get("filters"))
    body |= cases.over(body.get("cases"))
    body |= suppression.given() | identity.given() | proofs.given() | switches.given()
    if fallback:
        body["fallback"] = True
    stored = call("PUT", f"/consumers/{code}", url, token, json={k: v for k, v in body.items() if v is not None})
    out.print(Text(f"{code} is made." if stored.status_code == 201 else f"{code} is as given."))
    if made_up := stored.json()["secret"]:
        out.print(Text(f"Its secret, now and never again:\n  {made_up}"), soft_wrap=True)
    if shown := stored.json()["receipt_secret"]:
        where = f"its gateway brings receipts to /api/v1/receipts/{code}"
        out.print(Text(f"The secret of its receipts, now and never again ({where}):\n  {shown}"), soft_wrap=True)


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


@consumers.verb("cases")
def list_cases_told(
    code: CodeArgument,
    state: Annotated[str | None, typer.Option(help="pending, delivered or given_up.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="So many, the newest.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
    lang: LangOption = None,
) -> None:
    """Which changes of cases a consumer was told, and whether it took them, the newest first.

    Example:  hub consumers cases city-ops --state given_up
    """
    asked = {"consumer": code, "limit": limit, "lang": language(lang or ("en" if as_json else None))}
    asked |= {} if state is None else {"state": state}
    items = call("GET", "/case-deliveries", url, token, params=asked).json()["items"]
    for item in items:
        if as_json:
            typer.echo(json.dumps(item, ensure_ascii=False))
            continue
        why = f": {item['last_error']}" if item["last_error"] and item["state"] != "delivered" else ""
        head = f"{item['at']}  {item['number']} {item['kind']}, {item['state']} after {item['attempts']} attempts{why}"
        out.print(Text(head), soft_wrap=True)
    if not items and not as_json:
        out.print("It was told of none.")


@consumers.verb("again")
def tell_again(
    code: CodeArgument,
    since: Annotated[str | None, typer.Option(help="Only from this time on: 2026-11-30T00:00:00+08:00.")] = None,
    accepted: Annotated[bool, typer.Option("--accepted", help="Also what it has accepted and lost.")] = False,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Tell a consumer again of the changes of cases that it did not take within a day.

    Example:  hub consumers again city-ops

    Example:  hub consumers again city-ops --since 2026-11-30T00:00:00+08:00 --accepted
    """
    body = {"accepted": accepted, **({} if since is None else {"since": since})}
    found = call("POST", f"/consumers/{code}/case-deliveries:again", url, token, json=body).json()
    out.print(Text(f"{found['deliveries']} changes of cases go out to {code} again."))


@consumers.verb("delete")
def delete_consumer(code: CodeArgument, url: UrlOption = DEFAULT_URL, token: TokenOption = None) -> None:
    """Delete a consumer with all that was sent and waits for it. To keep that: `hub consumers put CODE --disable`.

    Example:  hub consumers delete desk
    """
    was = call("DELETE", f"/consumers/{code}", url, token).json()
    waited = f" {was['pending']} deliveries that waited for it are dropped." if was["pending"] else ""
    out.print(Text(f"{code} is deleted.{waited}"))
