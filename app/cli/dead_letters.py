"""`hub dead-letters`: see what could not be stored and why, and try it again after a fix."""

import asyncio
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from app.cli.diagnose import LangOption, language
from app.cli.replaying import Tally
from app.cli.replaying import replay as replay_over
from devices.diagnosis.caret import place_of
from devices.diagnosis.rendering import reason_in
from hub.errors import At, HubError
from hub.settings import load_settings
from hub.store.dead_letters import Letter, LetterCount, dead_letter_counts, newest_dead_letters, one_dead_letter
from hub.words import Lang, text
from hub.words.sentence import told

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", "-c", envvar="HUB_CONFIG", help="Settings in TOML; HUB_* variables go over them."),
]
dead_letters = typer.Typer(
    help="See what could not be stored, and why; try it again after a fix.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
out, err = Console(highlight=False), Console(stderr=True, highlight=False)


@contextmanager
def _errors_in_words() -> Iterator[None]:
    try:
        yield
    except HubError as error:
        err.print(Text(str(error), style="red"), soft_wrap=True)
        raise typer.Exit(1) from None


@dead_letters.command("list")
def list_dead_letters(
    config: ConfigOption = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 20,
    reason: Annotated[str | None, typer.Option(help="Only this reason code.")] = None,
    device: Annotated[str | None, typer.Option(help="Only of this device.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    lang: LangOption = None,
) -> None:
    """The newest messages that could not be stored: from whom, why, and what to do about it.

    Example:  hub dead-letters list --device air-17
    """
    with _errors_in_words():
        url = load_settings(config).database.url
        letters = asyncio.run(newest_dead_letters(url, limit, reason, device))
        counts = asyncio.run(dead_letter_counts(url))
    for letter in letters:
        if as_json:
            sys.stdout.write(_as_json(letter) + "\n")
        else:
            out.print(_told(letter, language(lang)), soft_wrap=True)
    if as_json:
        return
    if not letters:
        out.print(text("letters.none", language(lang)))
    if dropped := _dropped(counts):
        out.print(Text(dropped, style="yellow"), soft_wrap=True)


@dead_letters.command("show")
def show_dead_letter(
    letter_id: Annotated[UUID, typer.Argument(help="Its id, as the list tells it.")],
    config: ConfigOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
    lang: LangOption = None,
) -> None:
    """One message that could not be stored, with all that is kept of it.

    Example:  hub dead-letters show 56939f66-65c5-bfe5-51d0-537c7fd8eb90
    """
    with _errors_in_words():
        letter = asyncio.run(one_dead_letter(load_settings(config).database.url, letter_id))
        if letter is None:
            raise HubError(f"there is no dead letter {letter_id}: it may have been replayed, or have expired")
    if as_json:
        sys.stdout.write(_as_json(letter) + "\n")
    else:
        out.print(_told(letter, language(lang)), soft_wrap=True)


@dead_letters.command("replay")
def replay(
    reason: Annotated[str | None, typer.Option(help="Only of this reason code.")] = None,
    device: Annotated[str | None, typer.Option(help="Only of this device.")] = None,
    since: Annotated[datetime | None, typer.Option(help="Only those that came then or later, in UTC.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many, the oldest first.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count them.")] = False,
    url: Annotated[str, typer.Option(envvar="HUB_URL", help="Address of the running hub.")] = "http://127.0.0.1:8420",
    token: Annotated[str | None, typer.Option(envvar="HUB_API__TOKEN", help="The API's token, if it has one.")] = None,
) -> None:
    """Put dead letters through the running hub again, as they came and with their time of arrival.

    What it stores now is a dead letter no more; what it refuses again stays, with its new reason. Twice is harmless.
    Messages of which only the beginning was kept, or nothing, stay as they are.

    Example:  hub dead-letters replay --reason unknown_device --device air-17
    """
    selection = {"reason": reason, "device": device, "since": since.replace(tzinfo=UTC).isoformat() if since else None}
    given = {name: value for name, value in selection.items() if value is not None}
    columns = TextColumn("replaying"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with _errors_in_words(), Progress(*columns, console=err, disable=dry_run) as progress:
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


def _as_json(letter: Letter) -> str:
    fields = letter._asdict() | {
        "id": str(letter.id),
        "received_at": letter.received_at.isoformat(),
        "payload": letter.payload.decode(errors="backslashreplace"),
    }
    return json.dumps(fields, ensure_ascii=False)


def _told(letter: Letter, lang: Lang) -> Text:
    payload = letter.payload.decode(errors="backslashreplace")
    more = f" ... ({letter.payload_size} bytes)" if letter.payload_size > len(letter.payload) else ""
    again = f", replayed {letter.replays} times" if letter.replays else ""
    place = place_of(letter.payload, letter.at)
    caret = "" if place is None else "".join(f"      {line}\n" for line in place.excerpt.splitlines())
    return Text.assemble(
        (f"{letter.received_at:%Y-%m-%d %H:%M:%S} ", "dim"),
        (reason_in(letter.reason, lang), "bold yellow"),
        f"  {letter.address}\n    {told(letter.detail, lang)}{_where(letter.at)}\n",
        (caret, "yellow"),
        (f"    {payload}{more}\n", "dim"),
        (f"    {letter.id} over {letter.transport}{again}\n", "dim"),
    )


def _where(at: At) -> str:
    """Location of the fault in brackets; empty when unknown or the whole payload."""
    return f" [byte {at}]" if isinstance(at, int) else f" [{at}]" if at else ""


def _dropped(counts: list[LetterCount]) -> str:
    dropped = {f"{count.reason} over {count.transport}": count.dropped for count in counts if count.dropped}
    if not dropped:
        return ""
    parts = ", ".join(f"{name} {number:,}" for name, number in dropped.items())
    return (
        f"In the last 24 hours {sum(dropped.values()):,} more were refused and counted, but not kept, for there were "
        f"more in a minute than dead_letters.per_minute: {parts}"
    )
