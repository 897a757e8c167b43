"""`hub devices tail`: what a device sends, as it comes, and what the hub makes of it."""

import json
import sys
from collections.abc import Iterable, Iterator
from typing import Annotated, Any

import httpx
import typer
from rich.text import Text

from app.cli.client import DEFAULT_URL, TokenOption, UrlOption, address, calling, headers, out, refused
from app.cli.diagnose import CodeArgument, LangOption, indented, language
from devices.diagnosis.rendering import reason_in
from hub.words import Lang, text

SILENT_S = 45.0
"""The hub says every 15 s that the stream lives."""
STYLES = {
    "stored": "green", "partly": "yellow", "refused": "bold red", "dropped": "yellow", "command": "cyan",
    "conflicting": "yellow", "pending": "yellow",
}  # fmt: skip
PAYLOAD = 400


def tail(
    code: CodeArgument,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
    number: Annotated[int | None, typer.Option("--number", "-n", min=1, help="End after so many messages.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    lang: LangOption = None,
) -> None:
    """Show each message of a device as it comes, and what the hub makes of it. Ends with Ctrl-C, or after 10 minutes.

    Example:  hub devices tail air-17
    """
    shown, spoken = 0, language(lang or ("en" if as_json else None))
    try:
        for kind, body in _events(code, spoken, url, token):
            if as_json:
                sys.stdout.write(json.dumps({"event": kind, **body}, ensure_ascii=False) + "\n")
                sys.stdout.flush()
            else:
                _tell(kind, body, spoken)
            shown += kind in ("message", "reading")
            if number is not None and shown >= number:
                return
    except KeyboardInterrupt:
        return


def _events(code: str, lang: Lang, url: str, token: str | None) -> Iterator[tuple[str, dict[str, Any]]]:
    wanted = address(url, f"/devices/{code}/tail")
    timeout = httpx.Timeout(10.0, read=SILENT_S)
    with (
        calling(url),
        httpx.stream("GET", wanted, params={"lang": lang}, headers=headers(token), timeout=timeout) as answer,
    ):
        if not answer.is_success:
            answer.read()
            refused(answer)
        yield from events_of(answer.iter_lines())


def events_of(lines: Iterable[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Parse server-sent events with data: event type and JSON object."""
    kind = ""
    for line in lines:
        name, _, value = line.partition(": ")
        if name == "event":
            kind = value
        elif name == "data":
            yield kind, json.loads(value)


def _tell(kind: str, body: dict[str, Any], lang: Lang) -> None:
    if kind == "message":
        _tell_message(body, lang)
    elif kind == "reading":
        told = f"{body['metric']} = {body['value']:g} {body['unit'] or ''}  at {_clock(body['ts'])}"
        told += f"  {body['note']}{text('tail.elsewhere', lang)}"
        out.print(Text.assemble(("stored  ", "green"), told), soft_wrap=True)
    elif kind == "skipped":
        out.print(Text(text("tail.skipped", lang, count=body["count"]), style="yellow"))
    elif kind == "note":
        out.print(Text(body["text"], style="dim"), soft_wrap=True)
    elif kind == "end" and body["time_is_up"]:
        out.print(Text(text("tail.over", lang), style="dim"))


def _tell_message(body: dict[str, Any], lang: Lang) -> None:
    verdict = body["verdict"]
    head = (f"{_clock(body['at'])}  ", "dim"), (f"{verdict:8}", STYLES[verdict]), f"{body['topic']}  "
    out.print(Text.assemble(*head, (f"{body['size']} bytes over {body['transport']}", "dim")), soft_wrap=True)
    out.print(Text(indented(_payload(body, lang)), style="dim"), soft_wrap=True)
    for reading in body["readings"]:
        note = (f"  {reading['note']}", "yellow")
        told = f"      {reading['metric']} = {reading['value']:g}  at {_clock(reading['ts'])}"
        out.print(Text.assemble(told, note), soft_wrap=True)
    for event in body["events"]:
        said = [event["kind"], *(str(event[name]) for name in ("state", "level") if event[name] is not None)]
        out.print(Text(f"      event {' '.join(said)}  at {_clock(event['ts'])}"), soft_wrap=True)
    if body["says"]:
        out.print(Text(f"      {body['says']}"))
    if body["reason"]:
        detail = (f"      {reason_in(body['reason'], lang)}: ", "yellow"), body["detail"]
        out.print(Text.assemble(*detail), soft_wrap=True)
    excerpt = next((flaw["excerpt"] for flaw in body["flaws"] if flaw["excerpt"]), None)
    if excerpt:
        out.print(Text(indented(excerpt, 8), style="yellow"), soft_wrap=True)


def _payload(body: dict[str, Any], lang: Lang) -> str:
    if body["encoding"] == "withheld":
        return text("tail.withheld", lang)
    payload = str(body["payload"])
    shorter = body["encoding"] == "utf-8" and len(payload.encode("utf-8", "replace")) < body["size"]
    cut = shorter or len(payload) > PAYLOAD
    return payload[:PAYLOAD] + (" ..." if cut else "")


def _clock(at: str) -> str:
    """Shorten an RFC 3339 time to milliseconds, in UTC."""
    return f"{at[:19].replace('T', ' ')}{at[19:23] if at[19:20] == '.' else ''}Z"
