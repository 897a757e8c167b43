"""`hub profiles`: the profiles of a running hub, and the library that it is shipped with."""

import json
from typing import Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Column, Table
from rich.text import Text

from app.cli.client import DEFAULT_URL, TokenOption, UrlOption, call, fail, out, pages
from app.cli.connection import Verbs

profiles = Verbs("What kinds of device there are; a library of them is shipped.")
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
    extra = ("code", "version", "installed", "devices", "sources", "state")
    typer.echo(
        json.dumps({name: value for name, value in found.items() if name not in extra}, ensure_ascii=False, indent=2)
    )


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
