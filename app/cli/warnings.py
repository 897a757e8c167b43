"""`hub warnings`: official warnings (预警), as sources bring them in."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from app.cli.client import DEFAULT_URL, TokenOption, UrlOption, call, out, pages
from app.cli.connection import Verbs

warnings = Verbs("Official warnings (预警): see those in force, and bring them in from a file.")
_STYLES = {"red": "bold red", "orange": "dark_orange", "yellow": "yellow", "blue": "blue"}


@warnings.verb("list")
def list_warnings(
    state: Annotated[str, typer.Option("--state", help="in_force, updated, cancelled, expired or all.")] = "in_force",
    region: Annotated[str | None, typer.Option(help="That concern this division: around it, or in it.")] = None,
    kind: Annotated[str | None, typer.Option(help="Only of this kind, such as rainstorm.")] = None,
    min_level: Annotated[str | None, typer.Option("--min-level", help="This level or higher.")] = None,
    status: Annotated[str, typer.Option(help="actual, exercise or test.")] = "actual",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """List warnings, the newest first: those in force, unless others are asked for.

    Example:  hub warnings list --region 3301
    """
    given = {"state": state, "region": region, "kind": kind, "min_level": min_level, "status": status}
    items = pages("/warnings", url, token, {name: value for name, value in given.items() if value is not None})
    for item in items:
        if as_json:
            typer.echo(json.dumps(item, ensure_ascii=False))
        else:
            _show(item)
    if not items and not as_json:
        out.print("There is none.")


@warnings.verb("show")
def show(
    id_: Annotated[str, typer.Argument(help="The warning's id, as `hub warnings list` shows it.")],
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Show a warning: what it says, who said it, and what became of it.

    Example:  hub warnings show 0199f3a2-6c1e-7b52-9d0e-3f4a5b6c7d8e
    """
    found = call("GET", f"/warnings/{id_}", url, token).json()
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
        return
    _show(found)
    for name in ("description", "instruction"):
        if found[name]:
            out.print(Text(found[name]), soft_wrap=True)
    for said in found["history"]:
        out.print(Text(f"  {said['received_at'][:16]} UTC  {said['source']}: {said['type']}, {said['level']}", "dim"))
    for name in ("earlier", "later"):
        for other in found[name]:
            out.print(Text(f"  {name}: {other['type']} {other['identifier']}, {other['state']}", "dim"), soft_wrap=True)


@warnings.verb("import")
def import_(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CAP or 12379 XML, or JSON of a list.")],
    format_: Annotated[
        str | None, typer.Option("--format", help="cap, 12379, nmc, qweather or wolfx; else as the file shows.")
    ] = None,
    source: Annotated[
        str | None, typer.Option("--source", help="Who says it; then a list is all that is in force there.")
    ] = None,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Bring a file of warnings in; twice is once.

    Example:  hub warnings import warning.xml
    """
    given = {"format": format_, "source": source}
    params = {name: value for name, value in given.items() if value is not None}
    kind = {"content-type": "application/octet-stream"}
    brought = call("POST", "/warnings", url, token, params=params, content=file.read_bytes(), headers=kind).json()
    ended = f", {len(brought['ended'])} ended" if brought["ended"] else ""
    out.print(f"{brought['format']}: {len(brought['stored'])} new, {brought['repeated']} as before{ended}")
    for fault in brought["refused"]:
        out.print(Text(f"  {fault['pointer']}: {fault['problem']}", "yellow"), soft_wrap=True)


def _show(found: dict[str, Any]) -> None:
    level = found["level"] or found["level_stated"] or "no level"
    head = Text.assemble((f"{level:7}", _STYLES.get(level, "")), f" {found['headline'] or found['event'] or '-'}")
    out.print(head, soft_wrap=True)
    until = f"until {found['ends_at'][:16]} UTC" if found["state"] == "in_force" else found["state"]
    where = found["area"] or ", ".join(found["divisions"][:3]) or "no area"
    told = f"        {found['kind_name']}; {where}; {until}; {', '.join(found['sources'])}; {found['id']}"
    out.print(Text(told, "dim"), soft_wrap=True)
    if found["contradicted_by"]:
        denied = (
            f"        contradicted by {', '.join(found['contradicted_by'])}, whose word counts less: it is in force"
        )
        out.print(Text(denied, "yellow"), soft_wrap=True)
