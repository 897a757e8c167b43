"""`hub indicators`: how alerts load those who answer them."""

import json
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from app.cli.client import DEFAULT_URL, TokenOption, UrlOption, call, out
from app.cli.connection import Verbs
from app.cli.diagnose import LangOption, language

indicators = Verbs("Figures over a period, each with what it was counted from.")
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
    params = {name: value for name, value in given.items() if value is not None}
    found = call("GET", "/indicators/alerts", url, token, params=params).json()
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
        return
    table = Table(box=None, pad_edge=False, show_header=False)
    for measure in found["measures"]:
        of = "" if measure["denominator"] is None else f"{measure['numerator']:g} / {measure['denominator']:g}"
        table.add_row(measure["name"], Text(_value(measure), "bold"), of, Text(measure["formula"], "dim"))
    out.print(f"{found['from_at']} to {found['to_at']}: {found['alerts']} alerts")
    out.print(table)
    for source in found["top"]:
        out.print(Text(f"  {source['alerts']:6}  {source['rule'] or '-'}  {source['target']}"), soft_wrap=True)


def _value(measure: dict[str, Any]) -> str:
    value = measure["value"]
    if value is None:
        return "-"
    return f"{value:.2%}" if measure["key"] in _SHARES else f"{value:.4g}"
