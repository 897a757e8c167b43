"""`hub devices import`, `export` and `template`: many devices as a sheet."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import httpx
import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from app.cli.client import (
    DEFAULT_URL,
    CeilingOption,
    TokenOption,
    UrlOption,
    address,
    calling,
    err,
    fail,
    headers,
    out,
    refused,
)
from app.cli.diagnose import LangOption, language
from hub.words import Lang

SHOWN = 20
"""Mistakes and changes that are printed; the report file has all."""
WAIT_S = 600.0
"""For the next sign of life of the hub; a sheet of 100,000 devices takes about 20 s in all."""
_BLOCK = 1 << 16
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_DOING = {"reading": "checking each cell", "comparing": "comparing with the registry", "storing": "storing"}


def import_devices(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV (UTF-8 or GB18030) or XLSX.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would be done.")] = False,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Leave out bad lines instead of refusing all.")] = False,
    report: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Write every mistake to this file, .csv or .xlsx.")
    ] = None,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
    lang: LangOption = None,
) -> None:
    """Register or change devices from a sheet: all or nothing, and importing it twice is importing it once.

    `hub devices template devices.xlsx` makes a sheet with its explanation; code, name and profile are required. Every
    mistake of the sheet is told at once, with its line, its column, and what would be right.

    Example:  hub devices import devices.xlsx --dry-run --report report.xlsx
    """
    mistakes: list[dict[str, Any]] = []
    changes: list[dict[str, Any]] = []
    result: dict[str, Any] | None = None
    with _bar() as bar:
        task = bar.add_task("sending", total=1.0)
        for told in _import(file, dry_run, skip_bad, url, token, bar):
            if "share" in told:
                bar.update(task, description=_DOING.get(told["doing"], told["doing"]), completed=told["share"])
            elif "mistake" in told:
                mistakes.append(told["mistake"])
            elif "change" in told:
                changes.append(told["change"])
            elif "problem" in told:
                fail(told["problem"])
            else:
                result = told.get("result", result)
        if result is not None:
            bar.update(task, description="checked" if dry_run else "done", completed=1.0)
    if result is None:
        fail("the hub broke off; import the sheet again: what is stored by now stays as it is")
    if report is not None:
        _write_report(report, mistakes, language(lang))
    _show_mistakes(mistakes, report)
    _show_changes(changes)
    out.print(Text(_summary(file, result)), soft_wrap=True)
    raise typer.Exit(0 if result["done"] else 1)


def _bar() -> Progress:
    columns = TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn()
    return Progress(*columns, console=err)


def _import(
    file: Path, dry_run: bool, skip_bad: bool, url: str, token: str | None, bar: Progress
) -> Iterator[dict[str, Any]]:
    """Stream the file to the hub and yield its progress messages."""
    kind = "text/csv" if file.suffix.lower() in (".csv", ".txt") else _XLSX
    asked = headers(token, {"content-type": kind, "accept": "application/x-ndjson"})
    params = {"dry_run": dry_run, "skip_bad": skip_bad}
    with calling(url), file.open("rb") as opened, httpx.Client(timeout=WAIT_S) as client:
        size = file.stat().st_size
        asked["content-length"] = str(size)
        sending = bar.add_task("sending", total=size, visible=size > 1 << 20)
        body = _blocks(opened, bar, sending)
        target = address(url, "/devices:import")
        with client.stream("POST", target, params=params, content=body, headers=asked) as answer:
            bar.update(sending, visible=False)
            if not answer.is_success:
                answer.read()
                refused(answer)
            for line in answer.iter_lines():
                yield json.loads(line)


def _blocks(opened: BinaryIO, bar: Progress, task: Any) -> Iterator[bytes]:
    while block := opened.read(_BLOCK):
        yield block
        bar.advance(task, len(block))


def _write_report(path: Path, mistakes: list[dict[str, Any]], lang: Lang) -> None:
    from devices.sheets.mistakes import Mistake  # the other commands start faster without it
    from devices.sheets.report import write_report

    try:
        write_report(path, (Mistake(**item) for item in mistakes), lang)
    except OSError as error:
        fail(f"the report cannot be written to {path}: {error.strerror}")


def _show_mistakes(mistakes: list[dict[str, Any]], report: Path | None) -> None:
    if not mistakes:
        return
    table = Table("line", "column", "what is wrong", "what would be right")
    for item in mistakes[:SHOWN]:
        style = "yellow" if item["grade"] == "warning" else None
        table.add_row(str(item["line"]), *(Text(item[name]) for name in ("column", "wrong", "right")), style=style)
    out.print(table)
    if report is not None:
        out.print(Text(f"All {len(mistakes)} are in {report}."), soft_wrap=True)
    elif len(mistakes) > SHOWN:
        out.print(f"And {len(mistakes) - SHOWN} more; --report report.xlsx writes all of them to a file.")


def _show_changes(changes: list[dict[str, Any]]) -> None:
    for change in changes[:SHOWN]:
        values = change.get("changes") or {}
        told = "; ".join(f"{name}: {_shown(before)} -> {_shown(after)}" for name, (before, after) in values.items())
        out.print(Text(f"line {change['line']}: {change['action']} {change['code']}  {told}".rstrip()), soft_wrap=True)
    if len(changes) > SHOWN:
        out.print(f"... and {len(changes) - SHOWN:,} more")


def _shown(value: object) -> str:
    return "(empty)" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _summary(file: Path, result: dict[str, Any]) -> str:
    errors = result["errors"]
    if not result["done"]:
        return f"{file}: nothing was imported: {errors} {'thing is' if errors == 1 else 'things are'} wrong."
    told = "{created:,} created, {updated:,} changed, {unchanged:,} as before".format(**result)
    skipped = f", {result['skipped']:,} lines skipped" if result["skipped"] else ""
    return f"{told}{skipped}" + ("; it was a dry run, nothing was stored." if result["dry_run"] else ".")


def export_devices(
    file: Annotated[Path, typer.Argument(dir_okay=False, help="Where to: .csv or .xlsx.")],
    profile: Annotated[str | None, typer.Option(help="Only of this profile.")] = None,
    organisation: Annotated[str | None, typer.Option(help="Only of this organisation.")] = None,
    region: Annotated[str | None, typer.Option(help="Only in this division: the first digits of its code.")] = None,
    parent: Annotated[str | None, typer.Option(help="Only what hangs on this device.")] = None,
    state: Annotated[str | None, typer.Option(help="Only in this state.")] = None,
    q: Annotated[str | None, typer.Option("--search", help="Part of a code or a name.")] = None,
    ceiling: CeilingOption = None,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Write devices to a sheet that `hub devices import` takes back: unchanged, it changes nothing.

    Example:  hub devices export devices.xlsx --region 330110
    """
    form = "xlsx" if file.suffix.lower() == ".xlsx" else "csv"
    given = {"profile": profile, "organisation": organisation, "region": region, "parent": parent, "state": state}
    params = {
        name: value
        for name, value in {**given, "q": q, "ceiling": ceiling, "format": form}.items()
        if value is not None
    }
    size = _download(file, "/devices:export", params, url, token)
    out.print(Text(f"{file}: {size:,} bytes."), soft_wrap=True)


def make_template(
    file: Annotated[Path, typer.Argument(dir_okay=False, help="Where to: .xlsx or .csv.")],
) -> None:
    """Make an empty sheet to fill in; the workbook explains each column, in English and Chinese.

    Example:  hub devices template devices.xlsx
    """
    from devices.sheets.template import csv_template, xlsx_template  # the other commands start faster without it

    made = xlsx_template() if file.suffix.lower() == ".xlsx" else csv_template()
    if file.exists():
        fail(f"{file} is there already; give another name, or remove it")
    try:
        file.write_bytes(made)
    except OSError as error:
        fail(f"{file} cannot be written: {error.strerror}")
    out.print(Text(f"{file} is ready to be filled in; its second line is an example."), soft_wrap=True)


def _download(file: Path, path: str, params: dict[str, str], url: str, token: str | None) -> int:
    """Write a response to a file atomically; returns its size in bytes."""
    part = file.with_name(file.name + ".part")
    with calling(url), httpx.Client(timeout=WAIT_S) as client:
        target = address(url, path)
        with client.stream("GET", target, params=params, headers=headers(token)) as answer:
            if not answer.is_success:
                answer.read()
                refused(answer)
            try:
                with part.open("wb") as out_file:
                    for block in answer.iter_bytes():
                        out_file.write(block)
                    size = out_file.tell()
                part.replace(file)
            except OSError as error:
                fail(f"{file} cannot be written: {error.strerror}")
    return size
