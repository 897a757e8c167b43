"""`hub indicators`: of cases as a city reads them, and how alerts load those who answer them."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.table import Table
from rich.text import Text

from app.cli.alert_timeline import save
from app.cli.client import DEFAULT_URL, TokenOption, UrlOption, call, err, out
from app.cli.connection import Verbs
from app.cli.diagnose import LangOption, language
from app.cli.figures import figures
from app.cli.json_text import json_of
from hub.words.figure import percentage

indicators = Verbs("Figures over a period, each with what it was counted from.")
FirstOption = Annotated[str | None, typer.Option("--from", help="A day, as 2026-11-01; the first of this month.")]
LastOption = Annotated[str | None, typer.Option("--to", help="The last day, included; today.")]
FromOption = Annotated[
    str | None, typer.Option("--from", help="With a zone, as 2026-11-01T00:00:00+08:00; 30 days before --to.")
]
ToOption = Annotated[str | None, typer.Option("--to", help="Exclusive; now.")]
RegionOption = Annotated[str | None, typer.Option(help="Only in this division: the first digits of its code.")]
AreaOption = Annotated[str | None, typer.Option(help="Only in this named area or grid.")]
OrganisationOption = Annotated[str | None, typer.Option(help="Only of this organisation.")]
CategoryOption = Annotated[str | None, typer.Option(help="Only of this category.")]
_SHARES = ("flooded", "level_red", "level_orange", "level_low", "top_ten", "chattering", "untaken", "false_alarms")


@indicators.verb("alerts")
def alert_indicators(
    start: FromOption = None,
    end: ToOption = None,
    region: RegionOption = None,
    area: AreaOption = None,
    organisation: OrganisationOption = None,
    category: CategoryOption = None,
    event_kind: Annotated[str | None, typer.Option("--kind", help="Only of this kind of event.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
    lang: LangOption = None,
) -> None:
    """How alerts load those who answer them: an operator and hour, storms, priorities, sources, false alarms.

    Example:  hub indicators alerts --from 2026-11-01T00:00:00+08:00 --region 330106
    """
    given = {
        "from": start,
        "to": end,
        "region": region,
        "area": area,
        "organisation": organisation,
        "category": category,
        "event_kind": event_kind,
        "lang": language(lang),
    }
    found = figures("/indicators/alerts", given, None, as_json, url, token)
    if found is None:
        return
    table = Table(box=None, pad_edge=False, show_header=False)
    for measure in found["measures"]:
        of = "" if measure["denominator"] is None else f"{measure['numerator']:g} / {measure['denominator']:g}"
        table.add_row(measure["name"], Text(_value(measure), "bold"), of, Text(measure["formula"], "dim"))
    out.print(f"{found['from_at']} to {found['to_at']}: {found['alerts']} alerts")
    out.print(table)
    for source in found["top"]:
        out.print(Text(f"  {source['alerts']:6}  {source['rule'] or '-'}  {source['target']}"), soft_wrap=True)


@indicators.verb("cases")
def case_indicators(
    first: FirstOption = None,
    last: LastOption = None,
    definitions: Annotated[str, typer.Option("--set", help="Whose definitions: `hub indicators sets`.")] = "standard",
    by: Annotated[
        str, typer.Option(help="Groups: region, area, organisation, responsible, category, level or month.")
    ] = "none",
    region: RegionOption = None,
    area: AreaOption = None,
    organisation: OrganisationOption = None,
    responsible: Annotated[str | None, typer.Option(help="Only those that this organisation handles.")] = None,
    kind: Annotated[str | None, typer.Option(help="Only of parts or of events: part or event.")] = None,
    category: Annotated[str | None, typer.Option(help="Only of categories whose codes begin so.")] = None,
    csv: Annotated[Path | None, typer.Option("--csv", help="Write all of it as CSV into this file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, with the addresses of the lists.")] = False,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
    lang: LangOption = None,
) -> None:
    """Counts and shares of cases over a period, each with what it was counted from.

    Example:  hub indicators cases --from 2026-11-01 --to 2026-11-30 --by region --set district
    """
    given = {
        "from": first,
        "to": last,
        "set": definitions,
        "by": by,
        "region": region,
        "area": area,
        "organisation": organisation,
        "responsible": responsible,
        "category_kind": kind,
        "category": category,
        "lang": language(lang),
    }
    found = figures("/indicators/cases", given, csv, as_json, url, token)
    if found is None:
        return
    out.print(f"{found['first']} to {found['last']}, {found['set_name']}")
    table = Table(box=None, pad_edge=False, show_header=False)
    for count in found["counts"].values():
        table.add_row(count["name"], Text(str(count["cases"]), "bold"))
    out.print(table)
    for group in (found, *found["groups"]):
        if group is not found:
            out.print(Text(group["key"] or "-", "bold"))
        table = Table(box=None, pad_edge=False, show_header=False)
        for share in group["indicators"]:
            of = "" if share["denominator"] is None else f"{share['numerator']} / {share['denominator']}"
            table.add_row(share["name"], Text(_share(share), "bold"), of, Text(share["formula"], "dim"))
        out.print(table)


@indicators.verb("report")
def monthly_report(
    file: Annotated[Path, typer.Option("--out", dir_okay=False, help="Write it into this file.")],
    month: Annotated[str | None, typer.Option(help="As 2026-10; the last whole month.")] = None,
    first: Annotated[str | None, typer.Option("--from", help="Instead of a month: a day, as 2026-11-01.")] = None,
    last: Annotated[str | None, typer.Option("--to", help="With --from: the last day, included.")] = None,
    region: RegionOption = None,
    area: AreaOption = None,
    organisation: OrganisationOption = None,
    definitions: Annotated[str, typer.Option("--set", help="Whose definitions: `hub indicators sets`.")] = "standard",
    reader: Annotated[str | None, typer.Option("--for", help="For whom it is, at its head; you.")] = None,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
    lang: LangOption = None,
) -> None:
    """The report of a month as PDF: indicators, trend, groups, stages, overdue cases and alerts, with charts.

    Example:  hub indicators report --month 2026-10 --region 330106 --for 西湖区城市管理局 --out report.pdf --lang zh
    """
    given = {
        "month": month,
        "from": first,
        "to": last,
        "region": region,
        "area": area,
        "organisation": organisation,
        "set": definitions,
        "for": reader,
        "lang": language(lang),
    }
    params = {name: value for name, value in given.items() if value is not None}
    begin, end = _days(month, first, last)
    with err.status(f"counting and drawing {begin} to {end} …"):
        save("/indicators/report.pdf", file, params, url, token)
    limits = "".join(f" --{name} {given[name]}" for name in ("region", "area", "organisation") if given[name])
    more = f"The same figures:  hub indicators cases --from {begin} --to {end} --set {definitions}{limits}"
    out.print(Text(more, style="dim"), soft_wrap=True)


@indicators.verb("sets")
def list_sets(url: UrlOption = DEFAULT_URL, token: TokenOption = None) -> None:
    """List sets of definitions of indicators, one JSON object a line.

    Example:  hub indicators sets
    """
    for each in call("GET", "/indicators/sets", url, token).json()["items"]:
        typer.echo(json.dumps(each, ensure_ascii=False))


@indicators.verb("define")
def put_set(
    code: Annotated[str, typer.Argument(help="Code of the set.")],
    file: Annotated[typer.FileText, typer.Argument(encoding="utf-8", help="JSON, as `sets` tells it, or -.")],
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Define indicators: numerator and denominator are counts with + and - between them.

    Example:  hub indicators define ours ours.json

    ours.json:  {"name": "Ours", "indicators": [{"code": "closing_rate", "zh": "结案率", "en": "closing rate",
    "numerator": "due - overdue_open", "denominator": "due"}]}
    """
    body = json_of(file.read(), file.name)
    if isinstance(body, dict):
        body.pop("code", None)
    answer = call("PUT", f"/indicators/sets/{code}", url, token, json=body)
    out.print(Text(f"{code} is {'made' if answer.status_code == 201 else 'as given'}."), soft_wrap=True)


@indicators.verb("forget")
def delete_set(
    code: Annotated[str, typer.Argument(help="Code of the set.")],
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Delete a set of definitions.

    Example:  hub indicators forget ours
    """
    call("DELETE", f"/indicators/sets/{code}", url, token)
    out.print(Text(f"{code} is deleted."), soft_wrap=True)


def _days(month: str | None, first: str | None, last: str | None) -> tuple[str, str]:
    """The days that are asked for, as they are told."""
    if first is not None and last is not None:
        return first, last
    today = datetime.now(UTC).astimezone(ZoneInfo("Asia/Shanghai")).date()
    wanted = month or f"{today.replace(day=1) - timedelta(days=1):%Y-%m}"
    try:
        begin = date.fromisoformat(f"{wanted}-01")
        end = (begin + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    except (ValueError, OverflowError):  # the hub says what is wrong with it
        return wanted, wanted
    return str(begin), str(end)


def _share(share: dict[str, Any]) -> str:
    if share["value"] is None:
        return "-"
    if share["denominator"] is None:
        return str(share["numerator"])
    return percentage(share["numerator"], share["denominator"])


def _value(measure: dict[str, Any]) -> str:
    value = measure["value"]
    if value is None:
        return "-"
    if measure["key"] in _SHARES:
        return percentage(measure["numerator"], measure["denominator"])
    return f"{value:.4g}"
