"""`hub forwards`: who is forwarded readings and alarms as they come, and how far each is."""

import json
import re
from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.text import Text

from app.cli.client import DEFAULT_URL, TokenOption, UrlOption, call, fail, out, pages, tell
from app.cli.connection import Verbs
from app.cli.diagnose import LangOption, language

forwards = Verbs("Who is forwarded what comes: superior platforms over HJ 212 and GB/T 28181, MQTT, Kafka.")
CodeArgument = Annotated[str, typer.Argument(help="The target's code.")]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
_PUT = (
    *("name", "kind", "host", "port", "number", "station_kind", "at_once", "organisation", "region", "tag"),
    *("ceiling", "enabled", "platform"),
)
_KINDS, _CALLED = ("hj212", "gb28181", "mqtt", "kafka"), ("hj212", "gb28181")
_SHOWN = (*_PUT, "acknowledged", "pending", "oldest", "newest", "failing_since", "last_error", "registration")


@forwards.verb("list")
def list_forwards(
    as_json: JsonOption = False, url: UrlOption = DEFAULT_URL, token: TokenOption = None, lang: LangOption = None
) -> None:
    """List targets by code, and how far each is.

    Example:  hub forwards list
    """
    items = pages("/forwards", url, token, {"lang": language(lang or ("en" if as_json else None))})
    for item in items:
        if as_json:
            typer.echo(json.dumps(item, ensure_ascii=False))
            continue
        where = f"{item['host']}:{item['port']}" if item["host"] else item["kind"]
        state = f"{item['acknowledged']} taken, {item['pending']} waiting" + ("" if item["enabled"] else ", off")
        out.print(Text(f"{item['code']:16} {where:24} {state}"), soft_wrap=True)
        if item["last_error"]:
            out.print(
                Text(f"                 since {item['failing_since']}: {item['last_error']}", "red"), soft_wrap=True
            )
    if not items and not as_json:
        out.print("Nothing is forwarded yet:  hub forwards add -h")


@forwards.verb("show")
def show_forward(
    code: CodeArgument,
    as_json: JsonOption = False,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
    lang: LangOption = None,
) -> None:
    """One target, what waits for it, and why it takes nothing.

    Example:  hub forwards show province
    """
    asked = {"lang": language(lang or ("en" if as_json else None))}
    found = call("GET", f"/forwards/{code}", url, token, params=asked).json()
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
    else:
        tell(_flat(found), _SHOWN)


@forwards.verb("channels")
def list_channels(
    code: CodeArgument, as_json: JsonOption = False, url: UrlOption = DEFAULT_URL, token: TokenOption = None
) -> None:
    """Channels that a superior platform of GB/T 28181 is granted now: what it sees of the hub.

    Example:  hub forwards channels city
    """
    items = pages(f"/forwards/{code}/channels", url, token, {})
    for item in items:
        if as_json:
            typer.echo(json.dumps(item, ensure_ascii=False))
            continue
        state = "online" if item["online"] else "offline"
        other = "" if item["device"] == item["channel"] else f"  {item['device']}"
        line = f"{item['channel']}  {state:7}  {item['region'] or '-':12}  {item['name']}{other}"
        out.print(Text(line), soft_wrap=True)
    if not items and not as_json:
        out.print(f"No channel is granted to {code}:  hub forwards show {code}")


@forwards.verb("add")
def add_forward(
    kind: Annotated[str, typer.Argument(help="hj212, gb28181, mqtt or kafka.")],
    code: CodeArgument,
    address: Annotated[str | None, typer.Argument(help="HOST:PORT of a superior platform.")] = None,
    *,
    name: Annotated[str | None, typer.Option(help="Its name; otherwise its code.")] = None,
    number: Annotated[
        str | None, typer.Option(help="MN under which all goes; of gb28181 the hub's own 20 digits there.")
    ] = None,
    station_kind: Annotated[str | None, typer.Option(help="ST of devices that speak no HJ 212.")] = None,
    password: Annotated[
        str | None, typer.Option(envvar="GANZHI_FORWARD_PASSWORD", help="PW, or that of the hub there.")
    ] = None,
    organisation: Annotated[str | None, typer.Option(help="Only devices of this organisation.")] = None,
    region: Annotated[str | None, typer.Option(help="Only devices below this division code.")] = None,
    tag: Annotated[str | None, typer.Option(help="Only devices with this tag: KEY or KEY:VALUE.")] = None,
    ceiling: Annotated[str, typer.Option(help="The highest level of data that it gets.")] = "L4",
    at_once: Annotated[int, typer.Option(help="Reports under way without an answer.")] = 16,
    platform_id: Annotated[str | None, typer.Option(help="gb28181: the superior's 20 digits.")] = None,
    transport: Annotated[str, typer.Option(help="gb28181: udp or tcp.")] = "udp",
    username: Annotated[str | None, typer.Option(help="gb28181: of the login; otherwise the number.")] = None,
    realm: Annotated[str | None, typer.Option(help="gb28181: SIP domain of the superior.")] = None,
    expires: Annotated[int, typer.Option(help="gb28181: seconds of a registration.")] = 3600,
    keepalive: Annotated[int, typer.Option(help="gb28181: seconds between two.")] = 60,
    own_port: Annotated[int, typer.Option(help="gb28181: from which the hub calls; 0: any.")] = 0,
    edition: Annotated[str, typer.Option(help="gb28181: 2016 or 2022.")] = "2016",
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Forward what is stored from now on, or change how.

    Example:  hub forwards add hj212 province 10.20.0.5:9212 --organisation ecology --password 123456

    Example:  hub forwards add gb28181 city 10.30.0.5:5060 --platform-id 33010000002000000001
    --number 33010600002000000001 --tag shared:city --password 12345678

    Example:  hub forwards add mqtt traffic --tag road --ceiling L2
    """
    if kind not in _KINDS:
        fail(f"{kind!r} is no kind: {', '.join(_KINDS)}, such as  hub forwards add mqtt {code}")
    host, _, port = (address or "").rpartition(":")
    if kind in _CALLED and (not host or not port.isdigit()):
        where, usual = (address or "10.20.0.5").partition(":")[0], 5060 if kind == "gb28181" else 9212
        fail(f"give HOST:PORT of the superior platform:  hub forwards add {kind} {code} {where}:{usual}")
    if kind == "gb28181":
        _numbered("--platform-id", platform_id, "of the superior platform")
        _numbered("--number", number, "of the hub there, which the operator of the superior platform assigns")
    body: dict[str, Any] = {
        "name": name or code, "kind": kind, "number": number, "station_kind": station_kind,
        "organisation": organisation, "region": region, "tag": tag, "ceiling": ceiling, "at_once": at_once,
    }  # fmt: skip
    if kind == "gb28181":
        body["platform"] = {
            "id": platform_id, "transport": transport, "username": username, "realm": realm, "expires_s": expires,
            "keepalive_s": keepalive, "own_port": own_port, "version": edition,
        }  # fmt: skip
    if kind in _CALLED:
        body |= {"host": host.strip("[]"), "port": int(port)} | ({"password": password} if password else {})
    stored = call("PUT", f"/forwards/{code}", url, token, json=body)
    out.print(Text(f"{code} is made." if stored.status_code == 201 else f"{code} is as given."))


def _numbered(option: str, given: str | None, whose: str) -> None:
    """End the command where a number of GB/T 28181 is missing or has not 20 digits."""
    if re.fullmatch("[0-9]{20}", given or "") is None:
        fail(f"{option}: give the 20 digits {whose}" + ("" if given is None else f"; {given!r} has {len(given)}"))


def _flat(found: Mapping[str, Any]) -> dict[str, Any]:
    """A target for reading: what is told of its platform and its registration as words, without what is not set."""
    return {name: _words(value) if isinstance(value, dict) else value for name, value in found.items()}


def _words(value: Mapping[str, Any]) -> str:
    shown = {name: ", ".join(each) if isinstance(each, list) else each for name, each in value.items()}
    return "; ".join(f"{name} {each}" for name, each in shown.items() if each not in (None, ""))


@forwards.verb("switch")
def switch_forward(
    code: CodeArgument,
    enabled: Annotated[bool, typer.Option("--enable/--disable", help="Off, what is stored meanwhile is not for it.")],
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Switch a target off, with what waits for it kept, or on again.

    Example:  hub forwards switch province --disable
    """
    found = call("GET", f"/forwards/{code}", url, token).json()
    body = {member: found[member] for member in _PUT} | {"enabled": enabled}
    call("PUT", f"/forwards/{code}", url, token, json=body)
    out.print(Text(f"{code} is {'on' if enabled else 'off'}."))


@forwards.verb("delete")
def delete_forward(code: CodeArgument, url: UrlOption = DEFAULT_URL, token: TokenOption = None) -> None:
    """Delete a target with all that waits for it.

    Example:  hub forwards delete province
    """
    was = call("DELETE", f"/forwards/{code}", url, token).json()
    out.print(Text(f"{code} is deleted, with {was['pending']} reports that waited."))
