"""`hub handovers`: shifts are handed over to the next, and their logs saved."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from app.cli.alert_timeline import save
from app.cli.client import DEFAULT_URL, TokenOption, UrlOption, call, fail, out
from app.cli.connection import Verbs
from app.cli.diagnose import LangOption, language
from hub.words import Lang, text

handovers = Verbs("Shifts that are handed over to the next (交接班): what was open, who made it, who took it over.")
IdArgument = Annotated[str, typer.Argument(help="The handover's id.")]
NoteOption = Annotated[str | None, typer.Option(help="What whoever comes must know.")]


@handovers.verb("list")
def list_handovers(
    rota: Annotated[str | None, typer.Option(help="Only of this rota.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """List handovers, the newest first.

    Example:  hub handovers list --rota city-desk
    """
    params = {"limit": limit} | ({} if rota is None else {"rota": rota})
    items = call("GET", "/handovers", url, token, params=params).json()["items"]
    if as_json:
        for item in items:
            typer.echo(json.dumps(item, ensure_ascii=False))
        return
    table = Table("made", "rota", "state", "by", "taken by", "late", "id")
    for item in items:
        late = f"{item['late_s'] / 60:.0f} min"
        made = f"{item['made_at'][:16].replace('T', ' ')}Z"
        names = (item["made_by"] or "-", item["taken_by"] or "-")
        table.add_row(made, item["rota"], item["state"], *map(Text, names), late, item["id"])
    out.print(table if items else "There is no handover yet:  hub handovers make -h")


@handovers.verb("make")
def make(
    rota: Annotated[str, typer.Argument(help="Code of the rota.")],
    note: NoteOption = None,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
    lang: LangOption = None,
) -> None:
    """Hand your shift over: a snapshot of all that is open, until somebody of the next shift takes over.

    Example:  hub handovers make city-desk --note "pump 3 is watched by hand"
    """
    spoken = language(lang)
    made = call("POST", f"/rotas/{rota}/handovers", url, token, params={"lang": spoken}, json={"note": note})
    _tell(made.json(), spoken)


@handovers.verb("show")
def show(
    handover: IdArgument,
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
    lang: LangOption = None,
) -> None:
    """One handover with all that was open.

    Example:  hub handovers show 0199f3a2-6c1e-7b52-9d0e-3f4a5b6c7d8e
    """
    spoken = language(lang)
    found = page = call("GET", f"/handovers/{handover}", url, token).json()
    while page["more"]:
        page = call("GET", f"/handovers/{handover}", url, token, params={"after": page["items"][-1]["n"]}).json()
        found["items"] += page["items"]
    found["more"] = 0
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
    else:
        _tell(found, spoken)


@handovers.verb("take")
def take(
    handover: IdArgument,
    note: NoteOption = None,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
    lang: LangOption = None,
) -> None:
    """Take a shift over: confirms what was handed over; by another person than who made it.

    Example:  hub handovers take 0199f3a2-6c1e-7b52-9d0e-3f4a5b6c7d8e
    """
    spoken = language(lang)
    taken = call("POST", f"/handovers/{handover}:take", url, token, params={"lang": spoken}, json={"note": note})
    _tell(taken.json(), spoken)


@handovers.verb("log")
def log(
    handover: IdArgument,
    file: Annotated[Path, typer.Argument(help="Where to: a name that ends in .csv or .pdf.")],
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
    lang: LangOption = None,
) -> None:
    """Save the log of the shift that was handed over, as CSV or as a document.

    Example:  hub handovers log 0199f3a2-6c1e-7b52-9d0e-3f4a5b6c7d8e shift.pdf
    """
    if file.suffix not in (".csv", ".pdf"):
        fail(f"{file} is neither: name a file that ends in .csv or .pdf")
    save(f"/handovers/{handover}/log{file.suffix}", file, {"lang": language(lang)}, url, token)


def _tell(found: dict[str, Any], lang: Lang) -> None:
    out.print(Text(text("handover.title", lang, rota=found["rota_name"]), "bold"), soft_wrap=True)
    late = text("handover.late_minutes", lang, minutes=f"{found['late_s'] / 60:.0f}")
    names = ("made_by", "made_at", "note", "state", "taken_by", "taken_at", "taken_note", "leader", "change_at", "id")
    for name in names:
        if found[name] is not None:
            out.print(Text(f"  {name:11} {found[name]}"), soft_wrap=True)
    out.print(Text(f"  {'late':11} {late}"))
    for each in found["items"]:
        facts = each["facts"]
        what = facts.get("title") or facts.get("name") or facts.get("reason") or facts.get("code")
        kind = text(f"handover.kind.{each['kind']}", lang)
        why = f"  {text('event.kind.' + facts['guard'], lang)}" if each["kind"] == "guard" else ""
        out.print(Text(f"  {kind}  {what}{why}"), soft_wrap=True)
