"""`hub subscriptions`: what platforms of carriers and clouds push."""

import json
from typing import Annotated, Any

import typer
from rich.text import Text

from app.cli.client import DEFAULT_URL, TokenOption, UrlOption, address, call, fail, out, pages, tell
from app.cli.connection import Verbs

subscriptions = Verbs("Subscriptions of platforms (CTWing, OneNET, IoTDA, Alibaba, Tencent) that push to the hub.")
CodeArgument = Annotated[str, typer.Argument(help="The subscription's code.")]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
_SHOWN = (
    *("platform", "name", "organisation", "region", "profile", "networks", "enabled", "encrypted", "rhythm_s"),
    *("limit_s", "heard_at", "silent_since", "pushes", "senders", "waiting", "api", "gaps_waiting"),
)
_SIGNS = ("onenet", "tencent")


@subscriptions.verb("add")
def add(
    platform: Annotated[
        str, typer.Argument(help="ctwing, onenet, iotda, aliyun, tencent, chirpstack or the-things-stack.")
    ],
    code: Annotated[str, typer.Option("--name", help="Its code: it stands in the address.")],
    title: Annotated[str | None, typer.Option(help="What people call it; left out, its code.")] = None,
    secret: Annotated[
        str | None, typer.Option(envvar="HUB_PUSH_SECRET", help="The token that the platform knows; else made up.")
    ] = None,
    key: Annotated[
        str | None, typer.Option(envvar="HUB_PUSH_KEY", help="Of OneNET, where messages are encrypted.")
    ] = None,
    network: Annotated[list[str] | None, typer.Option(help="From where it may come; again for more.")] = None,
    organisation: Annotated[str | None, typer.Option(help="Whose the devices are that are accepted.")] = None,
    region: Annotated[str | None, typer.Option(help="Where they are: a division of 12 digits.")] = None,
    profile: Annotated[str | None, typer.Option(help="What they are.")] = None,
    rhythm: Annotated[
        float | None, typer.Option(min=0.001, help="Seconds in which something comes at least; else learned.")
    ] = None,
    off: Annotated[bool, typer.Option("--off", help="Take nothing from it.")] = False,
    api_url: Annotated[str | None, typer.Option(help="Where it is asked for what was missed (docs/carriers).")] = None,
    api_id: Annotated[str, typer.Option(help="Who asks: an access key, the key of an application.")] = "",
    api_scope: Annotated[str, typer.Option(help="Of what: a project, a region, an application.")] = "",
    api_secret: Annotated[
        str | None, typer.Option(envvar="HUB_PUSH_API_SECRET", help="With which requests are signed; kept if left out.")
    ] = None,
    api_per_s: Annotated[float, typer.Option(min=0.01, max=1000, help="Requests a second at most.")] = 5,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Make a subscription, or give one other settings; its secret is kept unless one is given.

    Example:  hub subscriptions add ctwing --name fire --organisation fire --profile smoke-detector

    Example:  hub subscriptions add onenet --name w --api-url https://iot-api.heclouds.com --api-id products/pX0demo001
    """
    body: dict[str, Any] = {
        "platform": platform, "name": title or code, "networks": network or [], "organisation": organisation,
        "region": region, "profile": profile, "rhythm_s": rhythm, "enabled": not off,
    }  # fmt: skip
    body |= {name: text for name, text in (("secret", secret), ("key", key)) if text}
    if api_url is not None:
        body["api"] = {"url": api_url, "id": api_id, "scope": api_scope, "per_s": api_per_s}
        body["api"] |= {"secret": api_secret} if api_secret else {}
    stored = call("PUT", f"/push-subscriptions/{code}", url, token, json=body)
    found = stored.json()
    out.print(Text(f"{code} is made." if stored.status_code == 201 else f"{code} is as given."))
    where = address("https://HUB", f"/push/{code}")
    if found["secret"] is None:
        out.print(Text(f"The platform pushes to {where}{'' if platform in _SIGNS else '/SECRET'}"), soft_wrap=True)
    elif platform in _SIGNS:
        out.print(Text(f"The platform pushes to {where} with this token, shown now and never again:"), soft_wrap=True)
        out.print(Text(f"  {found['secret']}"), soft_wrap=True)
    else:
        out.print(Text("The platform pushes to this address, shown now and never again:"), soft_wrap=True)
        out.print(Text(f"  {where}/{found['secret']}"), soft_wrap=True)


@subscriptions.verb("list")
def list_subscriptions(as_json: JsonOption = False, url: UrlOption = DEFAULT_URL, token: TokenOption = None) -> None:
    """List subscriptions by code: when each was heard, and who waits.

    Example:  hub subscriptions list
    """
    items = pages("/push-subscriptions", url, token, {})
    for item in items:
        if as_json:
            typer.echo(json.dumps(item, ensure_ascii=False))
            continue
        state = "off" if not item["enabled"] else f"heard {item['heard_at'] or 'never'}"
        if item["silent_since"]:
            state = f"SILENT since {item['silent_since']}"
        told = f"{item['platform']:8} {state}; {item['senders']} devices, {item['waiting']} wait"
        out.print(Text(f"{item['code']:16} {told}"), soft_wrap=True)
    if not items and not as_json:
        out.print("There is none yet:  hub subscriptions add -h")


@subscriptions.verb("show")
def show_subscription(
    code: CodeArgument, as_json: JsonOption = False, url: UrlOption = DEFAULT_URL, token: TokenOption = None
) -> None:
    """One subscription.

    Example:  hub subscriptions show fire
    """
    found = call("GET", f"/push-subscriptions/{code}", url, token).json()
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
    else:
        tell(found, _SHOWN)


@subscriptions.verb("remove")
def remove(code: CodeArgument, url: UrlOption = DEFAULT_URL, token: TokenOption = None) -> None:
    """Remove a subscription: nothing is taken from it any more. Its devices stay.

    Example:  hub subscriptions remove fire
    """
    call("DELETE", f"/push-subscriptions/{code}", url, token)
    out.print(Text(f"Removed: nothing is taken from {code} any more."))


@subscriptions.verb("gaps")
def gaps(
    code: CodeArgument, as_json: JsonOption = False, url: UrlOption = DEFAULT_URL, token: TokenOption = None
) -> None:
    """When nothing of its devices could come, the newest first, and what is known of that.

    Example:  hub subscriptions gaps fire
    """
    _tell_gaps(pages(f"/push-subscriptions/{code}/gaps", url, token, {}), as_json)


def gaps_of_device(
    code: Annotated[str, typer.Argument(help="The device's code.")],
    as_json: JsonOption = False,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """When nothing of a device could come through its platform, the newest first, and what is known of that.

    Example:  hub devices gaps smoke-17
    """
    _tell_gaps(pages(f"/devices/{code}/gaps", url, token, {}), as_json)


def _tell_gaps(items: list[dict[str, Any]], as_json: bool) -> None:
    for item in items:
        why = f" ({item['why']})" if item["why"] else ""
        told = f"{item['device']}  {item['from_at']} to {item['to_at']}  {item['cause']}: {item['state']}{why}"
        typer.echo(json.dumps(item, ensure_ascii=False) if as_json else told)
    if not items and not as_json:
        out.print("There is none.")


def pending(
    subscription: Annotated[str | None, typer.Option(help="Only of this subscription.")] = None,
    as_json: JsonOption = False,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Devices that platforms push and nobody knows yet, with what they sent.

    Example:  hub devices pending --subscription fire
    """
    items = pages("/push-senders", url, token, {"subscription": subscription})
    for item in items:
        if as_json:
            typer.echo(json.dumps(item, ensure_ascii=False))
            continue
        more = ", ".join(f"{name} {item[name]}" for name in ("imei", "product") if item[name])
        told = f"{item['subscription']:16} {item['address']:24} {more}; {item['letters']} messages wait"
        out.print(Text(told), soft_wrap=True)
    if not items and not as_json:
        out.print("None waits.")


def accept(
    subscription: Annotated[str, typer.Argument(help="The subscription through which it came.")],
    who: Annotated[str, typer.Argument(metavar="ADDRESS", help="What the platform calls it (hub devices pending).")],
    device: Annotated[str | None, typer.Option(help="The registered device that it is.")] = None,
    code: Annotated[str | None, typer.Option(help="Code of the new device that is made.")] = None,
    name: Annotated[str | None, typer.Option(help="Its name.")] = None,
    profile: Annotated[str | None, typer.Option(help="What it is; else as the subscription says.")] = None,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Accept a device that waits; what it sent meanwhile is stored then.

    Example:  hub devices accept fire acf7000000000001 --code smoke-17 --profile smoke-detector
    """
    if device is not None and (code or name or profile):
        fail("--device is a registered one: it keeps its code, name and profile")
    given = {"address": who, "device": device, "code": code, "name": name, "profile": profile}
    body = {each: text for each, text in given.items() if text is not None}
    answer = call("POST", f"/push-subscriptions/{subscription}:accept", url, token, json=body, accept=(404,))
    done = answer.json()
    if answer.status_code == 404:
        fail(f"{done.get('detail')}: those that wait are listed by  hub devices pending")
    made = "made" if done["made"] else "known"
    told = f"{who} is {done['device']} ({made}); {done['letters']} messages are put through the hub now."
    out.print(Text(told), soft_wrap=True)
