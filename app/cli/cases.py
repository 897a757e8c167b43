"""`hub cases`: what somebody has to see to, from its report to its close (案件)."""

import json
from base64 import b64encode
from hashlib import sha256
from mimetypes import guess_type
from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import UUID, uuid4, uuid5

import typer
from rich.text import Text

from app.cli.case_tables import import_lines
from app.cli.client import DEFAULT_URL, TokenOption, UrlOption, call, fail, out, pages
from app.cli.connection import Verbs

cases = Verbs("Cases (案件): what somebody has to see to, from its report to its close.")
CaseArgument = Annotated[str, typer.Argument(help="Number of the case, or its id.")]
FileArgument = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The file.")]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON, one object a line.")]
Note = Annotated[str | None, typer.Option(help="A remark; why, of a step that needs a reason.")]
Responsible = Annotated[str | None, typer.Option(help="Of dispatched: the organisation that handles it (主办).")]
Assisting = Annotated[list[str] | None, typer.Option(help="Of dispatched: one that helps (协办); repeatable.")]
Until = Annotated[str | None, typer.Option(help="A time with its zone, such as 2026-12-01T09:00:00+08:00.")]
Level = Annotated[str | None, typer.Option(help="blue, yellow, orange or red.")]
TableKind = Annotated[Literal["categories", "deadlines"], typer.Argument(help="Which table.")]
_TOLD = ("level", "category", "region", "organisation", "responsible", "stage_due_at", "due_at", "asked", "outcome")
_LIMITS = ("region", "area", "organisation", "category", "event_kind")
_STATES = {True: "red", False: "green"}


@cases.verb("list")
def list_cases(
    open_: Annotated[bool, typer.Option("--open", help="Only those that have not ended.")] = False,
    overdue: Annotated[bool, typer.Option("--overdue", help="Only open ones past a deadline.")] = False,
    stage: Annotated[list[str] | None, typer.Option(help="Such as reported or handling; repeatable.")] = None,
    region: Annotated[str | None, typer.Option(help="The first digits of a division code.")] = None,
    responsible: Annotated[str | None, typer.Option(help="The organisation that handles it.")] = None,
    category: Annotated[str | None, typer.Option(help="A category, with those below it.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="So many, the newest.")] = 50,
    as_json: AsJson = False,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """List cases, the newest first.

    Example:  hub cases list --open --overdue --region 330106
    """
    given = {
        "open": open_, "overdue": overdue, "stage": stage, "region": region, "responsible": responsible,
        "category": category, "limit": limit,
    }  # fmt: skip
    params = {name: value for name, value in given.items() if value is not None}
    found = call("GET", "/cases", url, token, params=params).json()
    for case in found["items"]:
        typer.echo(json.dumps(case, ensure_ascii=False)) if as_json else _line(case)
    if as_json:
        return
    if not found["items"]:
        out.print("There is none.  hub cases report -h")
    elif found["next"] is not None:
        out.print(f"There are more than {limit}: --limit, or a filter (hub cases list -h)", style="dim")


@cases.verb("show")
def show(case: CaseArgument, as_json: AsJson = False, url: UrlOption = DEFAULT_URL, token: TokenOption = None) -> None:
    """One case: where it stands, its clocks, its timeline, and the steps that you may take.

    Example:  hub cases show 20261130-000001
    """
    found = call("GET", f"/cases/{_id(case, url, token)}", url, token).json()
    typer.echo(json.dumps(found, ensure_ascii=False)) if as_json else _tell(found)


@cases.verb("report")
def report(
    title: Annotated[str | None, typer.Argument(help="What it is; of an alert its title, if it is left out.")] = None,
    region: Annotated[str | None, typer.Option(help="Division code of 12 digits.")] = None,
    alert: Annotated[UUID | None, typer.Option(help="The alert that it is of.")] = None,
    kind: Annotated[str | None, typer.Option(help="part (部件) or event (事件).")] = None,
    category: Annotated[str | None, typer.Option(help="Code of its category.")] = None,
    component: Annotated[str | None, typer.Option(help="Code of the component, 16 digits.")] = None,
    level: Level = None,
    organisation: Annotated[str | None, typer.Option(help="Whose matter it is.")] = None,
    note: Note = None,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Report a case (上报), of an alert or as somebody told it.

    Example:  hub cases report "暴露垃圾" --region 330106001002 --kind event --category 0101

    Example:  hub cases report --alert 6b1d1f6e-8d5c-4c77-9a37-7a0f3c2f6a01
    """
    given = {
        "id": str(uuid4()), "title": title, "region": region, "alert": None if alert is None else str(alert),
        "category_kind": kind, "category": category, "component": component, "level": level,
        "organisation": organisation, "note": note,
    }  # fmt: skip
    _line(call("POST", "/cases", url, token, json={name: value for name, value in given.items() if value}).json())


@cases.verb("step")
def step(
    case: CaseArgument,
    to: Annotated[str, typer.Argument(help="Such as accepted, filed, dispatched, taken, handled, passed, closed.")],
    note: Note = None,
    responsible: Responsible = None,
    assisting: Assisting = None,
    into: Annotated[str | None, typer.Option(help="Of merged: the case in which it goes on.")] = None,
    hours: Annotated[float | None, typer.Option(help="Of extension_asked.")] = None,
    until: Until = None,
    kind: Annotated[str | None, typer.Option(help="Of classified: part (部件) or event (事件).")] = None,
    category: Annotated[str | None, typer.Option(help="Of classified: code of its category.")] = None,
    level: Level = None,
    file: Annotated[
        list[Path] | None,
        typer.Option(exists=True, dir_okay=False, help="A picture or paper that belongs to the step; repeatable."),
    ] = None,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Take a step of a case. `hub cases show` names those that are possible.

    Example:  hub cases step 20261130-000001 accepted

    Example:  hub cases step 20261130-000001 dispatched --responsible sanitation --assisting parks

    Example:  hub cases step 20261130-000001 handled --file after.jpg

    Example:  hub cases step 20261130-000001 classified --kind event --category 0101 --level orange

    Example:  hub cases step 20261130-000001 extension_asked --hours 8 --note "the part has to be ordered"
    """
    given = {
        "note": note, "responsible": responsible, "assisting": assisting, "hours": hours, "until": until,
        "into": None if into is None else _id(into, url, token), "category_kind": kind, "category": category,
        "level": level, "files": [_inside(each) for each in file] if file else None,
    }  # fmt: skip
    _take("steps", case, to, given, url, token)


@cases.verb("attach")
def attach(case: CaseArgument, file: FileArgument, url: UrlOption = DEFAULT_URL, token: TokenOption = None) -> None:
    """Add a picture or paper: JPEG, PNG, PDF or text. What a camera wrote beside the picture is left out.

    Run again with the same file it changes nothing.

    Example:  hub cases attach 20261130-000001 before.jpg
    """
    case_id, content = _id(case, url, token), file.read_bytes()
    # Of the case and the bytes: after a lost answer it can be run again, and they are stored once.
    params = {"name": file.name, "id": str(uuid5(UUID(case_id), sha256(content).hexdigest()))}
    kind = {"content-type": _media_type(file)}
    found = call("POST", f"/cases/{case_id}/attachments", url, token, params=params, content=content, headers=kind)
    out.print(f"The case has {len(found.json()['attachments'])} attachments.")


@cases.verb("files")
def list_files(
    case: CaseArgument, as_json: AsJson = False, url: UrlOption = DEFAULT_URL, token: TokenOption = None
) -> None:
    """The pictures and papers of a case, with those of its alert.

    Example:  hub cases files 20261130-000001
    """
    found = call("GET", f"/cases/{_id(case, url, token)}", url, token).json()["attachments"]
    for each in found:
        told = f"{each['id']}  step {each['seq']}  {each['name']} ({each['media_type']}, {each['size']} bytes)"
        told += f", of {each['of_case']}" if each["of_case"] else ""
        typer.echo(json.dumps(each, ensure_ascii=False)) if as_json else out.print(Text(told), soft_wrap=True)
    if not found and not as_json:
        out.print("There is none.  hub cases attach -h")


@cases.verb("file")
def get_file(
    case: CaseArgument,
    attachment: Annotated[str, typer.Argument(help="Its id, from hub cases files.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Where to write it.")],
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Read a picture or paper of a case; the audit notes it.

    Example:  hub cases file 20261130-000001 0c6f0e3a-7a4b-4f5e-9d3b-2f4f0c7c9b11 --output after.jpg
    """
    got = call("GET", f"/cases/{_id(case, url, token)}/attachments/{attachment}", url, token)
    output.write_bytes(got.content)
    out.print(Text(f"{output}: {len(got.content)} bytes."))


@cases.verb("decide")
def decide(
    case: CaseArgument,
    to: Annotated[str, typer.Argument(help="Such as extension_granted, suspension_refused, supervised, dispatched.")],
    note: Note = None,
    level: Level = None,
    until: Until = None,
    responsible: Responsible = None,
    assisting: Assisting = None,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Decide as a superior: grant or refuse, supervise (督办), or dispatch what is in coordination (协调).

    Example:  hub cases decide 20261130-000001 extension_granted

    Example:  hub cases decide 20261130-000001 supervised --level red --until 2026-12-01T09:00:00+08:00 --note "at once"
    """
    given = {"note": note, "level": level, "until": until, "responsible": responsible, "assisting": assisting}
    _take("decisions", case, to, given, url, token)


@cases.verb("tables")
def tables(as_json: AsJson = False, url: UrlOption = DEFAULT_URL, token: TokenOption = None) -> None:
    """The versions of the tables of categories and of deadlines; the newest of each is in force.

    Example:  hub cases tables
    """
    found = call("GET", "/case-tables", url, token).json()
    for each in found:
        if as_json:
            typer.echo(json.dumps(each, ensure_ascii=False))
        else:
            out.print(Text(f"{each['kind']:11} {each['version']:>3}  {each['rows']:>5} rows  {each['name']}"))
    if not found and not as_json:
        out.print("There is none: no case has a category or a deadline.  hub cases import -h")


@cases.verb("example")
def example(kind: TableKind, url: UrlOption = DEFAULT_URL, token: TokenOption = None) -> None:
    """A small example of a table's file, to begin with: no city's own.

    Example:  hub cases example deadlines > deadlines.csv
    """
    typer.echo(call("GET", f"/case-tables/{kind}:example", url, token).text, nl=False)


@cases.verb("import")
def import_table(
    kind: TableKind,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV; hub cases example shows one.")],
    name: Annotated[str, typer.Option(help="What the table is called, such as the city and the year.")],
    hours: Annotated[str | None, typer.Option(help="Of deadlines: working hours, as 08:30-12:00,13:30-17:30.")] = None,
    zone: Annotated[str | None, typer.Option(help="Of deadlines: time zone of the working hours.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would change.")] = False,
    in_force: Annotated[
        int | None, typer.Option(help="Only if this version is in force, as the dry run told; 0 for none.")
    ] = None,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Import the next version of a table; its columns are those of `hub cases example`.

    Working hours and zone that are left out stay those in force.

    Example:  hub cases import categories categories.csv --name "Hangzhou 2026" --dry-run

    Example:  hub cases import categories categories.csv --name "Hangzhou 2026" --in-force 3

    Example:  hub cases import deadlines deadlines.csv --name "Hangzhou 2026" --hours 09:00-12:00,13:00-18:00
    """
    given = {"hours": hours, "zone": zone, "in_force": in_force}
    if kind == "categories" and (wrong := next((each for each in ("hours", "zone") if given[each] is not None), None)):
        fail(f"--{wrong} is of deadlines: leave it out for categories")
    told = {each: value for each, value in given.items() if value is not None}
    params = {"name": name, "dry_run": dry_run, **told}
    csv = {"content-type": "text/csv"}
    made = call("POST", f"/case-tables/{kind}", url, token, params=params, content=file.read_bytes(), headers=csv)
    for line in import_lines(made.json()):
        out.print(Text(line), soft_wrap=True)


@cases.verb("rules")
def rules(as_json: AsJson = False, url: UrlOption = DEFAULT_URL, token: TokenOption = None) -> None:
    """Which alerts become cases by themselves.

    Example:  hub cases rules
    """
    found = pages("/case-rules", url, token, {})
    for rule in found:
        typer.echo(json.dumps(rule, ensure_ascii=False)) if as_json else _rule(rule)
    if not found and not as_json:
        out.print("There is none: no alert becomes a case by itself.  hub cases rule -h")


@cases.verb("rule")
def put_rule(
    code: Annotated[str, typer.Argument(help="Its code.")],
    min_level: Annotated[str, typer.Option(help="blue, yellow, orange or red.")] = "blue",
    region: Annotated[str | None, typer.Option(help="Only below these first digits of a division code.")] = None,
    organisation: Annotated[str | None, typer.Option(help="Only of this organisation.")] = None,
    category: Annotated[str | None, typer.Option(help="Only of devices whose profile has this category.")] = None,
    event_kind: Annotated[str | None, typer.Option(help="Only of this kind of event.")] = None,
    kind: Annotated[str | None, typer.Option(help="Of the case: part (部件) or event (事件).")] = None,
    case_category: Annotated[str | None, typer.Option(help="Of the case: code of its category.")] = None,
    enabled: Annotated[bool, typer.Option("--enable/--disable", help="Whether it is in force.")] = True,
    delete: Annotated[bool, typer.Option("--delete", help="Delete it; the cases that it made stay.")] = False,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Let alerts become cases by themselves from now on, each once; or delete such a rule.

    Example:  hub cases rule flooding --min-level orange --category water --kind event --case-category 0301

    Example:  hub cases rule flooding --delete
    """
    if delete:
        call("DELETE", f"/case-rules/{code}", url, token)
        out.print(Text(f"{code} is deleted."))
        return
    given = {
        "min_level": min_level, "region": region, "organisation": organisation, "category": category,
        "event_kind": event_kind, "case_category_kind": kind, "case_category": case_category, "enabled": enabled,
    }  # fmt: skip
    _rule(call("PUT", f"/case-rules/{code}", url, token, json=given).json())


def _id(case: str, url: str, token: str | None) -> str:
    """The id of a case that is named by its number or its id."""
    try:
        return str(UUID(case))
    except ValueError:
        found = call("GET", "/cases", url, token, params={"number": case}).json()["items"]
    return str(found[0]["id"]) if found else fail(f"there is no case {case!r}: hub cases list shows their numbers")


def _media_type(file: Path) -> str:
    """By the end of its name; of another the hub says what it takes."""
    return guess_type(file.name)[0] or "application/octet-stream"


def _inside(file: Path) -> dict[str, str]:
    """A file inside JSON."""
    content = b64encode(file.read_bytes()).decode()
    return {"name": file.name, "media_type": _media_type(file), "content": content}


def _take(way: str, case: str, to: str, given: dict[str, Any], url: str, token: str | None) -> None:
    """Each step has an id, so that one that is sent again is taken once."""
    body = {"id": str(uuid4()), "to": to, **{name: value for name, value in given.items() if value is not None}}
    _tell(call("POST", f"/cases/{_id(case, url, token)}/{way}", url, token, json=body).json())


def _line(case: dict[str, Any]) -> None:
    late = Text(" overdue", "red") if case["overdue"] else Text("")
    stands = Text(f"{case['stage']:12}", _STATES[case["overdue"]] if case["ended_at"] is None else "dim")
    out.print(Text.assemble(f"{case['number']}  ", stands, f"  {case['title']}", late), soft_wrap=True)


def _tell(case: dict[str, Any]) -> None:
    _line(case)
    for name in _TOLD:
        if case[name] is not None:
            out.print(Text(f"  {name:13} {case[name]}"), soft_wrap=True)
    if case["warning"]:
        out.print(Text(f"  {case['warning']}", "yellow"), soft_wrap=True)
    for each in case["timeline"]:
        note = f": {each['note']}" if each["note"] else ""
        out.print(Text(f"  {each['at'][:19]}  {each['kind']:19} {each['actor']}{note}"), soft_wrap=True)
    out.print(Text(f"  steps: {', '.join(case['steps']) or 'none'}", "dim"), soft_wrap=True)


def _rule(rule: dict[str, Any]) -> None:
    state = Text("on   ", "green") if rule["enabled"] else Text("off  ", "dim")
    limits = [f"{name} {rule[name]}" for name in _LIMITS if rule[name]]
    told = f"{rule['code']}: alerts from {rule['min_level']} up{', ' if limits else ''}{', '.join(limits)}"
    made = f" become cases of {rule['case_category_kind']} {rule['case_category']}" if rule["case_category"] else ""
    out.print(Text.assemble(state, told + (made or " become cases")), soft_wrap=True)
