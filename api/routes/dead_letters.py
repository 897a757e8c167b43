"""Dead letters: messages that could not be stored, and why."""

from base64 import b64encode
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field

from api.context import Here
from api.cursors import Page, Paged
from api.database import read
from api.problems import not_found, responses
from api.routes.devices import DeadLetterLine

router = APIRouter(prefix="/dead-letters", tags=["dead letters"])
_KEYS = {"received_at": datetime, "id": UUID}


class DeadLetter(DeadLetterLine):
    """A dead letter with what came; of a huge message, its beginning."""

    payload: str
    encoding: Literal["utf-8", "base64"]
    payload_kept: int = Field(description="bytes that were kept of it")


@router.get("", response_model=Page[DeadLetterLine])
async def list_dead_letters(
    paging: Paged,
    context: Here,
    reason: Annotated[str | None, Query(max_length=64)] = None,
    device: Annotated[str | None, Query(max_length=64)] = None,
) -> Any:
    """Dead letters, newest first."""
    wanted = {"reason": reason, "device": device}
    return paging.page(await read(context, "api_dead_letters", {**wanted, **paging.after(_KEYS)}), _KEYS)


@router.get("/{letter_id}", response_model=DeadLetter, responses=responses(404))
async def get_dead_letter(letter_id: UUID, context: Here) -> Any:
    """One dead letter; its payload as text where it is UTF-8."""
    found = await read(context, "api_dead_letter", {"id": letter_id})
    if not found:
        raise not_found("dead letter", letter_id)
    payload = bytes(found[0]["payload"])
    try:
        text, encoding = payload.decode(), "utf-8"
    except UnicodeDecodeError:
        text, encoding = b64encode(payload).decode(), "base64"
    return {**found[0], "payload": text, "encoding": encoding, "payload_kept": len(payload)}
