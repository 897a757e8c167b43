"""`hub areas`: named areas and grids (网格) that grants refer to."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from app.cli.client import DEFAULT_URL, TokenOption, UrlOption, call, fail, out, pages
from app.cli.connection import Verbs

areas = Verbs("Named areas and grids (网格): development zones, river basins, what follows no division.")
CodeArgument = Annotated[str, typer.Argument(help="The area's code.")]


@areas.verb("list")
def list_areas(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """List areas by code, with how many devices are in them.

    Example:  hub areas list
    """
    items = pages("/areas", url, token, {})
    for item in items:
        if as_json:
            typer.echo(json.dumps(item, ensure_ascii=False))
        else:
            _show(item)
    if not items and not as_json:
        out.print("There is no area yet:  hub areas put -h")


@areas.verb("put")
def put_area(
    code: CodeArgument,
    name: Annotated[str, typer.Option("--name", help="What it is called.")],
    grid: Annotated[bool, typer.Option("--grid", help="A grid (网格), which other areas may have as a cell.")] = False,
    divisions: Annotated[
        list[str] | None, typer.Option("--division", help="Code or first digits; several times.")
    ] = None,
    cells: Annotated[list[str] | None, typer.Option("--cell", help="Code of a grid; several times.")] = None,
    outline: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="GeoJSON: a polygon of one ring, or a feature that has it."),
    ] = None,
    since: Annotated[str | None, typer.Option("--from", help="Grants for it count from then on: RFC 3339.")] = None,
    until: Annotated[str | None, typer.Option("--until", help="Grants for it end then: RFC 3339, with a zone.")] = None,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Draw an area, or draw it anew: the union of its divisions, its cells and its outline (WGS 84).

    Example:  hub areas put hi-tech --name 未来科技城 --division 330110012 --outline hi-tech.geojson
    """
    body: dict[str, Any] = {"name": name, "kind": "grid" if grid else "area", "divisions": divisions or []}
    body |= {"cells": cells or [], "valid_from": since, "valid_to": until}
    if outline is not None:
        body["outline"] = _polygon(outline)
    _show(call("PUT", f"/areas/{code}", url, token, json=body).json())


@areas.verb("delete")
def delete_area(code: CodeArgument, url: UrlOption = DEFAULT_URL, token: TokenOption = None) -> None:
    """Delete an area for which nothing is granted.

    Example:  hub areas delete hi-tech
    """
    call("DELETE", f"/areas/{code}", url, token)
    out.print(f"{code} is deleted.")


def _polygon(file: Path) -> dict[str, Any]:
    """The polygon of a GeoJSON file: bare, of a feature, or of a collection of one feature."""
    try:
        found = json.loads(file.read_text(encoding="utf-8-sig"))
        if found["type"] == "FeatureCollection" and len(found["features"]) == 1:
            [found] = found["features"]
        shape = found["geometry"] if found["type"] == "Feature" else found
        kind, rings = shape["type"], [[point[:2] for point in ring] for ring in shape.get("coordinates", ())]
    except (ValueError, KeyError, TypeError, AttributeError):
        fail(f"{file} is no GeoJSON of a polygon")
    if kind != "Polygon":
        fail(f"{file} holds a {kind}: give one polygon, and several areas as cells of one")
    return {"type": kind, "coordinates": rings}


def _show(item: dict[str, Any]) -> None:
    made_of = [f"{len(item[name])} {name}" for name in ("divisions", "cells") if item[name]]
    made_of += ["an outline"] if item["outline"] else []
    until = [f"until {item['valid_to']}"] if item["valid_to"] else []
    head = f"{item['code']:20} {item['kind']:5} {item['devices']:>9,} devices  {item['name']}"
    out.print(head, soft_wrap=True)
    out.print(Text("    " + ", ".join([*made_of, *until]), "dim"), soft_wrap=True)
