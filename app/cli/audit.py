"""`hub audit`: who did what; whether anybody has changed it since; all of it as a file."""

import asyncio
import json
import re
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from app.cli.client import (
    DEFAULT_URL,
    TokenOption,
    UrlOption,
    address,
    call,
    calling,
    err,
    fail,
    headers,
    out,
    refused,
)
from app.cli.connection import ConfigOption, Verbs, found_database
from app.cli.diagnose import LangOption, language
from hub.audit.verification import Fault, Head, Verified
from hub.audit.verification import verify as verify_chain
from hub.errors import HubError
from hub.store.pool import connect, sorted_errors
from hub.words import Lang, text

audit = Verbs("Who did what; whether anybody has changed it since.")
ActorOption = Annotated[str | None, typer.Option(help="Only by this actor.")]
ActionOption = Annotated[str | None, typer.Option(help="Only this: device.put, or device for all of them.")]
SubjectOption = Annotated[str | None, typer.Option(help="Only to this: a device's code, an alert's id.")]
SinceOption = Annotated[datetime | None, typer.Option(help="Then or later, in UTC.")]
UntilOption = Annotated[datetime | None, typer.Option(help="Before, in UTC.")]
PAGE = 1000


@audit.verb("list")
def list_entries(
    actor: ActorOption = None,
    action: ActionOption = None,
    subject: SubjectOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000)] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
    lang: LangOption = None,
) -> None:
    """Entries of the audit, the newest first.

    Example:  hub audit list --action device --since 2026-11-01
    """
    spoken: Lang = "en" if as_json else language(lang)
    wanted, shown, after = _given(actor, action, subject, since, until), 0, dict[str, str]()
    while shown < limit:
        body = call("GET", "/audit", url, token, params={**wanted, "limit": min(PAGE, limit - shown), **after}).json()
        for item in body["items"]:
            if as_json:
                typer.echo(json.dumps(item, ensure_ascii=False))
            else:
                _tell(item)
        shown += len(body["items"])
        if body["next"] is None:
            break
        after = {"cursor": body["next"]}
    if as_json:
        return
    if not shown:
        out.print(text("audit.list.none", spoken))
    elif shown >= limit and body["next"]:
        out.print(text("audit.list.more", spoken), style="dim")


def _tell(item: dict[str, Any]) -> None:
    """Two lines of an entry, and its detail if it has one."""
    out.print(Text.assemble(f"{_time(item['at'])}  ", (item["action"], "bold"), f"  {item['subject']}"), soft_wrap=True)
    place = f"  from {item['address']}" if item["address"] else ""
    out.print(Text(f"  {item['seq'] or '-'}  {item['actor']}{place}", "dim"), soft_wrap=True)
    if item["detail"]:
        out.print(Text(f"  {json.dumps(item['detail'], ensure_ascii=False)}", "dim"), soft_wrap=True)


@audit.verb("head")
def show_head(
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
    lang: LangOption = None,
) -> None:
    """The newest link of the chain, to be noted where nobody of the hub can change it; signed, if there is a key.

    Example:  hub audit head >> /mnt/elsewhere/audit-heads.txt
    """
    answer = call("GET", "/audit/head", url, token, accept=(404,))
    if not answer.is_success:
        fail(text("audit.head.none", language(lang)))
    found = answer.json()
    if as_json:
        typer.echo(json.dumps(found))
        return
    typer.echo(f"{found['seq']}:{found['hash']}@{found['signed'].rpartition(' ')[2]}")
    typer.echo(f"  {found['algorithm']}, {_time(found['sealed_at'])} UTC")
    if found["signature"]:
        typer.echo(f"  {found['signature']}")


@audit.verb("export")
def export(
    file: Annotated[Path, typer.Option("--csv", dir_okay=False, help="Where to write.")],
    actor: ActorOption = None,
    action: ActionOption = None,
    subject: SubjectOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Write all entries that match to a CSV file, the oldest first, with their links.

    Example:  hub audit export --csv november.csv --since 2026-11-01 --until 2026-12-01
    """
    partial = file.with_name(file.name + ".part")
    wanted = _given(actor, action, subject, since, until)
    try:
        with (
            calling(url),
            httpx.Client(timeout=60.0) as client,
            client.stream("GET", address(url, "/audit/export.csv"), params=wanted, headers=headers(token)) as answer,
        ):
            if not answer.is_success:
                answer.read()
                refused(answer)
            with partial.open("wb") as writing:
                for piece in answer.iter_bytes():
                    writing.write(piece)
        partial.replace(file)
    except OSError as error:
        fail(f"{file} cannot be written: {error.strerror}")
    finally:
        partial.unlink(missing_ok=True)
    out.print(Text(f"{file}: {file.stat().st_size:,} bytes."), soft_wrap=True)


@audit.verb("verify")
def verify(
    since: Annotated[datetime | None, typer.Option("--from", help="Only entries of then or later, in UTC.")] = None,
    until: Annotated[datetime | None, typer.Option("--to", help="Only entries before, in UTC.")] = None,
    head: Annotated[str | None, typer.Option(help="SEQ:HASH@TIME that was noted elsewhere.")] = None,
    config: ConfigOption = None,
    lang: LangOption = None,
) -> None:
    """Find each entry that was removed, inserted or altered; works on the database itself. Exit status 1 for a fault.

    Example:  hub audit verify --config hub.toml

    Example:  hub audit verify --from 2026-11-01 --head "$(head -n 1 /mnt/elsewhere/audit-heads.txt)"
    """
    spoken, known = language(lang), _head(head)
    settings = found_database(config)
    began = time.monotonic()
    columns = TextColumn("verifying"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=err, transient=True) as progress:
        task = progress.add_task("verify", total=None)

        async def run() -> Verified:
            with sorted_errors():
                async with await connect(settings.database.url) as conn:
                    moved = lambda done, total: progress.update(task, completed=done, total=total)  # noqa: E731 one line
                    return await verify_chain(conn, _utc(since), _utc(until), known, moved)

        try:
            found = asyncio.run(run())
        except HubError as error:
            fail(str(error))
    _report(found, time.monotonic() - began, spoken)
    raise typer.Exit(1 if found.broken else 0)


def _report(found: Verified, seconds: float, lang: Lang) -> None:
    if not found.rows and not found.broken:
        out.print(text("audit.verify.none", lang))
        return
    for fault in found.faults:
        out.print(Text(_fault(fault, lang), "red"), soft_wrap=True)
    if more := found.broken - len(found.faults):
        out.print(Text(text("audit.verify.more", lang, more=more), "red"))
    span = {"rows": f"{found.rows:,}", "first": found.first, "last": found.last, "seconds": f"{seconds:.1f}"}
    if found.late:
        out.print(text("audit.verify.late", lang, late=found.late), style="dim", soft_wrap=True)
    if found.broken:
        out.print(Text(text("audit.verify.broken", lang, broken=found.broken, **span), "bold red"), soft_wrap=True)
    else:
        out.print(Text(text("audit.verify.sound", lang, **span), "green"), soft_wrap=True)


def _fault(fault: Fault, lang: Lang) -> str:
    """Which entry it is, as far as it is known, and what is wrong with it."""
    place = [f"seq {fault.seq}"] if fault.seq is not None else []
    place += [f"id {fault.id}"] if fault.id is not None else []
    place += [f"{fault.at:%Y-%m-%d %H:%M:%S}"] if fault.at is not None else []
    place += [f"{fault.actor} {fault.action}"] if fault.actor is not None else []
    return f"{', '.join(place)}: {text(f'audit.fault.{fault.kind}', lang)}"


def _head(written: str | None) -> Head | None:
    if written is None:
        return None
    if (parts := re.fullmatch(r"([0-9]{1,18}):([0-9a-f]{64})(?:@(.+))?", written.strip())) is None:
        fail(_HEAD_FORM)
    try:
        sealed_at = datetime.fromisoformat(parts[3]).astimezone(UTC) if parts[3] else None
    except ValueError:
        fail(_HEAD_FORM)
    return Head(int(parts[1]), bytes.fromhex(parts[2]), sealed_at)


_HEAD_FORM = "--head is SEQ:HASH@TIME, as `hub audit head` prints it"


def _given(
    actor: str | None, action: str | None, subject: str | None, since: datetime | None, until: datetime | None
) -> dict[str, str]:
    times = {"since": _utc(since), "until": _utc(until)}
    given = {"actor": actor, "action": action, "subject": subject}
    given |= {name: value.isoformat() if value else None for name, value in times.items()}
    return {name: value for name, value in given.items() if value is not None}


def _utc(at: datetime | None) -> datetime | None:
    return at.replace(tzinfo=UTC) if at is not None else None


def _time(iso: str) -> str:
    return iso[:19].replace("T", " ")
