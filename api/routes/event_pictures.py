"""Pictures of events, as the privacy gate has left them: for those who may see the alert, each reading audited.

The list tells what clips there are, too.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import Response
from pydantic import BaseModel, Field

from api.attached import shown
from api.context import Context, Here
from api.database import Row, audit, read, writing
from api.language import Spoken
from api.problems import ProblemError, not_found, responses
from hub.access.caller import Caller
from hub.access.classification import PICTURE
from hub.access.door import GuardedRouter, TheCaller, needs
from hub.access.permissions import Permission
from hub.store.picture_folder import PictureFolder
from hub.store.statements import statements
from hub.words import Lang, text

SQL = statements(__name__)

router = GuardedRouter(tags=["events"])
SHOWN = 20
"""Pictures of an alert that one answer lists, the newest first."""
_SEES = frozenset({Permission.EVENTS_READ, Permission.ALERTS_READ})
_JPEG: dict[str, Any] = {"content": {"image/jpeg": {}}}


class EventClip(BaseModel):
    """That an event has a clip, or why it has none."""

    why: str | None = Field(description="why there is no clip; `follows`: it is being made; null where there is one")
    why_text: str | None
    seconds: float
    before_s: float = Field(description="of these, what lies before the event")
    whole: bool = Field(description="all of each frame is in blocks")


class EventPicture(BaseModel):
    """That an event has a picture, or why it has none."""

    event: UUID
    ts: datetime
    why: str | None = Field(description="why there is no picture; null where there is one")
    why_text: str | None
    width: int
    height: int
    whole: bool = Field(description="all of it is in blocks: its place was not known yet")
    clip: EventClip | None = Field(description="null where no clip was wanted")


@router.get("/events/{event_id}/picture", response_class=Response, responses={**responses(404), 200: _JPEG})
@needs(Permission.EVENTS_READ, Permission.ALERTS_READ)
async def get_picture(event_id: UUID, context: Here, caller: TheCaller, spoken: Spoken) -> Response:
    """The picture of an event (JPEG): the place, with all in blocks that may be a person or vehicle.

    For grants without a ceiling below L4. The audit notes who has seen it.
    """
    found = await read(uncut(context, caller), SQL.picture, {"id": event_id})
    content = await content_of(context, found, not_found("picture", event_id), told, spoken)
    async with writing(context) as conn:
        await audit(conn, caller, "picture.read", str(event_id), {})
    return shown(f"{event_id}.jpg", "image/jpeg", content)


@router.get("/alerts/{alert_id}/pictures", response_model=list[EventPicture], responses=responses(404))
@needs(Permission.EVENTS_READ, Permission.ALERTS_READ)
async def list_pictures(alert_id: UUID, context: Here, caller: TheCaller, spoken: Spoken) -> Any:
    """The events of an alert that came with a picture, the newest first, or why one did not pass."""
    if not await read(context, SQL.there, {"id": alert_id}):
        raise not_found("alert", alert_id)
    found = await read(uncut(context, caller), SQL.of_alert, {"id": alert_id, "most": SHOWN})
    return [
        {
            **row,
            "event": row["id"],
            "why_text": None if row["why"] is None else told(row["why"], spoken),
            "clip": None if row["clip"] is None else _clip(row["clip"], spoken),
        }
        for row in found
    ]


def _clip(clip: dict[str, Any], lang: Lang) -> dict[str, Any]:
    return {**clip, "why_text": None if clip["why"] is None else clip_told(clip["why"], lang)}


def clip_told(why: str, lang: Lang) -> str:
    """Why there is no clip, for people."""
    return text(f"clip.{why}", lang)


def told(why: str, lang: Lang) -> str:
    """Why there is no picture, for people."""
    kind, _, reason = why.partition(": ")
    return text(f"picture.{kind}", lang) if not reason else text(f"picture.refused.{reason}", lang)


async def content_of(
    context: Context, found: list[Row], missing: ProblemError, why: Callable[[str, Lang], str], lang: Lang
) -> bytes:
    """Of a picture or clip, from its row or its file; ProblemError 404 with `why` there is none, or `missing`."""
    if not found:
        raise missing
    [row] = found
    if row["why"] is not None:
        raise ProblemError(404, why(row["why"], lang))
    content: bytes | None = row["content"]
    if (folder := context.settings.pictures.folder) is not None and row["file"] is not None:
        content = await asyncio.to_thread(PictureFolder(folder).read, row["file"])
    if content is None:
        raise missing
    return content


def uncut(context: Context, caller: Caller) -> Context:
    """Sees by those grants that reach as high as pictures."""
    return replace(context, scope=caller.scope_up_to(PICTURE, _SEES))
