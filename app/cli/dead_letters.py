"""`hub dead-letters`: see what could not be stored and why, and try it again after a fix."""

import json
import sys
from base64 import b64decode
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from app.cli.client import DEFAULT_URL, TokenOption, UrlOption, call, err, fail, out
from app.cli.connection import Verbs
from app.cli.diagnose import LangOption, language
from app.cli.replaying import Tally
from app.cli.replaying import replay as replay_over
from devices.diagnosis.caret import place_of
from devices.diagnosis.rendering import reason_in
from hub.errors import At
from hub.words import Lang, text

dead_letters = Verbs("See what could not be stored, and why; try it again after a fix.")
SHOWN_BYTES = 400
"""Of each payload in a list."""
PAGE = 1000


@dead_letters.verb("list")
def list_dead_letters(
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 20,
    reason: Annotated[str | None, typer.Option(help="Only this reason code.")] = None,
    device: Annotated[str | None, typer.Option(help="Only of this device.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
    lang: LangOption = None,
) -> None:
    """The newest messages that could not be stored: from whom, why, and what to do about it.

    Example:  hub dead-letters list --device air-17
    """
    spoken: Lang = "en" if as_json else language(lang)
    given = {"reason": reason, "device": device, "payload_bytes": SHOWN_BYTES, "lang": spoken}
    wanted = {name: value for name, value in given.items() if value is not None}
    letters: list[dict[str, Any]] = []
    after: dict[str, str] = {}
    while len(letters) < limit:
        page = {"limit": min(PAGE, limit - len(letters)), **after}
        body = call("GET", "/dead-letters", url, token, params=wanted | page).json()
        letters += body["items"]
        if body["next"] is None:
            break
        after = {"cursor": body["next"]}
    for letter in letters:
        if as_json:
            sys.stdout.write(_as_json(letter) + "\n")
        else:
            out.print(_told(letter, spoken), soft_wrap=True)
    if as_json:
        return
    if not letters:
        narrowed = reason is not None or device is not None
        out.print(text("letters.none.such", spoken) if narrowed else text("letters.none", spoken))
    if dropped := _dropped(call("GET", "/dead-letters/counts", url, token).json()):
        out.print(Text(dropped, style="yellow"), soft_wrap=True)


@dead_letters.verb("show")
def show_dead_letter(
    letter_id: Annotated[UUID, typer.Argument(help="Its id, as the list tells it.")],
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
    lang: LangOption = None,
) -> None:
    """One message that could not be stored, with all that is kept of it.

    Example:  hub dead-letters show 56939f66-65c5-bfe5-51d0-537c7fd8eb90
    """
    spoken: Lang = "en" if as_json else language(lang)
    answer = call("GET", f"/dead-letters/{letter_id}", url, token, accept=(404,), params={"lang": spoken})
    if not answer.is_success:
        fail(f"there is no dead letter {letter_id}: it may have been replayed, or have expired")
    if as_json:
        sys.stdout.write(_as_json(answer.json()) + "\n")
    else:
        out.print(_told(answer.json(), spoken), soft_wrap=True)


@dead_letters.verb("replay")
def replay(
    reason: Annotated[str | None, typer.Option(help="Only of this reason code.")] = None,
    device: Annotated[str | None, typer.Option(help="Only of this device.")] = None,
    since: Annotated[datetime | None, typer.Option(help="Only those that came then or later, in UTC.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many, the oldest first.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count them.")] = False,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Put dead letters through the running hub again, as they came and with their time of arrival.

    What it stores now is a dead letter no more; what it refuses again stays, with its new reason. Twice is harmless.
    Messages of which only the beginning was kept, or nothing, stay as they are.

    Example:  hub dead-letters replay --reason unknown_device --device air-17
    """
    selection = {"reason": reason, "device": device, "since": since.replace(tzinfo=UTC).isoformat() if since else None}
    given = {name: value for name, value in selection.items() if value is not None}
    columns = TextColumn("replaying"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=err, disable=dry_run) as progress:
        task = progress.add_task("replay")
        moved = lambda tally, total: progress.update(task, completed=tally.done, total=total)  # noqa: E731 one line
        tally = replay_over(url, token, given, limit, dry_run, moved)
    out.print(_result(tally, dry_run), soft_wrap=True)


def _result(tally: Tally, dry_run: bool) -> str:
    if dry_run:
        return f"{tally.replayable} can be replayed; {tally.not_replayable} cannot, for they were cut or not kept."
    text = f"{tally.accepted} stored, {tally.refused} refused again, {tally.cut} left: they were cut or not kept."
    reasons = ", ".join(f"{reason} {count}" for reason, count in tally.reasons.most_common(5))
    return f"{text}\nRefused again: {reasons}" if reasons else text


def _as_json(letter: dict[str, Any]) -> str:
    fields = {name: value for name, value in letter.items() if name not in ("encoding", "payload_kept", "replayed_at")}
    return json.dumps(fields | {"payload": _payload(letter).decode(errors="backslashreplace")}, ensure_ascii=False)


def _payload(letter: dict[str, Any]) -> bytes:
    payload = str(letter["payload"])
    return b64decode(payload) if letter["encoding"] == "base64" else payload.encode()


def _told(letter: dict[str, Any], lang: Lang) -> Text:
    payload = _payload(letter)
    more = f" ... ({letter['payload_size']} bytes)" if letter["payload_size"] > len(payload) else ""
    again = f", replayed {letter['replays']} times" if letter["replays"] else ""
    place = place_of(payload, letter["at"])
    caret = "" if place is None else "".join(f"      {line}\n" for line in place.excerpt.splitlines())
    return Text.assemble(
        (f"{letter['received_at'][:19].replace('T', ' ')} ", "dim"),
        (reason_in(letter["reason"], lang), "bold yellow"),
        f"  {letter['address']}\n    {letter['detail']}{_where(letter['at'])}\n",
        (caret, "yellow"),
        (f"    {payload.decode(errors='backslashreplace')}{more}\n", "dim"),
        (f"    {letter['id']} over {letter['transport']}{again}\n", "dim"),
    )


def _where(at: At) -> str:
    """Location of the fault in brackets; empty when unknown or the whole payload."""
    return f" [byte {at}]" if isinstance(at, int) else f" [{at}]" if at else ""


def _dropped(counts: dict[str, Any]) -> str:
    dropped = {f"{each['reason']} over {each['transport']}": each["dropped"] for each in counts["items"]}
    dropped = {name: number for name, number in dropped.items() if number}
    if not dropped:
        return ""
    parts = ", ".join(f"{name} {number:,}" for name, number in dropped.items())
    return (
        f"In the last 24 hours {counts['dropped']:,} more were refused and counted, but not kept, for there were "
        f"more in a minute than dead_letters.per_minute: {parts}"
    )
