"""`hub catalogue`: what senses in the city: found, counted, written to a file."""

import json
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from rich.box import SIMPLE_HEAD
from rich.progress import BarColumn, DownloadColumn, Progress, TimeElapsedColumn, TransferSpeedColumn
from rich.table import Column, Table
from rich.text import Text

from app.cli.client import (
    DEFAULT_URL,
    CeilingOption,
    TokenOption,
    UrlOption,
    address,
    call,
    calling,
    err,
    fail,
    headers,
    out,
    pages,
    refused,
)
from app.cli.codes import list_codes
from app.cli.connection import Verbs

catalogue = Verbs("The catalogue of all devices (感知资源目录).")
TextArgument = Annotated[str | None, typer.Argument(help="Part of a code or a name; one character is enough.")]
RegionOption = Annotated[str | None, typer.Option(help="All below a division: its code or the first digits of it.")]
OrganisationOption = Annotated[str | None, typer.Option(help="Code of who runs them.")]
ProfileOption = Annotated[str | None, typer.Option(help="Code of a profile.")]
CategoryOption = Annotated[str | None, typer.Option(help="Category of profiles.")]
StateOption = Annotated[str | None, typer.Option(help="pending, active, suspended or retired.")]
ParentOption = Annotated[str | None, typer.Option(help="Only what hangs on this device.")]
TagOption = Annotated[str | None, typer.Option(help="KEY or KEY:VALUE.")]
OnlineOption = Annotated[str | None, typer.Option(help="true, false or unknown (active, never heard).")]
BoxOption = Annotated[str | None, typer.Option(help="WEST,SOUTH,EAST,NORTH in degrees.")]

BAR = 4
GOOD, FAIR = 0.95, 0.8
"""From here on a rate is shown green, and yellow."""
PAGE = 1000


@catalogue.verb("search")
def search(
    q: TextArgument = None,
    region: RegionOption = None,
    organisation: OrganisationOption = None,
    profile: ProfileOption = None,
    category: CategoryOption = None,
    state: StateOption = None,
    parent: ParentOption = None,
    tag: TagOption = None,
    online: OnlineOption = None,
    bbox: BoxOption = None,
    limit: Annotated[int, typer.Option(min=1, help="Devices shown at most.")] = 20,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Find devices by whatever is known of them.

    Example:  hub catalogue search 文三路 --profile air --online false

    Example:  hub catalogue search --region 3301 --bbox 120.1,30.2,120.2,30.3 --limit 100
    """
    wanted = _wanted(q, region, organisation, profile, category, state, parent, tag, online, bbox)
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        page = {"limit": min(PAGE, limit - len(found)), **({"cursor": cursor} if cursor else {})}
        body = call("GET", "/catalogue", url, token, params={**wanted, **page}).json()
        found += body["items"]
        cursor = body["next"]
        if cursor is None or len(found) >= limit:
            break
    out.print(_devices(found) if found else "No device matches.")
    if cursor:
        out.print(f"There are more: --limit {limit * 10}, or narrow it.", style="dim")


def _devices(found: list[dict[str, Any]]) -> Table:
    texts = [Column(name, overflow="fold") for name in ("name", "profile", "organisation", "region")]
    facts = [Column(name, no_wrap=True) for name in ("state", "online", "last seen")]
    table = Table(Column("code", no_wrap=True), *texts, *facts, box=SIMPLE_HEAD, pad_edge=False)
    shown = {True: Text("online", "green"), False: Text("offline", "red"), None: Text("-", "dim")}
    for item in found:
        table.add_row(
            Text(item["code"]),
            Text(item["name"]),
            Text(item["profile_name"]),
            Text(item["organisation_name"] or ""),
            Text(" ".join(item["region_path"]) or item["region"] or ""),
            Text(item["state"], "" if item["state"] == "active" else "yellow"),
            shown[item["online"]],
            Text((item["last_seen"] or "")[5:16].replace("T", " "), no_wrap=True),
        )
    return table


@catalogue.verb("counts")
def counts(
    by: Annotated[str, typer.Option(help="region (the divisions right below), organisation or profile.")] = "region",
    region: RegionOption = None,
    organisation: OrganisationOption = None,
    profile: ProfileOption = None,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Count devices, and how they do: online (在线率), sound (完好率), completeness of yesterday (归集率).

    Sound: online, with no open fault of its own and no newest reading out of the physical range. Devices in
    maintenance have no part in these two rates.

    Example:  hub catalogue counts --region 3301

    Example:  hub catalogue counts --by organisation
    """
    given = {"by": by, "region": region, "organisation": organisation, "profile": profile}
    params = {name: value for name, value in given.items() if value is not None}
    body = call("GET", "/catalogue/counts", url, token, params=params).json()
    table = Table(Column(by, no_wrap=True), Column("name", overflow="fold"), box=SIMPLE_HEAD, pad_edge=False)
    for name in ("catalogued", "active"):
        table.add_column(name, justify="right", no_wrap=True)
    for name in ("online", "sound", "complete"):
        table.add_column(name, min_width=BAR + 7, no_wrap=True)
    for item in body["items"]:
        _count(table, item["code"] or "-", item["name"] or ("without one" if item["code"] is None else ""), item)
    table.add_section()
    _count(table, "all", "", body["total"])
    out.print(table)
    if body["left_out"]:
        out.print(f"{body['left_out']} more are left out; narrow it with --region.", style="dim")
    if body["at"]:
        out.print(f"Counted at {body['at'][:19].replace('T', ' ')} UTC.", style="dim")


def _count(table: Table, code: str, name: str, sums: dict[str, Any]) -> None:
    rates = [_rate(sums[rate]) for rate in ("online_rate", "sound_rate", "completeness")]
    table.add_row(Text(code), Text(name), f"{sums['catalogued']:,}", f"{sums['active']:,}", *rates)


def _rate(rate: float | None) -> Text:
    """A percentage and a bar."""
    if rate is None:
        return Text("     -", "dim")
    colour = "green" if rate >= GOOD else "yellow" if rate >= FAIR else "red"
    full = round(rate * BAR)
    return Text.assemble(f"{rate:6.1%} ", ("█" * full, colour), ("░" * (BAR - full), "dim"))


@catalogue.verb("export")
def export(
    file: Annotated[Path, typer.Argument(dir_okay=False, help="Where to write; .csv or .geojson tells the form.")],
    q: Annotated[str | None, typer.Option("--q", help="Part of a code or a name.")] = None,
    region: RegionOption = None,
    organisation: OrganisationOption = None,
    profile: ProfileOption = None,
    category: CategoryOption = None,
    state: StateOption = None,
    parent: ParentOption = None,
    tag: TagOption = None,
    online: OnlineOption = None,
    bbox: BoxOption = None,
    ceiling: CeilingOption = None,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Write all devices that match to a file: CSV for a spreadsheet, or GeoJSON for a map.

    Example:  hub catalogue export city.geojson --region 3301 --state active
    """
    form = {".csv": "csv", ".geojson": "geojson", ".json": "geojson"}.get(file.suffix.lower())
    if form is None:
        fail(f"'{file.name}' tells no form: name it like city.csv or city.geojson")
    wanted = _wanted(q, region, organisation, profile, category, state, parent, tag, online, bbox)
    partial = file.with_name(file.name + ".part")
    cut = {} if ceiling is None else {"ceiling": ceiling}
    try:
        size = _fetch(partial, {**wanted, **cut, "format": form}, url, token)
        partial.replace(file)
    except OSError as error:
        fail(f"{file} cannot be written: {error.strerror}")
    finally:
        partial.unlink(missing_ok=True)
    out.print(Text(f"{file}: {size:,} bytes."), soft_wrap=True)


def _fetch(file: Path, params: dict[str, str], url: str, token: str | None) -> int:
    """Write an export to a file while it arrives; returns its bytes. An export that breaks off ends the command."""
    bytes_and_speed = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeElapsedColumn())
    with (
        calling(url),
        httpx.Client(timeout=60.0) as client,
        client.stream("GET", address(url, "/catalogue:export"), params=params, headers=headers(token)) as answer,
    ):
        if not answer.is_success:
            answer.read()
            refused(answer)
        with file.open("wb") as writing, Progress(*bytes_and_speed, console=err, transient=True) as progress:
            task = progress.add_task("exporting", total=None)
            for piece in answer.iter_bytes():
                writing.write(piece)
                progress.advance(task, len(piece))
            return writing.tell()


@catalogue.verb("codes")
def codes(
    unmapped: Annotated[bool, typer.Option("--unmapped", help="Those that devices sent and no table knows.")] = False,
    protocol: Annotated[str | None, typer.Option(help="Only of a protocol: hj212, gb26875, ...")] = None,
    device: Annotated[str | None, typer.Option(help="Only those that this device sent.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Codes of protocols: how many are known, or which ones no table knows. `hub codes put` says what they mean.

    Example:  hub catalogue codes --unmapped
    """
    if not unmapped:
        list_codes(url, token)
        return
    found = pages("/codes:unmapped", url, token, {"protocol": protocol, "device": device})
    if as_json:
        for each in found:
            typer.echo(json.dumps(each, ensure_ascii=False))
        return
    numbers = [Column(name, justify="right") for name in ("devices", "count")]
    table = Table("protocol", "what", "code", *numbers, "first seen", "last seen", "device", "example",
                  box=SIMPLE_HEAD, pad_edge=False)  # fmt: skip
    for each in found:
        first, last = (each[name][:16].replace("T", " ") for name in ("first_at", "last_at"))
        cells = (each["protocol"], each["what"], each["code"], str(each["devices"]), str(each["count"]), first, last)
        table.add_row(*map(Text, cells), Text(each["device"]), Text(each["example"]))
    out.print(table if found else "No device sent a code that is not known.")


def _wanted(*values: str | None) -> dict[str, str]:
    """The parameters of a search that were given, in the order of the options."""
    names = ("q", "region", "organisation", "profile", "category", "state", "parent", "tag", "online", "bbox")
    return {name: value for name, value in zip(names, values, strict=True) if value is not None}
