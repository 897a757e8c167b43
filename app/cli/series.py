"""`hub series`: what was expected of a series, and how unusual its readings were."""

import json
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Column, Table
from rich.text import Text

from app.cli.band_plot import ALARM, band_plot
from app.cli.client import DEFAULT_URL, TokenOption, UrlOption, call, err, fail, out
from app.cli.connection import Verbs
from app.cli.rule_body import JsonOption

series = Verbs("What was expected of series.")
PATIENCE_S = 120.0
SHOWN = 20
"""Of the most unusual readings."""


@series.callback()
def _group() -> None:
    """What was expected of series."""


@series.verb("expectation")
def expectation(
    device: Annotated[str, typer.Argument(help="The device's code.")],
    metric: Annotated[str, typer.Argument(help="One of its metrics.")],
    since: Annotated[str | None, typer.Option("--from", help="Begin; a day before the end, if left out.")] = None,
    until: Annotated[str | None, typer.Option("--to", help="End, exclusive; now, if left out.")] = None,
    step: Annotated[int | None, typer.Option(min=1, max=86_400, help="Seconds that one reading stands for.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw readings, band and scores to this file, as SVG.")] = None,
    as_json: JsonOption = False,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Tell what was usual of a series at each hour of a period, and which readings were not.

    By nothing but what came before each reading. Times are like 2026-11-01T08:00:00+08:00, and told
    in the zone of --from, or else of the device.

    Example:  hub series expectation river-7 level --from 2026-11-01T00:00:00+08:00 --plot level.svg
    """
    if plot:
        _writable(plot)
    asked = {name: value for name, value in (("from", since), ("to", until), ("step", step)) if value is not None}
    with err.status(f"Learning {device} {metric}"):
        path = f"/series/{device}/{metric}/expectation"
        found = call("GET", path, url, token, params=asked, timeout=PATIENCE_S).json()
    if plot:
        if not found["items"]:
            fail("there is nothing to draw: no reading of the period counts; choose another --from and --to")
        drawn = band_plot(f"{device} {metric}", found["unit"] or "", found["items"], _zone(since, found))
        try:
            plot.write_text(drawn, encoding="utf-8")
        except OSError as error:
            fail(f"{plot}: {error.strerror}")
        err.print(Text(f"Drawn to {plot}"), soft_wrap=True)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
        return
    _tell(found, _zone(since, found))


def _writable(plot: Path) -> None:
    """Ends the command where the plot cannot be written, before the hub works on it; an absent file is none after."""
    there = plot.exists()
    try:
        plot.open("ab").close()
    except OSError as error:
        fail(f"{plot}: {error.strerror}")
    if not there:
        plot.unlink()


def _zone(since: str | None, found: dict[str, Any]) -> tzinfo:
    """That of `--from` if it was given, else the device's."""
    try:
        given = datetime.fromisoformat(since.upper()).tzinfo if since else None
    except ValueError:  # the hub reads more ways to write a time
        given = None
    return given or ZoneInfo(found["zone"])


def _tell(found: dict[str, Any], zone: tzinfo) -> None:
    odd = [item for item in found["items"] if (item["score"] or 0) >= ALARM]
    first = _at(found["learned_from"], zone) if found["learned_from"] else "none"
    told = f"{sum(item['n'] for item in found['items']):,} readings, learned from {first}"
    out.print(Text(f"{len(odd)} unusual; {told}", "bold"), soft_wrap=True)
    if found["neighbours"] is not None:
        farthest = max((item["unshared"] or 0.0 for item in found["items"]), default=0.0)
        out.print(
            f"Beside {found['neighbours']} neighbours: at most {farthest:.3g} times as far as ever.", soft_wrap=True
        )
    if not odd:
        return
    right: Any = "right"
    names = ("value", "usual", "from", "to", "score")
    table = Table(
        Column("at", no_wrap=True), *(Column(name, justify=right) for name in names),
        box=SIMPLE_HEAD, pad_edge=False,
    )  # fmt: skip
    for item in sorted(odd, key=lambda item: -item["score"])[:SHOWN]:
        numbers = (item[name] for name in ("value", "expected", "low", "high"))
        cells = ("-" if number is None else f"{number:.6g}" for number in numbers)
        table.add_row(_at(item["ts"], zone), *cells, f"{item['score']:.4f}")
    out.print(table)


def _at(moment: str, zone: tzinfo) -> str:
    return datetime.fromisoformat(moment).astimezone(zone).isoformat(" ", "seconds")
