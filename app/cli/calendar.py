"""`hub calendar`: workdays as data per year (工作日历)."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from app.cli.client import DEFAULT_URL, TokenOption, UrlOption, call, out, pages
from app.cli.connection import Verbs

calendar = Verbs("Workdays per year (工作日历): public holidays, and the workdays that make up for them.")
AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]


@calendar.verb("import")
def import_calendar(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV with a header: date,workday,name.")],
    year: Annotated[int, typer.Option(min=1970, max=2199, help="The year that it is of.")],
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Import the calendar of a year; it replaces the former one. Days that it does not name go by the week.

    A line: 2026-10-10,true,国庆节调休

    Example:  hub calendar import 2027.csv --year 2027
    """
    csv = {"content-type": "text/csv"}
    _tell(call("PUT", f"/calendars/{year}", url, token, content=file.read_bytes(), headers=csv).json())


@calendar.verb("show")
def show_calendar(
    year: Annotated[int, typer.Argument(min=1970, max=2199)],
    as_json: AsJson = False,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """The days of a year that differ from the week.

    Example:  hub calendar show 2026
    """
    found = call("GET", f"/calendars/{year}", url, token).json()
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
        return
    for day in found["days"]:
        work = Text("workday", "green") if day["workday"] else Text("holiday", "yellow")
        out.print(Text.assemble(f"{day['date']}  ", work, f"  {day['name']}"), soft_wrap=True)
    _tell(found)


@calendar.verb("list")
def list_calendars(url: UrlOption = DEFAULT_URL, token: TokenOption = None) -> None:
    """The years whose calendar is there.

    Example:  hub calendar list
    """
    found = pages("/calendars", url, token, {})
    for year in found:
        _tell(year)
    if not found:
        out.print("There is none.  hub calendar import -h")


def _tell(year: dict[str, Any]) -> None:
    out.print(f"{year['year']}: {year['workdays']} workdays; {year['named']} days are named.")
