"""Dead letters: messages that could not be stored, with reasons and counts; see replays.py for replays."""

from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, Field

from api.context import Here
from api.contract_types import Time
from api.cursors import Page, Paged
from api.database import read
from api.language import Spoken, letter_in
from api.problems import not_found, responses
from api.routes.devices import DeadLetterLine
from hub.access.door import GuardedRouter, needs
from hub.access.permissions import Permission
from hub.store.statements import statements

SQL = statements(__name__)

router = GuardedRouter(prefix="/dead-letters", tags=["dead letters"])
_KEYS = {"received_at": datetime, "id": UUID}


class DeadLetter(DeadLetterLine):
    """A dead letter with its payload; the beginning of a large one."""

    payload: str
    encoding: Literal["utf-8", "base64"]
    payload_kept: int = Field(description="bytes that were kept of it")


class ListedLetter(DeadLetterLine):
    """A dead letter, with the beginning of its payload where it was asked for."""

    payload: str | None = None
    encoding: Literal["utf-8", "base64"] | None = None


class DeadLetterCount(BaseModel):
    """Number of messages refused for a reason, stored or not."""

    reason: str
    transport: str
    stored: int = Field(description="kept as dead letters when they came; some may have been replayed since")
    dropped: int = Field(description="only counted: there were more in a minute than are kept")
    first_minute: datetime
    last_minute: datetime


class DeadLetterCounts(BaseModel):
    """Refusals since a time."""

    since: datetime
    stored: int
    dropped: int
    items: list[DeadLetterCount]


@router.get("", response_model=Page[ListedLetter])
@needs(Permission.LETTERS_READ)
async def list_dead_letters(
    paging: Paged,
    context: Here,
    spoken: Spoken,
    reason: Annotated[str | None, Query(max_length=64)] = None,
    device: Annotated[str | None, Query(max_length=64)] = None,
    payload_bytes: Annotated[int, Query(ge=0, le=400, description="of each payload, from its beginning")] = 0,
) -> Any:
    """Dead letters, newest first. Under load only a sample is kept; /dead-letters/counts counts all."""
    wanted = {"reason": reason, "device": device, "payload_bytes": payload_bytes}
    found = await read(context, SQL.letters, {**wanted, **paging.after(_KEYS)})
    shown = [letter_in(spoken, letter) for letter in found]
    for letter in shown:
        beginning = bytes(letter.pop("beginning"))
        letter |= _text(beginning, letter["payload_size"]) if payload_bytes else {}
    return paging.page(shown, _KEYS)


@router.get("/counts", response_model=DeadLetterCounts)
@needs(Permission.LETTERS_READ)
async def count_dead_letters(
    context: Here, since: Annotated[Time | None, Query(description="with a zone; else a day ago")] = None
) -> Any:
    """Refusals by reason and transport, in whole minutes of the hub's clock."""
    start = (since or datetime.now(UTC) - timedelta(days=1)).replace(second=0, microsecond=0)
    items = await read(context, SQL.counts, {"since": start})
    totals = {name: sum(item[name] for item in items) for name in ("stored", "dropped")}
    return {"since": start, **totals, "items": items}


@router.get("/{letter_id}", response_model=DeadLetter, responses=responses(404))
@needs(Permission.LETTERS_READ)
async def get_dead_letter(letter_id: UUID, context: Here, spoken: Spoken) -> Any:
    """One dead letter; the payload as text if it is UTF-8."""
    found = await read(context, SQL.letter, {"id": letter_id})
    if not found:
        raise not_found("dead letter", letter_id)
    letter = letter_in(spoken, found[0])
    payload = bytes(letter["payload"])
    return {**letter, **_text(payload, letter["payload_size"]), "payload_kept": len(payload)}


def _text(payload: bytes, size: int) -> dict[str, str]:
    """What is shown of a payload of that size: text where it is UTF-8, without the half of a character that was cut."""
    try:
        return {"payload": payload.decode(), "encoding": "utf-8"}
    except UnicodeDecodeError as error:
        if len(payload) < size and error.reason == "unexpected end of data":
            return {"payload": payload[: error.start].decode(), "encoding": "utf-8"}
        return {"payload": b64encode(payload).decode(), "encoding": "base64"}
