"""`hub profiles`: the profiles of a running hub, and the library that it is shipped with."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Column, Table
from rich.text import Text

from app.cli.client import DEFAULT_URL, TokenOption, UrlOption, call, fail, out, pages
from app.cli.connection import Verbs
from app.cli.registers import tell_registers

profiles = Verbs("What kinds of device there are; a library of them is shipped.")
_NOT_OF_IT = ("code", "version", "installed", "devices", "sources", "state")
_OUTCOMES = {"created": "green", "updated": "green", "unchanged": "dim", "kept": "yellow"}


@profiles.verb("list")
def list_profiles(
    library: Annotated[bool, typer.Option("--library", help="What is shipped, instead of what the hub has.")] = False,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """List the profiles of the hub, or of the library.

    Example:  hub profiles list --library
    """
    if library:
        table = _table("in the hub")
        for each in call("GET", "/profile-library", url, token).json()["items"]:
            table.add_row(*_cells(each), each["state"])
        out.print(table)
        return
    table = _table("version", "devices")
    for each in pages("/profiles", url, token, {}):
        table.add_row(*_cells(each), str(each["version"]), str(each["devices"]))
    out.print(table if table.row_count else Text("No profile yet:  hub profiles install air-station"))


@profiles.verb("show")
def show_profile(
    code: Annotated[str, typer.Argument(help="Code of the profile.")],
    library: Annotated[bool, typer.Option("--library", help="As it is shipped, not as the hub has it.")] = False,
    version: Annotated[int | None, typer.Option(min=1, help="An earlier version.")] = None,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Print a profile as JSON, as `PUT /api/v1/profiles/CODE` takes it.

    Example:  hub profiles show street-lamp --library > street-lamp.json
    """
    if library:
        items = call("GET", "/profile-library", url, token).json()["items"]
        found = next((each for each in items if each["code"] == code), None)
        if found is None:
            fail(f"there is no profile '{code}' in the library; it has: {', '.join(each['code'] for each in items)}")
    elif version is not None:
        found = call("GET", f"/profiles/{code}/versions/{version}", url, token).json()["body"]
    else:
        found = call("GET", f"/profiles/{code}", url, token).json()
    typer.echo(json.dumps(_body(found), ensure_ascii=False, indent=2))


@profiles.verb("put")
def put_profile(
    code: Annotated[str, typer.Argument(help="Code of the profile.")],
    file: Annotated[
        Path | None,
        typer.Option("--file", exists=True, dir_okay=False, help="As `show` prints it; left out: as the hub has it."),
    ] = None,
    lateness: Annotated[
        int | None,
        typer.Option(
            "--allowed-lateness",
            min=0,
            max=3600,
            help="Seconds that readings may come out of order and still be judged in the order of their times. Each "
            "alert of a value of these devices waits so long; storing does not, nor do events.",
        ),
    ] = None,
    payload: Annotated[
        str | None,
        typer.Option(
            "--payload",
            help="What decodes the bytes that a network or platform (ChirpStack, CTWing) carries for these devices: "
            "milesight, cayenne, dragino-lht65, ...",
        ),
    ] = None,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Create a profile, or change one that the hub has.

    Example:  hub profiles put soil-probe --allowed-lateness 120
    """
    if file is None and lateness is None and payload is None:
        fail("name a file, or what is to be changed; `hub profiles show` prints a profile")
    body = _of_file(file) if file is not None else _body(call("GET", f"/profiles/{code}", url, token).json())
    if lateness is not None:
        body["allowed_lateness_s"] = lateness
    if payload is not None:
        body["payload"] = payload
    answer = call("PUT", f"/profiles/{code}", url, token, json=body).json()
    out.print(f"{code}  version {answer['version']}")
    if waits := answer["allowed_lateness_s"]:
        out.print(f"Alerts of values of its {answer['devices']} devices come {waits} s later.")


def _of_file(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        fail(f"{file} is not JSON: {error}")
    return _body(found) if isinstance(found, dict) else fail(f"{file} is no profile")


def _body(found: dict[str, Any]) -> dict[str, Any]:
    """What describes the kind of device, of a profile as the hub or its library tells it."""
    return {name: value for name, value in found.items() if name not in _NOT_OF_IT}


@profiles.verb("registers")
def show_registers(
    code: Annotated[str, typer.Argument(help="Code of the profile.")],
    library: Annotated[bool, typer.Option("--library", help="As it is shipped, not as the hub has it.")] = False,
    slave: Annotated[int, typer.Option(min=1, max=247, help="The address on the line in the requests shown.")] = 1,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Show where a profile finds its values in a slave, and the requests that read them.

    Example:  hub profiles registers humidity-485 --library
    """
    if library:
        items = call("GET", "/profile-library", url, token).json()["items"]
        found = next((each for each in items if each["code"] == code), None)
    else:
        found = call("GET", f"/profiles/{code}", url, token).json()
    if not found or not found["polling"]:
        fail(f"profile '{code}' is not polled: it has no registers")
    tell_registers(found, slave)


@profiles.verb("install")
def install_profiles(
    codes: Annotated[list[str] | None, typer.Argument(help="Codes of the library.")] = None,
    every: Annotated[bool, typer.Option("--all", help="The whole library.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite profiles made or changed by hand too.")] = False,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Install profiles of the library; twice is once, and what was changed by hand is kept.

    Example:  hub profiles install air-station street-lamp
    """
    if bool(codes) == every:
        fail("name the profiles to install, or --all; `hub profiles list --library` shows them")
    given = {"codes": None if every else codes, "force": force}
    answer = call("POST", "/profiles:install", url, token, json=given).json()
    for each in answer["items"]:
        outcome = each["outcome"]
        out.print(Text.assemble((f"{outcome:10}", _OUTCOMES[outcome]), f"{each['code']}  version {each['version']}"))
    if any(each["outcome"] == "kept" for each in answer["items"]):
        out.print("Kept are profiles that were made or changed by hand; --force overwrites them.")


def _table(*last: str) -> Table:
    return Table(
        Column("code", no_wrap=True),
        Column("name", overflow="fold"),
        "metrics",
        "events",
        Column("commands", overflow="fold"),
        *last,
        box=SIMPLE_HEAD,
        pad_edge=False,
    )


def _cells(each: dict[str, Any]) -> tuple[str, ...]:
    names = " / ".join(name for name in (each["name"], each["name_en"]) if name)
    return each["code"], names, str(len(each["metrics"])), str(len(each["events"])), ", ".join(each["commands"])
