"""`hub cameras`: which cameras are asked for events, which push, and what answers at an address."""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from app.cli.client import DEFAULT_URL, TokenOption, UrlOption, address, call, fail, out, pages
from app.cli.connection import Verbs
from app.cli.diagnose import LangOption, language
from app.cli.figures import figures
from app.cli.kind_told import kind_told
from hub.words import optional, text
from hub.words.figure import percentage

cameras = Verbs("Cameras that are asked for events (ISAPI, ONVIF), or push them.")
DeviceArgument = Annotated[str, typer.Argument(help="The device's code.")]
KindArgument = Annotated[str, typer.Argument(help="isapi, onvif, rtsp, or gat1400 of a view library.")]
WhereArgument = Annotated[str, typer.Argument(metavar="URL", help="Where the camera is, such as http://10.20.1.9")]
UserOption = Annotated[str | None, typer.Option("--user", help="A user of the camera.")]
PasswordOption = Annotated[
    str | None,
    typer.Option(envvar="HUB_CAMERA_PASSWORD", help="Its password; with --user and without it, it is asked for."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
_STYLES = {"up": "green", "down": "red", "new": "yellow"}

_FAULTS_ALONE = (
    "Faults of its picture are looked for, and no flames or smoke: the same with --fires looks for them, too.\n"
    "Zones, lines and all other kinds:  --analysis FILE  (docs/cameras/rtsp.md)"
)


@cameras.verb("add")
def add(
    kind: KindArgument,
    device: DeviceArgument,
    where: Annotated[str | None, typer.Argument(metavar="[URL]", help="Without one the camera pushes.")] = None,
    user: UserOption = None,
    password: PasswordOption = None,
    analysis: Annotated[
        Path | None,
        typer.Option("--analysis", exists=True, dir_okay=False, help="Of rtsp: kinds, zones and lines, as JSON."),
    ] = None,
    fires: Annotated[
        bool, typer.Option("--fires", help="Of rtsp: flames and smoke, too, and not the faults of its picture alone.")
    ] = False,
    patrol: Annotated[
        bool, typer.Option("--patrol", help="Of rtsp: looked at by turns (轮巡), a few frames at a time.")
    ] = False,
    off: Annotated[bool, typer.Option("--off", help="Keep it, and do not call it.")] = False,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Connect a registered camera or recorder, or change how.

    Of rtsp the hub looks at the video: for faults of the picture, with --fires for flames and smoke, too, and for all
    else (water, intrusions, objects, lines, levels) where --analysis says what and where.

    Example:  hub cameras add rtsp gate-4 rtsp://10.20.1.11/stream2 --user ganzhi --fires

    Example:  hub cameras add isapi gate-1 http://10.20.1.9 --user ganzhi

    Example:  hub cameras add onvif gate-2 http://10.20.1.10 --user ganzhi

    Example:  hub cameras add rtsp gate-4 rtsp://10.20.1.11/stream2 --user ganzhi --analysis zones.json

    Example:  hub cameras add rtsp gate-5 rtsp://10.20.1.12/stream2 --user ganzhi --patrol

    Example:  hub cameras add isapi gate-3   (it pushes to an address that is shown once)
    """
    body: dict[str, Any] = {"url": where, **_login(user, password), "enabled": not off, "patrolled": patrol}
    if (asked := _asked_of(kind, analysis, fires=fires)) is not None:
        body["analysis"] = asked
    stored = call("PUT", f"/devices/{device}/cameras/{kind}", url, token, json=body)
    found = stored.json()
    out.print(Text(f"{device} is connected." if stored.status_code == 201 else f"{device} is as given."))
    if found["secret"] is not None:
        out.print(Text("The camera pushes to this address, shown now and never again:"), soft_wrap=True)
        out.print(Text(f"  {address('https://HUB', '/cameras/isapi')}/{found['secret']}"), soft_wrap=True)
    elif where is not None:
        out.print(Text(f"Try it:  hub cameras check {kind} {found['url']} --device {device}"), soft_wrap=True)
    if kind == "rtsp" and asked is None and not patrol:
        out.print(Text(_FAULTS_ALONE), soft_wrap=True)


@cameras.verb("list")
def list_cameras(
    as_json: JsonOption = False, url: UrlOption = DEFAULT_URL, token: TokenOption = None, lang: LangOption = None
) -> None:
    """List connections by device: which are up, and why others are down.

    Example:  hub cameras list
    """
    spoken = language(lang or ("en" if as_json else None))
    items = pages("/camera-connections", url, token, {"lang": spoken})
    for item in items:
        if as_json:
            typer.echo(json.dumps(item, ensure_ascii=False))
            continue
        state = item["state"] if item["enabled"] else "off"
        where = text("camera.list.pushes", spoken) if item["pushes"] else item["url"] or "-"
        since = " " + text("camera.list.since", spoken, at=_minute(item["since"])) if item["since"] else ""
        told = text(f"camera.list.state.{state}", spoken), _STYLES.get(state, "")
        line = Text.assemble(f"{item['device']:24} {item['kind']:6} {where:32} ", told, since)
        out.print(line, soft_wrap=True)
        if item["last_error"]:
            out.print(Text(f"{'':25}{item['last_error']}", "red"), soft_wrap=True)
        faults = (item["figures"] or {}).get("faults") if item["patrolled"] else None
        if faults:
            named = ", ".join(kind_told(fault, spoken) for fault in sorted(faults))
            out.print(Text(f"{'':25}{named}", "red"), soft_wrap=True)
        pace = (item["figures"] or {}).get("pace")
        if shed := optional(f"camera.list.shed.{pace}", spoken):
            less = text("camera.list.shed", spoken, what=shed)
            out.print(Text(f"{'':25}{less}", "yellow"), soft_wrap=True)
        if (fault := (item["figures"] or {}).get("network_fault")) is not None:
            out.print(Text(f"{'':25}{fault}", "yellow"), soft_wrap=True)
    if not items and not as_json:
        out.print(text("camera.list.none", spoken))


@cameras.verb("remove")
def remove(kind: KindArgument, device: DeviceArgument, url: UrlOption = DEFAULT_URL, token: TokenOption = None) -> None:
    """Forget a connection with its login; the device stays.

    Example:  hub cameras remove isapi gate-1
    """
    call("DELETE", f"/devices/{device}/cameras/{kind}", url, token)
    out.print(Text(f"{device} is not asked any more, and nothing that it pushes is taken."))


@cameras.verb("check")
def check(
    kind: KindArgument,
    where: WhereArgument,
    user: UserOption = None,
    password: PasswordOption = None,
    device: Annotated[str | None, typer.Option(help="Whose stored login is used, at the same server.")] = None,
    as_json: JsonOption = False,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
    lang: LangOption = None,
) -> None:
    """Tell what answers at an address, as the hub reaches it: which step fails, and what to do. Exit status 1 then.

    Example:  hub cameras check isapi http://10.20.1.9 --user ganzhi

    Example:  hub cameras check onvif http://10.20.1.10 --device gate-2
    """
    body: dict[str, Any] = {"kind": kind, "url": where, "device": device, **_login(user, password)}
    asked = {"lang": language(lang or ("en" if as_json else None))}
    found = call("POST", "/camera-connections:check", url, token, params=asked, json=body).json()
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
    else:
        for step in found["steps"]:
            mark = ("well  ", "green") if step["ok"] else ("FAILED", "bold red")
            out.print(Text.assemble(mark, f"  {step['step']:8} {step['told']}"), soft_wrap=True)
    raise typer.Exit(0 if found["ok"] else 1)


@cameras.verb("discover")
def discover(as_json: JsonOption = False, url: UrlOption = DEFAULT_URL, token: TokenOption = None) -> None:
    """Ask the network of the hub's machine, once, which ONVIF cameras are there.

    Example:  hub cameras discover
    """
    items = call("POST", "/camera-connections:discover", url, token).json()["items"]
    for item in items:
        told = f"{item['url']:48} {item['name']} {item['model']}"
        typer.echo(json.dumps(item, ensure_ascii=False) if as_json else told.rstrip())
    if not items and not as_json:
        out.print("None has answered: cameras answer in the network of the hub's machine only.")


@cameras.verb("registrations")
def registrations(
    over: Annotated[bool, typer.Option("--over", help="Only those that are over.")] = False,
    device: Annotated[str | None, typer.Option(help="Only of this device.")] = None,
    as_json: JsonOption = False,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """List who has registered over GB/T 28181 and GA/T 1400: from where, since when, until when, the last keepalive.

    Example:  hub cameras registrations

    Example:  hub cameras registrations --device nvr-1 --json
    """
    found = pages("/camera-registrations", url, token, {"registered": "false" if over else None, "device": device})
    for each in found:
        if as_json:
            typer.echo(json.dumps(each, ensure_ascii=False))
            continue
        state = ("registered", "green") if each["registered"] else ("over", "red")
        out.print(
            Text.assemble(
                f"{each['id'] or '-':20} {each['device'] or '(nobody knows it)':24} {each['transport']} ",
                f"{each['host'] or '-'}" + ("" if each["port"] is None else f":{each['port']}"), " ", state,
                f" since {_minute(each['since'])}",
                "" if each["protocol"] == "gat1400" else f", until {_minute(each['expires_at'])}"
                f", keepalive {_minute(each['heard_at'])}",
                ("" if each["status"] in (None, "OK") else f" {each['status']} {' '.join(each['faulty'])}", "yellow"),
            ),
            soft_wrap=True,
        )  # fmt: skip
        what = " ".join(filter(None, (each["manufacturer"], each["model"], each["firmware"])))
        if what or each["channels"] is not None:
            counted = "" if each["channels"] is None else f"  {each['channels']} channels"
            out.print(Text(f"{'':21}{what}{counted}", "dim"), soft_wrap=True)
        if each["dropped"]:
            told = f"{each['dropped']} objects about persons, vehicles and pictures came and were dropped"
            out.print(Text(f"{'':21}{told}", "yellow"), soft_wrap=True)
        if each["twin_peers"]:
            told = f"two devices register with it, from {' and '.join(each['twin_peers'])} ({_minute(each['twin_at'])})"
            out.print(Text(f"{'':21}{told}", "red"), soft_wrap=True)
    if not found and not as_json:
        out.print("No camera has registered yet.")


@cameras.verb("rates")
def rates(
    month: Annotated[str | None, typer.Option(help="As 2026-11; this month.")] = None,
    first: Annotated[str | None, typer.Option("--from", help="Instead of a month: a day, as 2026-11-01.")] = None,
    last: Annotated[str | None, typer.Option("--to", help="With --from: the last day, included.")] = None,
    by: Annotated[str, typer.Option(help="Groups: region, organisation, area or platform.")] = "none",
    region: Annotated[str | None, typer.Option(help="Only in this division: the first digits of its code.")] = None,
    organisation: Annotated[str | None, typer.Option(help="Only of this organisation.")] = None,
    area: Annotated[str | None, typer.Option(help="Only in this named area or grid.")] = None,
    platform: Annotated[str | None, typer.Option(help="Only those that hang on this recorder or platform.")] = None,
    definitions: Annotated[str, typer.Option("--set", help="Whose definitions: `hub indicators sets`.")] = "cameras",
    csv: Annotated[Path | None, typer.Option("--csv", help="Write all of it as CSV into this file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
    lang: LangOption = None,
) -> None:
    """Online rate and sound rate (在线率, 完好率) of a month, each with what it was counted from, and as of now.

    Example:  hub cameras rates --by region --month 2026-11

    Example:  hub cameras rates --by platform --region 330106 --csv rates.csv
    """
    given = {
        **_span(month, first, last), "by": by, "region": region, "organisation": organisation, "area": area,
        "platform": platform, "set": definitions, "lang": language(lang),
    }  # fmt: skip
    found = figures("/indicators/cameras", given, csv, as_json, url, token)
    if found is None:
        return
    out.print(f"{found['first']} to {found['last']}, {found['set_name']}, known until {_minute(found['known_until'])}")
    for group in (found, *found["groups"]):
        if group is not found:
            out.print(Text(f"{group['key'] or '-'} {group['name'] or ''}", "bold"))
        table = Table(box=None, pad_edge=False, show_header=False)
        for rate, current in zip(group["indicators"], group["now_indicators"], strict=True):
            table.add_row(rate["name"], Text(_percent(rate), "bold"), _of(rate, 3600, " h"),
                          f"now {_percent(current)} {_of(current, 1, '')}", Text(rate["formula"], "dim"))  # fmt: skip
        out.print(table)
    if found["unheard_s"]:
        out.print(f"The hub heard nothing for {found['unheard_s'] / 3600:.1f} h, which are in no figure.")
    out.print(Text(found["what"], "dim"))


@cameras.verb("states")
def states(
    device: DeviceArgument,
    first: Annotated[str | None, typer.Option("--from", help="A day, as 2026-11-01; the first of this month.")] = None,
    last: Annotated[str | None, typer.Option("--to", help="The last day, included; today.")] = None,
    as_json: JsonOption = False,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """How a camera was, the newest first: sound, faulty, offline, unknown or maintained, and why.

    Example:  hub cameras states gate-1 --from 2026-11-01
    """
    found = pages(f"/devices/{device}/camera-states", url, token, {"from": first, "to": last})
    for each in found:
        if as_json:
            typer.echo(json.dumps(each, ensure_ascii=False))
        else:
            until = "now" if each["to_at"] is None else _minute(each["to_at"])
            out.print(f"{_minute(each['from_at'])} to {until:16} {each['state']:10} {each['why'] or ''}".rstrip())
    if not found and not as_json:
        out.print("Nothing is known of it as a camera in these days.")


def _span(month: str | None, first: str | None, last: str | None) -> dict[str, str | None]:
    """The days that are asked for; the hub says what is wrong with them."""
    if month is None:
        return {"from": first, "to": last}
    try:
        begin = date.fromisoformat(f"{month}-01")
        end = (begin + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    except (ValueError, OverflowError):
        fail(f"--month {month}: write a year and a month, such as 2026-11")
    return {"from": str(begin), "to": str(end)}


def _percent(rate: dict[str, Any]) -> str:
    if rate["value"] is None:
        return "-"
    return str(rate["numerator"]) if rate["denominator"] is None else percentage(rate["numerator"], rate["denominator"])


def _of(rate: dict[str, Any], unit: int, name: str) -> str:
    if rate["denominator"] is None:
        return ""
    return f"{rate['numerator'] / unit:,.{int(unit > 1)}f} / {rate['denominator'] / unit:,.{int(unit > 1)}f}{name}"


def _minute(at: str | None) -> str:
    return "-" if at is None else at[:16].replace("T", " ")


def _asked_of(kind: str, analysis: Path | None, *, fires: bool) -> Any:
    """What is looked for in video, as the hub takes it; None: faults of the picture."""
    if not fires:
        return None if analysis is None else _json_of(analysis)
    if analysis is not None:
        fail(f"--fires and --analysis: name flame and smoke in the kinds of {analysis} instead")
    if kind != "rtsp":
        fail(f"--fires looks at video, which the hub reads over rtsp; a camera of {kind} tells its own events")
    from analytics.video.kinds import ANYWHERE

    return {"kinds": sorted(ANYWHERE)}


def _json_of(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except ValueError as error:
        fail(f"{path} is no JSON: {error}")


def _login(user: str | None, password: str | None) -> dict[str, str | None]:
    """User and password; one that is not given is asked for, so that no history of a shell has it."""
    if user is None:
        return {}
    if password is None:
        password = typer.prompt("Password of the camera", hide_input=True)
    return {"username": user, "password": password}
