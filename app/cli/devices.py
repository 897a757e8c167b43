"""`hub devices`: register, look at and take out devices, one or a whole sheet."""

import json
from typing import Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Column, Table
from rich.text import Text

from app.cli.client import DEFAULT_URL, TokenOption, UrlOption, call, err, fail, out, tell
from app.cli.connection import Verbs
from app.cli.devices_sheets import export_devices, import_devices, make_template
from app.cli.diagnose import LangOption, language

devices = Verbs("Register devices, and see how they do.")
devices.verb("template")(make_template)
devices.verb("import")(import_devices)
devices.verb("export")(export_devices)
_SHOWN = (
    "name",
    "profile",
    "state",
    "organisation",
    "region",
    "lon",
    "lat",
    "parent",
    "zone",
    "sim_expires",
    "created_at",
)


@devices.verb("list")
def list_devices(
    profile: Annotated[str | None, typer.Option(help="Only of this profile.")] = None,
    organisation: Annotated[str | None, typer.Option(help="Only of this organisation.")] = None,
    region: Annotated[str | None, typer.Option(help="Only in this division: the first digits of its code.")] = None,
    parent: Annotated[str | None, typer.Option(help="Only what hangs on this device.")] = None,
    state: Annotated[str | None, typer.Option(help="Only in this state.")] = None,
    q: Annotated[str | None, typer.Option("--search", help="Part of a code or a name.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """List devices by code.

    Example:  hub devices list --profile air-station --region 330110
    """
    given = {"profile": profile, "organisation": organisation, "region": region, "parent": parent, "state": state}
    params = {name: value for name, value in {**given, "q": q, "limit": limit}.items() if value is not None}
    page = call("GET", "/devices", url, token, params=params).json()
    if as_json:
        for item in page["items"]:
            typer.echo(json.dumps(item, ensure_ascii=False))
        return
    columns = ("code", "name", "profile", "state", "organisation", "region")
    table = Table(Column("code", no_wrap=True), *columns[1:], box=SIMPLE_HEAD, pad_edge=False)
    for item in page["items"]:
        table.add_row(*(Text(item[name] or "") for name in columns))
    out.print(table)
    if page["next"]:
        out.print("There are more: narrow the search, or give a larger --limit.")


@devices.verb("show")
def show_device(
    code: Annotated[str, typer.Argument(help="The device's code.")],
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
    lang: LangOption = None,
) -> None:
    """One device, its newest readings, and why its last refused messages were refused.

    Example:  hub devices show air-17
    """
    asked = {"lang": language(lang or ("en" if as_json else None))}
    found: dict[str, Any] = call("GET", f"/devices/{code}", url, token, params=asked).json()
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
        return
    tell(found, _SHOWN)
    for called in found["addresses"]:
        out.print(Text(f"  address       {called['scheme']}={called['address'] or '(not shown)'}"), soft_wrap=True)
    for key, value in found["tags"].items():
        out.print(Text(f"  tag           {key}={value}"), soft_wrap=True)
    for reading in found["latest"]:
        out.print(Text(f"  reading       {reading['metric']} {reading['value']:g} at {reading['ts']}"), soft_wrap=True)
    for letter in found["trouble"]:
        out.print(Text(f"  refused       {letter['received_at']}: {letter['detail']}", style="yellow"), soft_wrap=True)


@devices.verb("put")
def put_device(
    code: Annotated[str, typer.Argument(help="The device's code.")],
    name: Annotated[str | None, typer.Option(help="What people call it.")] = None,
    profile: Annotated[str | None, typer.Option(help="Code of its profile.")] = None,
    parent: Annotated[str | None, typer.Option(help="The gateway or pole it hangs on.")] = None,
    organisation: Annotated[str | None, typer.Option(help="Who runs it; made when new.")] = None,
    region: Annotated[str | None, typer.Option(help="Division code, 12 digits.")] = None,
    lon: Annotated[float | None, typer.Option(help="Degrees east.")] = None,
    lat: Annotated[float | None, typer.Option(help="Degrees north.")] = None,
    crs: Annotated[str, typer.Option(help="Of lon and lat: wgs84, cgcs2000, gcj02 or bd09.")] = "wgs84",
    zone: Annotated[str | None, typer.Option(help="Time zone of its clock.")] = None,
    sim_expires: Annotated[str | None, typer.Option(help="When its SIM card ends, like 2027-01-31.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="key=value; repeatable; they replace its tags.")] = None,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Register a device, or change what is given of one that is there; the rest of it stays.

    Example:  hub devices put air-17 --name "文三路空气站" --profile air-station --region 330106000000
    """
    known = call("GET", f"/devices/{code}", url, token, accept=(404,))
    kept = ("name", "profile", "parent", "organisation", "region", "lon", "lat", "zone", "sim_expires", "tags")
    body = {key: known.json()[key] for key in kept} if known.is_success else {}
    if not known.is_success and (name is None or profile is None):
        fail(f"'{code}' is new: give its --name and --profile")
    given: dict[str, Any] = {"name": name, "profile": profile, "parent": parent, "organisation": organisation}
    given |= {"region": region, "lon": lon, "lat": lat, "zone": zone, "sim_expires": sim_expires}
    if lon is not None or lat is not None:
        given["crs"] = crs
    if tag is not None:
        given["tags"] = dict(_pair(text) for text in tag)
    body |= {key: value for key, value in given.items() if value is not None}
    stored = call("PUT", f"/devices/{code}", url, token, json=body)
    out.print(Text(f"{code} is registered." if stored.status_code == 201 else f"{code} is as given."))
    for warning in stored.json()["warnings"]:
        err.print(Text(warning, style="yellow"), soft_wrap=True)


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise typer.BadParameter(f"'{text}' is not key=value", param_hint="--tag")
    return key.strip(), value.strip()


@devices.verb("step")
def step_device(
    code: Annotated[str, typer.Argument(help="The device's code.")],
    to: Annotated[str, typer.Argument(help="active, suspended or retired.")],
    note: Annotated[str, typer.Option(help="Why; kept with the step.")] = "",
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Take a device a step further in its life: pending, active, suspended, retired. Retired is final.

    Example:  hub devices step air-17 suspended --note "dismounted for the road works"
    """
    stored = call("POST", f"/devices/{code}/steps", url, token, json={"to": to, "note": note}).json()
    out.print(f"{code} is {stored['state']}.")
