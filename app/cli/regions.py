"""`hub regions`: load the divisions of the country, and look them up."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from app.cli.client import DEFAULT_URL, TokenOption, UrlOption, call, err, out
from app.cli.connection import Verbs
from devices.places.regions import sample

regions = Verbs("Load the divisions of the country (行政区划), and look them up.")
LOAD_S = 600.0
"""A file of all villages takes about a minute."""


@regions.verb("load")
def load_regions(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV with a header.")],
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Load divisions; what is there already is brought up to date, nothing is taken away, and twice is once.

    Columns: code (12 digits), name, and where wanted level, valid_from, valid_to, successors (codes with ; between).
    From then on a device's division must be one of them.

    Example:  hub regions sample > regions.csv && hub regions load regions.csv
    """
    with file.open("rb") as body:
        csv = {"content-type": "text/csv"}
        answer = call("POST", "/regions:import", url, token, content=body, headers=csv, timeout=LOAD_S).json()
    out.print("{created} created, {updated} changed, {unchanged} as before.".format(**answer))
    for warning in answer["warnings"]:
        err.print(Text(f"line {warning['line']}: {warning['problem']}", style="yellow"), soft_wrap=True)


@regions.verb("outlines")
def load_outlines(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="GeoJSON of polygons, WGS 84.")],
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Load outlines of divisions, so that alerts near a border are offered to the neighbour's desk too.

    A FeatureCollection; each feature has the property code (a division code) and a Polygon or MultiPolygon.

    Example:  hub regions outlines counties.geojson
    """
    with file.open("rb") as body:
        answer = call("POST", "/regions:outlines", url, token, content=body, timeout=LOAD_S).json()
    out.print("{divisions} outlines of {edges} edges are loaded.".format(**answer))


@regions.verb("sample")
def print_sample() -> None:
    """Print a small file of real divisions, to see the form and to try things: parts of Zhejiang, Anhui and Hunan.

    Example:  hub regions sample > regions.csv
    """
    typer.echo(sample(), nl=False)


@regions.verb("list")
def list_regions(
    prefix: Annotated[str | None, typer.Option(help="A subtree, by the first digits of its code.")] = None,
    level: Annotated[str | None, typer.Option(help="province, city, county, town or village.")] = None,
    q: Annotated[str | None, typer.Option("--name", help="Part of a name.")] = None,
    at: Annotated[str | None, typer.Option(help="As it was on that day, like 2020-01-01.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 100,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """List divisions.

    Example:  hub regions list --prefix 330110 --level town
    """
    given = {"prefix": prefix, "level": level, "q": q, "at": at, "limit": limit}
    wanted = {name: value for name, value in given.items() if value is not None}
    page = call("GET", "/regions", url, token, params=wanted).json()
    table = Table("code", "name", "level")
    for item in page["items"]:
        table.add_row(item["code"], item["name"], item["level"])
    out.print(table)
    if page["next"]:
        out.print("There are more: narrow the search, or give a larger --limit.")


@regions.verb("show")
def show_region(
    code: Annotated[str, typer.Argument(help="12 digits.")], url: UrlOption = DEFAULT_URL, token: TokenOption = None
) -> None:
    """One division, with all above it and what came after it.

    Example:  hub regions show 330110005000
    """
    found: dict[str, Any] = call("GET", f"/regions/{code}", url, token).json()
    path = " / ".join(item["name"] for item in [*found["ancestors"], found])
    out.print(Text(f"{found['code']}  {path}  ({found['level']})"), soft_wrap=True)
    out.print(f"valid from {found['valid_from']} to {found['valid_to'] or 'now'}; {found['devices']} devices")
    if found["successors"]:
        out.print(f"after it: {', '.join(found['successors'])}")
