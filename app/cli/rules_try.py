"""`hub rules try`: the alerts that a rule would have raised."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from app.cli.client import DEFAULT_URL, TokenOption, UrlOption, call, err, fail, out
from app.cli.day_bars import day_bars
from app.cli.rule_body import LEVELS, CodeArgument, JsonOption, body_of

PATIENCE_S = 120.0
_STYLES = {"blue": "blue", "yellow": "yellow", "orange": "dark_orange", "red": "red"}
_WIDTH = 40


def try_rule(
    code: CodeArgument,
    days: Annotated[int, typer.Option(min=1, max=366, help="How far to look back.")] = 30,
    file: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Try this rule, as `hub rules show` prints it.")
    ] = None,
    blue: Annotated[float | None, typer.Option(help="Another threshold of this level.")] = None,
    yellow: Annotated[float | None, typer.Option(help="Another threshold of this level.")] = None,
    orange: Annotated[float | None, typer.Option(help="Another threshold of this level.")] = None,
    red: Annotated[float | None, typer.Option(help="Another threshold of this level.")] = None,
    hysteresis: Annotated[float | None, typer.Option(min=0, help="How far back before the alert ends.")] = None,
    hold_s: Annotated[float | None, typer.Option("--hold-s", min=0, max=86400, help="Seconds it must last.")] = None,
    clear_s: Annotated[float | None, typer.Option("--clear-s", min=0, max=86400, help="Seconds to be back.")] = None,
    zone: Annotated[str, typer.Option(help="Time zone of days and nights.")] = "Asia/Shanghai",
    plot: Annotated[Path | None, typer.Option(help="Draw the alerts of each day to this file, as SVG.")] = None,
    as_json: JsonOption = False,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Tell which alerts a rule would have raised in the past, and how many of them at night. Nothing is stored or sent.

    Try another threshold before you store it.

    Example:  hub rules try water-depth --days 30 --red 40 --plot water-depth.svg
    """
    body = _read(file) if file else body_of(call("GET", f"/rules/{code}", url, token).json())
    given = {name: value for name, value in zip(LEVELS, (blue, yellow, orange, red), strict=True) if value is not None}
    if given:
        if not body.get("thresholds"):
            fail(f"'{code}' looks at a kind of event and has no thresholds")
        body["thresholds"] = {**body["thresholds"], **given}
    times = {"hysteresis": hysteresis, "hold_s": hold_s, "clear_s": clear_s}
    body |= {name: value for name, value in times.items() if value is not None}
    asked = {"days": days, "zone": zone}
    with err.status(f"Trying {code} on {days} days"):
        found = call("POST", "/rules:try", url, token, json=body, params=asked, timeout=PATIENCE_S).json()
    if plot:
        plot.write_text(day_bars(f"{body['name']} ({code})", _sentence(found, days), found["days"]), encoding="utf-8")
        err.print(Text(f"Drawn to {plot}"), soft_wrap=True)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
        return
    _tell(found, days)


def _read(file: Path) -> dict[str, Any]:
    try:
        body = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        fail(f"{file} is no JSON: {error}")
    if not isinstance(body, dict) or "name" not in body:
        fail(f"{file} holds no rule: write it as `hub rules show CODE` prints one")
    return body


def _sentence(found: dict[str, Any], days: int) -> str:
    alerts = "no alert" if not found["alerts"] else f"{found['alerts']} alert{'s' * (found['alerts'] != 1)}"
    night = f", {found['night']} of them at night (22:00 to 06:00)" if found["alerts"] else ""
    return f"In the last {days} days this rule would have raised {alerts}{night}."


def _tell(found: dict[str, Any], days: int) -> None:
    out.print(Text(_sentence(found, days), "bold"), soft_wrap=True)
    levels = ", ".join(f"{found['by_level'][name]} {name}" for name in LEVELS if found["by_level"][name])
    looked = (
        f"{found['looked_at']:,} readings or events of {found['things']:,} series or devices, {found['took_s']:g} s"
    )
    out.print(Text("; ".join(filter(None, (levels, looked))), "dim"), soft_wrap=True)
    if not found["complete"]:
        out.print(Text("It was too much to look at all: this is a part. Try fewer --days.", "yellow"), soft_wrap=True)
    for unlike in found["unlike"]:
        out.print(Text(f"Mind: {unlike}.", "yellow"), soft_wrap=True)
    most = max((day["alerts"] for day in found["days"]), default=0)
    for day in found["days"] if most else ():
        bar = Text(f"{day['day']}  ")
        for name in LEVELS:
            bar.append("█" * round(day["by_level"][name] / most * _WIDTH), _STYLES[name])
        out.print(bar.append(f" {day['alerts']}" + (f" ({day['night']} at night)" if day["night"] else "")))
    if found["devices"]:
        told = ", ".join(f"{each['device']} {each['alerts']}" for each in found["devices"])
        out.print(Text(f"Most of them from: {told}"), soft_wrap=True)
